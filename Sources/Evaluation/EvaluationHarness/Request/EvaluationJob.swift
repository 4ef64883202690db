import ComputeKernels
import Foundation
import PosteriorFiles
public import RobustnessCore
import Shell

/// Does what an ``EvaluationRequest`` asks for:
///
/// ```swift
/// let job = try EvaluationJob(request, attacks: .builtIn, metrics: .builtIn, companions: .builtIn)
/// print(try job.evaluate().table)
/// ```
///
/// A program that embeds this package calls `Probe.runIfRequested()` of the module `PosteriorFiles` before anything
/// else.
public struct EvaluationJob: Sendable {
  let request: EvaluationRequest
  let attacks: [AttackRequest]
  let metrics: [any RobustnessMetric.Type]
  let certificates: [CertificateRequest]
  let companions: Companions
  let given: (subject: EvaluationSubject, box: ClosedRange<Double>)?
  let progress: any EvaluationProgress

  /// A job, of which everything has been checked that needs no file.
  ///
  /// - Parameters:
  ///   - request: What is to be done.
  ///   - attacks: Where its attacks are found, beside those in its `plugins`.
  ///   - metrics: Where its metrics are found.
  ///   - certificates: Where its certificates are found.
  ///   - companions: What the harness runs beside the attacks.
  ///   - subject: What is evaluated where the request's source is `given`.
  ///   - box: The box that the inputs of `subject` live in.
  ///   - progress: Is told how the evaluation goes on, and may stop it.
  /// - Throws: An error of exit code 64 for a request that makes no sense; of 65 for a plugin that cannot be loaded.
  public init(
    _ request: EvaluationRequest, attacks: [any Attack.Type], metrics: [any RobustnessMetric.Type] = [],
    certificates: [any RobustnessCertificate.Type] = [], companions: Companions, subject: EvaluationSubject? = nil,
    box: ClosedRange<Double> = 0...1,
    progress: any EvaluationProgress = SilentProgress()
  ) throws {
    try self.init(
      request, among: try (attacks + companions.portfolios).adding(libraries: request.plugins), metrics,
      certificates, companions: companions,
      given: subject.map { ($0, box) }, progress: progress)
  }

  /// The same with the attacks of the request's plugins among the others already.
  init(
    _ request: EvaluationRequest, among attacks: [any Attack.Type], _ metrics: [any RobustnessMetric.Type],
    _ certificates: [any RobustnessCertificate.Type], companions: Companions,
    given: (subject: EvaluationSubject, box: ClosedRange<Double>)?,
    progress: any EvaluationProgress
  ) throws {
    self.request = request
    self.attacks = try request.attacks.map { try $0.resolve(among: attacks) }
    self.metrics = try request.metrics.map { try EvaluationRequest.metric(named: $0, among: metrics) }
    self.certificates = try request.certify.map { try $0.resolve(among: certificates) }.reduce(into: []) {
      known, next in
      // One that is asked for twice says nothing new.
      if !known.contains(where: { $0.text == next.text }) { known.append(next) }
    }
    self.companions = companions
    self.given = given
    self.progress = progress
    try request.check()
    try request.refuseWhatPortfoliosDecide(self.attacks, noise: companions.noise)
  }

  /// Evaluates, and writes the result where the request says.
  ///
  /// - Throws: What ``evaluate()`` throws; an error of exit code 70 for an output that cannot be written, or, when
  ///   everything else is done, for an attack that did not finish.
  public func run() throws {
    let output = ResultOutput(request)
    try output.check()
    let result = try evaluate()
    try output.write(result)
    // Everything that could be evaluated has been; a script must see that something is missing.
    if let failure = result.failures.first { throw AttackFailure(attack: failure.attack, reason: failure.reason) }
    if let contradiction = result.contradiction { throw contradiction }
  }

  /// Evaluates, and writes nothing.
  ///
  /// - Throws: Errors of exit code 64 and 65 that say what does not fit; whatever the progress throws to stop.
  public func evaluate() throws -> EvaluationResult {
    let (subject, box) = try subject()
    if request.epsilons.isEmpty, subject.boxPerFeature != nil {
      throw UsageError(
        "\(name(of: subject)): input_bounds differ between channels, so that no part of them is a radius for all: give one, "
          + "in the units of the inputs, with --epsilon")
    }
    noteWhatThereIsLessOf(subject)
    let epsilons = request.epsilons.isEmpty ? [0.1 * (box.upperBound - box.lowerBound)] : request.epsilons.unique
    // All of them means all that there are for this number of classes.
    let objectives =
      request.objectives.unique == Objective.allCases
      ? Objective.defined(forClasses: subject.ensemble.classCount) : request.objectives.unique
    var plan = EvaluationPlan(
      attacks: attacks, objectives: objectives, epsilons: epsilons, box: box, decision: request.decision,
      metrics: metrics, draws: draws(of: subject), attackDraws: request.attackDraws, target: request.target,
      seed: request.seed, finiteDifferences: subject.finiteDifferenceEffort)
    plan.epsilonFactors = request.epsilonFactors
    plan.gradient = request.gradient
    plan.curve = request.curve
    plan.rejection = request.reject
    plan.checks = request.checks
    plan.surrogate = try request.surrogateEnsemble(for: subject)
    plan.certificates = certificates
    if request.memoryLimit != nil { plan.certificateCacheBytes = 0 }
    plan.recordsExamples = request.perExample != nil
    var evaluator: Evaluator
    do {
      evaluator = try Evaluator(subject: subject, plan: plan, companions: companions, progress: progress)
    } catch let error as CoreError {
      // The request asks for what this posterior does not have.
      throw UsageError("\(name(of: subject)): \(error)")
    }
    evaluator.checkpoint = try request.checkpoint.map { try Checkpoint(path: $0) }
    do {
      return try evaluator.evaluate()
    } catch let error as CoreError {
      throw BadDataError("\(name(of: subject)): \(error)")
    } catch let error as AttackFailure {
      // Random noise, without which nothing can be judged.
      throw BadDataError("\(name(of: subject)): \(error)")
    } catch let error as KernelError {
      throw BadDataError("\(name(of: subject)): \(error)")
    }
  }

  private func subject() throws -> (subject: EvaluationSubject, box: ClosedRange<Double>) {
    if var given {
      try request.refuseFileOptions()
      if let count = request.examples { given.subject.examples = given.subject.examples.first(count) }
      return given
    }
    do {
      return try request.subjectFromFile()
    } catch {
      // Ctrl-C reaches the process that checks the file as well: its death is then no damage of the file.
      throw Interruption.isRequested ? Interrupted.inEvaluation as any Error : error
    }
  }

  /// The posterior as it was asked for: two files may have one base name.
  private func name(of subject: EvaluationSubject) -> String {
    if case .file(let path) = request.source { path } else { subject.name }
  }

  /// A number that is larger than there are is no error, and must not be taken for the number evaluated.
  private func noteWhatThereIsLessOf(_ subject: EvaluationSubject) {
    for (option, noun, asked, count) in [
      ("--examples", "example", request.examples, subject.examples.count),
      ("--draws", "draw", request.draws, subject.ensemble.drawCount),
    ] {
      guard let asked, asked > count else { continue }
      progress.note(
        "\(option) \(asked) is more than there are: "
          + (count == 1 ? "the only \(noun) is used" : "all \(count) \(noun)s are used"))
    }
  }

  private func draws(of subject: EvaluationSubject) -> DrawSelection {
    guard let count = request.draws, count < subject.ensemble.drawCount else { return .all }
    return .some(evenlySpaced(count, of: subject.ensemble.drawCount))
  }
}
