import ComputeKernels
import Foundation
import NeuralNetworks
import PosteriorFiles
import Reporting
import RobustnessCore
import Shell

/// One run of `evaluate`: from parsed arguments to what is printed.
struct EvaluateJob {
  let arguments: EvaluateArguments
  let attacks: [any Attack.Type]
  let metrics: [any RobustnessMetric.Type]
  /// Makes the subject and tells the box.
  let makeSubject: (EvaluateJob) throws -> (EvaluationSubject, ClosedRange<Double>)

  init(
    arguments: EvaluateArguments, attacks: [any Attack.Type], metrics: [any RobustnessMetric.Type],
    makeSubject: @escaping (EvaluateJob) throws -> (EvaluationSubject, ClosedRange<Double>)
  ) {
    self.arguments = arguments
    self.attacks = attacks
    self.metrics = metrics
    self.makeSubject = makeSubject
  }

  func run() throws {
    guard arguments.plugins.isEmpty else { return try withPlugins().run() }
    if arguments.listAttacks { return try StandardOutput.write(try attackList()) }
    if arguments.listMetrics { return try StandardOutput.write(metricList()) }
    // Everything that can be wrong with the command line is said before any file is read.
    let requests = try (arguments.attacks.isEmpty ? ["pgd"] : arguments.attacks).map {
      try AttackSpecification(text: $0).resolve(among: attacks)
    }
    let objectives = try self.objectives()
    let chosenMetrics = try self.chosenMetrics()
    let decision = try self.decision()
    let attackDraws = try self.attackDraws()
    let target = try self.target()
    try checkFileOptions()
    try checkOutputs()
    Interruption.watch()
    let (subject, box) = try prepared()
    let epsilons = arguments.epsilons.isEmpty ? [0.1 * (box.upperBound - box.lowerBound)] : arguments.epsilons
    let plan = EvaluationPlan(
      attacks: requests, objectives: objectives, epsilons: unique(epsilons), box: box, decision: decision,
      metrics: chosenMetrics, draws: draws(of: subject), attackDraws: attackDraws, target: target, seed: arguments.seed,
      finiteDifferences: subject.finiteDifferenceEffort)
    let evaluator: Evaluator
    do {
      evaluator = try Evaluator(subject: subject, plan: plan, companions: attacks, progress: TerminalProgress())
    } catch let error as CoreError {
      // The command line asks for what this posterior does not have.
      throw UsageError("\(subject.name): \(error)")
    }
    let result: EvaluationResult
    do {
      result = try evaluator.evaluate()
    } catch let error as CoreError {
      throw BadDataError("\(subject.name): \(error)")
    } catch let error as AttackFailure {
      // Random noise, without which nothing can be judged.
      throw BadDataError("\(subject.name): \(error)")
    } catch let error as KernelError {
      throw BadDataError("\(subject.name): \(error)")
    }
    if let path = arguments.saveAdversarial { try AdversarialFile.write(result, to: path) }
    try emit(result)
    // Everything that could be evaluated has been; a script must see that something is missing.
    if let failure = result.failures.first { throw AttackFailure(attack: failure.attack, reason: failure.reason) }
  }

  /// The same job with the attacks of `--plugin` among the others.
  private func withPlugins() throws -> EvaluateJob {
    let all = try attacks.adding(libraries: arguments.plugins)
    var arguments = arguments
    arguments.plugins = []
    return EvaluateJob(arguments: arguments, attacks: all, metrics: metrics, makeSubject: makeSubject)
  }

  /// The subject. Ctrl-C reaches the process that checks the file as well: its death is then no damage of the file.
  func prepared() throws -> (EvaluationSubject, ClosedRange<Double>) {
    do {
      return try makeSubject(self)
    } catch {
      throw Interruption.isRequested ? Interrupted() as any Error : error
    }
  }

  // MARK: - Arguments

  private func objectives() throws -> [Objective] {
    if arguments.objectives.isEmpty { return [.predictive] }
    if arguments.objectives.contains("all") { return Objective.allCases }
    return unique(
      try arguments.objectives.map { text in
        guard let objective = Objective(rawValue: text) else {
          let names = Objective.allCases.map(\.rawValue) + ["all"]
          throw UsageError(
            "no objective named '\(text)'.\(Suggestion.didYouMean(text, among: names)) Available: \(names.joined(separator: ", "))"
          )
        }
        return objective
      })
  }

  private func chosenMetrics() throws -> [any RobustnessMetric.Type] {
    try arguments.metrics.map { text in
      guard let metric = metrics.first(where: { $0.name.lowercased() == text.lowercased() }) else {
        let names = metrics.map { $0.name }
        throw UsageError(
          "no metric named '\(text)'.\(Suggestion.didYouMean(text, among: names)) Available: \(names.joined(separator: ", "))"
        )
      }
      return metric
    }
  }

  private func decision() throws -> Decision {
    guard let decision = Decision(arguments.decision) else {
      throw UsageError("no decision named '\(arguments.decision)'; there are predictive, majority-vote and draw:N")
    }
    return decision
  }

  private func attackDraws() throws -> AttackDraws {
    guard let draws = AttackDraws(arguments.attackDraws) else {
      throw UsageError("--attack-draws takes same, disjoint:N or resampled:N, not '\(arguments.attackDraws)'")
    }
    return draws
  }

  private func target() throws -> TargetRule {
    guard let text = arguments.target else { return .untargeted }
    guard let rule = TargetRule(text) else {
      throw UsageError("--target takes a class number, next or least-likely, not '\(text)'")
    }
    return rule
  }

  private func draws(of subject: EvaluationSubject) -> DrawSelection {
    guard let count = arguments.draws, count < subject.ensemble.drawCount else { return .all }
    return .some(evenlySpaced(count, of: subject.ensemble.drawCount))
  }

  private func unique<T: Hashable>(_ values: [T]) -> [T] {
    var seen = Set<T>()
    return values.filter { seen.insert($0).inserted }
  }

  // MARK: - Lists

  private func attackList() throws -> String {
    var text = attacks.map { "\($0.name)\n" }.joined() + "\n"
    for attack in attacks {
      func open<A: Attack>(_ type: A.Type) throws -> String {
        var lines = A.summary.isEmpty ? "\(A.name)\n" : "\(A.name): \(A.summary)\n"
        lines +=
          "  needs \(A.capabilities.access.rawValue) · norms \(A.capabilities.norms.map(\.rawValue).joined(separator: ", "))"
        lines += " · \(A.capabilities.targeted ? "targeted and untargeted" : "untargeted only")\n"
        for (name, value) in try A.Options().described() {
          lines += "  \(name)=\(value ?? A.Options.describedDefaults[name] ?? "not set")\n"
        }
        return lines
      }
      text += try open(attack)
    }
    return text
  }

  private func metricList() -> String {
    let sorted = metrics.sorted { $0.name < $1.name }
    return sorted.map { "\($0.name)\n" }.joined() + "\n" + sorted.map { "\($0.name): \($0.summary)\n" }.joined()
  }

  // MARK: - Output

  /// What cannot be written is said before the work, not after it.
  private func checkOutputs() throws {
    let inputs = [arguments.model, arguments.data].compactMap(\.self)
    var outputs: [String] = []
    for path in [arguments.output, arguments.saveAdversarial].compactMap(\.self) {
      let url = URL(fileURLWithPath: path)
      let folder = url.deletingLastPathComponent().path
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
        throw OutputError("\(path) cannot be written: the folder \(folder) does not exist")
      }
      guard access(folder, W_OK) == 0 else { throw OutputError("\(path) cannot be written: the folder is read-only") }
      if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
        throw OutputError("\(path) cannot be written: it is a folder")
      }
      let target = url.resolvingSymlinksInPath().path
      guard !inputs.contains(where: { URL(fileURLWithPath: $0).resolvingSymlinksInPath().path == target }) else {
        throw UsageError("\(path) is read in this run: give the result another name")
      }
      guard !outputs.contains(target) else {
        throw UsageError("--output and --save-adversarial both name \(path)")
      }
      outputs.append(target)
    }
  }

  private func emit(_ result: EvaluationResult) throws {
    let text =
      switch arguments.format {
      case .table: result.table + kernelNote
      case .json: result.json.pretty + "\n"
      case .csv: result.csv
      }
    guard let path = arguments.output else { return try StandardOutput.write(text) }
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw OutputError("\(path) cannot be written: \(error.localizedDescription)")
    }
  }

  /// Said only where it matters: without oneDNN.
  private var kernelNote: String {
    KernelLibrary.preferred == .portable ? "(\(KernelLibrary.preferredDescription))\n" : ""
  }
}
