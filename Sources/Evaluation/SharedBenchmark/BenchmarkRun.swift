import EvaluationHarness
import Foundation
import NeuralNetworks
import PosteriorFiles
public import RobustnessCore
import Shell

/// One run of a benchmark: every attack on every posterior, each (posterior, attack) a unit of work with a result file
/// of its own.
public struct BenchmarkRun: Sendable {
  let suite: BenchmarkSuite
  let companions: Companions
  let entries: [(request: AttackRequest, entry: BenchmarkSuite.Entry)]
  let certificates: [CertificateRequest]
  let laboratory: String
  let threads: Int?
  let verification: Verification

  /// A run of the suite's attacks, and of `further` ones under the same protocol.
  ///
  /// - Parameters:
  ///   - suite: the protocol.
  ///   - attacks: where names are found.
  ///   - certificates: where names of certificates are found.
  ///   - companions: what the harness runs beside the attacks; those of this package are a part of the protocol,
  ///     whatever else a program offers.
  ///   - further: attacks beside those of the suite, with the same balls, seed and budgets.
  ///   - furtherCertificates: certificates beside those of the suite, as on the command line.
  ///   - laboratory: who runs it; written into the results.
  ///   - threads: threads to compute with; nil for all cores. They change no bit.
  /// - Throws: an error of exit code 64 when an attack or a certificate is unknown or has other options, or an attack
  ///   sets a norm.
  public init(
    _ suite: BenchmarkSuite, attacks: [any Attack.Type], certificates: [any RobustnessCertificate.Type] = [],
    companions: Companions, further: [BenchmarkSuite.Entry] = [], furtherCertificates: [String] = [],
    laboratory: String = "", threads: Int? = nil
  ) throws {
    self.suite = suite
    self.companions = companions
    self.laboratory = laboratory
    self.threads = threads
    verification = Verification(
      attacks: attacks + companions.portfolios, certificates: certificates, companions: companions, repeats: .standard,
      seed: Verification.freshSeed())
    var entries: [(AttackRequest, BenchmarkSuite.Entry)] = []
    for entry in suite.attacks + further {
      let request = try suite.request(
        entry.attack, objective: entry.objective, among: attacks + companions.portfolios)
      // As asked for in any order of options and any case of letters: one spelling, one result.
      let canonical = BenchmarkSuite.Entry(
        attack: request.text, objective: entry.objective, gradientsPerExample: entry.gradientsPerExample,
        queriesPerExample: entry.queriesPerExample)
      if !entries.contains(where: { $0.1.attack == canonical.attack && $0.1.objective == canonical.objective }) {
        entries.append((request, canonical))
      }
    }
    self.entries = entries
    var requests: [CertificateRequest] = []
    for text in (suite.certificates ?? []) + furtherCertificates {
      let request = try suite.request(certificate: text, among: certificates)
      if !requests.contains(where: { $0.text == request.text }) { requests.append(request) }
    }
    self.certificates = requests
  }

  /// Is told about every unit of work.
  public enum Event: Sendable {
    /// It was finished before.
    case found
    /// It was finished before, but could not be confirmed for the reason given, and was made again.
    case replaced(String)
    /// It was finished now.
    case finished
    /// The attack cannot do it, for the reason given.
    case skipped(String)
  }

  /// Runs what is not finished yet. Everything that is wrong with the models is said before any work. What is finished
  /// is judged again, as `benchmark verify` does: a folder of results may come from anywhere.
  ///
  /// - Parameters:
  ///   - models: posterior files with examples.
  ///   - folder: where results are, and go.
  ///   - didEnd: is told of each (model, attack).
  /// - Throws: errors with the exit codes of `evaluate`; `Interrupted` after Ctrl-C, when finished results are in the
  ///   folder.
  /// - Returns: what these attacks and certificates did to these models, in that order.
  public func run(
    _ models: [String], into folder: ResultFolder, didEnd: (String, String, Event) -> Void = { _, _, _ in }
  ) throws -> [JudgedReport] {
    let files = try models.map { try PosteriorFile.open($0, probe: .currentProgram) }
    let subjects = try files.map(suite.subject)
    if case .singleDraw(let draw)? = Decision(suite.decision), let few = files.first(where: { $0.drawCount <= draw }) {
      throw BadDataError(
        "\(few.path): \(suite.title) decides by draw \(draw); the file has \(few.drawCount) draws, from 0 on")
    }
    var reports: [JudgedReport] = []
    for (file, subject) in zip(files, subjects) {
      var results: [JudgedResult] = []
      // Opened when it is needed first.
      var known: Verification.Opened?
      func opened() throws -> Verification.Opened {
        if let known { return known }
        let new = try Verification.Opened(file, suite: suite, threads: threads)
        known = new
        return new
      }
      for (request, entry) in entries {
        let name = subject.fileName(attack: entry.attack, objective: entry.objective)
        var event = Event.finished
        if let found = folder.finished(name, about: subject, of: entry) {
          let standing = try verification.standing(of: found, points: folder.points(for: name), on: try opened())
          switch standing {
          case .contradicted(let reason): event = .replaced(reason)
          // What is there can be made again; only results of versions that kept no points are left as they are.
          case .unconfirmed(let reason) where found.rules != nil: event = .replaced(reason)
          default:
            // The folder is this run's own: its checks are taken from it.
            let judged = JudgedResult(found, standing.isConfirmed ? .confirmed(.everything) : standing)
            if !results.contains(judged) { results.append(judged) }
            didEnd(file.fileName, entry.attack, .found)
            continue
          }
        }
        do {
          let result = try self.result(request, entry, subject, try opened()) { evaluation, runs in
            try PointsFile.write(evaluation, runs: runs, to: folder.points(for: name))
          }
          try folder.write(result, named: name)
          results.append(JudgedResult(result, .confirmed(.everything)))
          didEnd(file.fileName, entry.attack, event)
        } catch let error as CoreError {
          // More classes than there are, for instance: no reason to give up the rest.
          didEnd(file.fileName, entry.attack, .skipped(error.description))
        }
      }
      let points = results.map { judged in
        let attack = judged.result.attack
        let name = subject.fileName(attack: attack.request, objective: attack.objective)
        return (result: judged.result, points: folder.points(for: name))
      }
      reports += results.map(JudgedReport.attack)
      for request in certificates {
        if let judged = try prove(request, subject, points, into: folder, opened, { didEnd(file.fileName, $0, $1) }),
          !reports.contains(.certificate(judged))
        {
          reports.append(.certificate(judged))
        }
      }
    }
    return reports
  }

  // MARK: - One (posterior, attack)

  private func result(
    _ request: AttackRequest, _ entry: BenchmarkSuite.Entry, _ subject: BenchmarkResult.Subject,
    _ opened: Verification.Opened, keepPoints: (EvaluationResult, [RunResult]) throws -> Void
  ) throws -> BenchmarkResult {
    let evaluated = opened.subject
    var outcomes: [RunResult] = []
    var runs: [BenchmarkResult.Run] = []
    var seen: EvaluationResult?
    for threat in suite.threats where request.attack.capabilities.norms.contains(threat.norm) {
      let plan = suite.plan(request, objective: entry.objective, threat: threat, on: evaluated, box: opened.box)
      let result = try Evaluator(
        subject: evaluated, plan: plan, companions: companions,
        progress: TerminalProgress(prefix: "\(evaluated.name) · \(threat.norm.symbol) · ")
      ).evaluate()
      if let failure = result.failures.first { throw CoreError("it failed: \(failure.reason)") }
      guard let run = result.runs.first(where: { $0.attack == request.attack.name }) else {
        throw CoreError("\(request.attack.name) left no result")
      }
      runs.append(record(run, entry, draws: result.draws))
      outcomes.append(run)
      seen = result
    }
    guard let seen else {
      let norms = suite.threats.map(\.norm.rawValue).joined(separator: ", ")
      throw CoreError("\(request.attack.name) works in none of the suite's norms (\(norms))")
    }
    try keepPoints(seen, outcomes)
    return BenchmarkResult(
      subject: subject, rules: suite, model: evaluated.name, summary: evaluated.summary, laboratory: laboratory,
      attack: .init(name: request.attack.name, request: entry.attack, objective: entry.objective), seed: suite.seed,
      decision: suite.decision, examples: seen.examples, draws: seen.draws,
      cleanCorrect: Int((seen.cleanAccuracy.value * Double(seen.examples)).rounded()), precision: seen.precision,
      kernels: seen.kernels, processor: seen.processor, implementations: seen.products.implementationNames, runs: runs)
  }

  private func record(_ run: RunResult, _ entry: BenchmarkSuite.Entry, draws: Int) -> BenchmarkResult.Run {
    var checks = run.checks.map {
      BenchmarkResult.CheckRecord(name: $0.name, status: $0.status.rawValue, finding: $0.finding)
    }
    checks.append(budgetCheck(run, entry, draws: draws))
    return BenchmarkResult.Run(
      norm: run.norm, epsilon: run.epsilon, options: run.options, correct: String(run.correct.map { $0 ? "1" : "0" }),
      pointsSHA256: PointsFile.sha256(run.adversarialInputs),
      correctAtBestQuery: Int((run.robustAccuracyBestQuery.value * Double(run.correct.count)).rounded()),
      memberGradients: run.memberGradients, queries: run.queries, checks: checks)
  }

  private func budgetCheck(
    _ run: RunResult, _ entry: BenchmarkSuite.Entry, draws: Int
  ) -> BenchmarkResult.CheckRecord {
    let examples = run.correct.count
    let gradients = Double(run.memberGradients) / Double(examples * draws)
    let queries = Double(run.queries) / Double(examples)
    let allowed = BenchmarkSuite.Budget(
      gradients: entry.gradientsPerExample ?? suite.gradientsPerExample,
      queries: entry.queriesPerExample ?? suite.queriesPerExample)
    let isKept = gradients <= Double(allowed.gradients) && queries <= Double(allowed.queries)
    return .init(
      name: BenchmarkResult.Run.protocolBudget, status: isKept ? "passed" : "failed",
      finding: isKept
        ? ""
        : "asks for \(gradients) gradients and \(queries) points an example; the protocol allows "
          + "\(allowed.gradients) and \(allowed.queries)")
  }
}
