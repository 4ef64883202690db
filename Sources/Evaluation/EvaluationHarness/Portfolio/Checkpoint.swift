import Foundation
import PosteriorFiles
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

  /// The file: the runs as they are encoded, and their digest. A bit that turned in a point would be another result.
  private struct Content: Codable {
    static let format = "portfolio-checkpoint 2"
    var format = Self.format
    var sha256: String
    var runs: Data

    init(_ runs: [String: State]) throws {
      let encoder = PropertyListEncoder()
      encoder.outputFormat = .binary
      self.runs = try encoder.encode(runs)
      sha256 = ContentDigest.sha256([UInt8](self.runs))
    }
  }

  /// The runs in a file; none where there is no file.
  private static func runs(in path: String) throws -> [String: State] {
    guard let data = FileManager.default.contents(atPath: path), !data.isEmpty else { return [:] }
    let decoder = PropertyListDecoder()
    guard let content = try? decoder.decode(Content.self, from: data), content.format == Content.format else {
      throw BadDataError(
        "\(path) is no checkpoint of this version of the program, or is damaged: give another name, or delete it")
    }
    guard ContentDigest.sha256([UInt8](content.runs)) == content.sha256,
      let runs = try? decoder.decode([String: State].self, from: content.runs)
    else {
      throw BadDataError("\(path) is damaged: its content is not what its digest says. Delete it, and begin anew")
    }
    return runs
  }

  /// The checkpoint in a file, which need not exist.
  ///
  /// - Throws: `BadDataError` for a file of another kind.
  init(path: String) throws {
    self.path = path
    states = Mutex(try Self.runs(in: path))
  }

  /// What is known of a run.
  func state(of run: String) -> State? { states.withLock { $0[run] } }

  /// Keeps a run as it is now.
  ///
  /// - Throws: `OutputError` when the file cannot be written.
  func save(_ state: State, of run: String) throws {
    let data = try states.withLock { states in
      states[run] = state
      // What another process has added since is kept.
      let others = (try? Self.runs(in: path)) ?? [:]
      states.merge(others) { own, _ in own }
      let encoder = PropertyListEncoder()
      encoder.outputFormat = .binary
      return try encoder.encode(try Content(states))
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
    // Nothing is added where there is one box, so that what was kept before is still found.
    let boxes = (threat.boxPerFeature ?? []).map { " \($0.lowerBound) \($0.upperBound)" }.joined()
    let radii = (threat.epsilonPerFeature ?? []).map { " \($0)" }.joined()
    let parts: [String] = [
      portfolio, "\(PortfolioBudget.version)", threat.norm.rawValue, "\(threat.epsilon)\(radii)",
      "\(threat.box.lowerBound) \(threat.box.upperBound)\(boxes)", plan.decision.description,
      plan.attackDraws.description,
      "\(plan.seed)", "\(evaluationDraws)", subject.posteriorSHA256 ?? "", subject.dataSHA256 ?? "",
      "\(examples.identifiers)", subject.arithmetic.rawValue, subject.precision ?? "", subject.kernels ?? "",
      subject.processor ?? "", plan.surrogate.map { "\($0.name) \($0.draws)" } ?? "", ProgramVersion.current,
    ]
    return parts.joined(separator: " · ")
  }
}
