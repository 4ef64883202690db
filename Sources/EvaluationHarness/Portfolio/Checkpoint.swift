import Foundation
import RobustnessCore
import Shell
import Synchronization

/// What portfolios have found so far, in a file that is replaced after every stage: an evaluation that was stopped goes
/// on from there, to the same result.
///
/// Every run has an entry of its own, named by everything that its result follows from, the processor
/// included: a run of another request, or on another machine, begins anew and leaves the entry alone.
final class Checkpoint: Sendable {
  private let path: String
  private let states: Mutex<[String: State]>

  /// A run after some stages.
  struct State: Codable, Sendable {
    /// Number of stages that are done.
    var completed: Int
    var points: Tensor
    var record: QueryRecord
    var hasFallen: [Bool]
    var foundBy: [String?]
    var stages: [StageResult]
    var classOrders: [Int: [Int]]
  }

  private struct Content: Codable {
    var format = "portfolio-checkpoint 1"
    var runs: [String: State]
  }

  /// The checkpoint in a file, which need not exist.
  ///
  /// - Throws: `BadDataError` for a file of another kind.
  init(path: String) throws {
    self.path = path
    var runs: [String: State] = [:]
    if let data = FileManager.default.contents(atPath: path), !data.isEmpty {
      guard let content = try? PropertyListDecoder().decode(Content.self, from: data),
        content.format == Content(runs: [:]).format
      else {
        throw BadDataError("\(path) is no checkpoint of this program: give another name, or delete it")
      }
      runs = content.runs
    }
    states = Mutex(runs)
  }

  /// What is known of a run.
  func state(of run: String) -> State? { states.withLock { $0[run] } }

  /// Keeps a run as it is now.
  ///
  /// - Throws: `OutputError` when the file cannot be written.
  func save(_ state: State, of run: String) throws {
    let encoder = PropertyListEncoder()
    encoder.outputFormat = .binary
    let data = try states.withLock { states in
      states[run] = state
      return try encoder.encode(Content(runs: states))
    }
    do {
      try AtomicFile.replace(path, with: data)
    } catch {
      throw OutputError("\(path) cannot be written: \(error)")
    }
  }
}

extension Evaluator {
  /// Names a run by everything that its result follows from.
  func runName(_ portfolio: String, _ threat: ThreatModel, _ examples: Examples) -> String {
    let parts: [String] = [
      portfolio, "\(PortfolioBudget.version)", threat.norm.rawValue, "\(threat.epsilon)",
      "\(threat.box.lowerBound) \(threat.box.upperBound)", plan.decision.description, plan.attackDraws.description,
      "\(plan.seed)", "\(evaluationDraws)", subject.posteriorSHA256 ?? "", subject.dataSHA256 ?? "",
      "\(examples.identifiers)", subject.arithmetic.rawValue, subject.precision ?? "", subject.kernels ?? "",
      subject.processor ?? "", plan.surrogate.map { "\($0.name) \($0.draws)" } ?? "", ProgramVersion.current,
    ]
    return parts.joined(separator: " · ")
  }
}
