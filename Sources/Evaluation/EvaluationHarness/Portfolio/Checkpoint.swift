import Foundation
import PosteriorFiles
import RobustnessCore
import Shell
import Synchronization

/// What portfolios and certificates have found so far, in a file that is replaced after every stage and every block of
/// examples: an evaluation that was stopped goes on from there, to the same result.
///
/// Every run has an entry of its own, named by everything that its result follows from, the processor
/// included: a run of another request, or on another machine, begins anew and leaves the entry alone.
final class Checkpoint: Sendable {
  private let path: String
  private let runs: Mutex<Runs>

  /// Everything that is kept.
  private struct Runs: Codable {
    /// Portfolios, by the name of the run.
    var portfolios: [String: State] = [:]
    /// Certificates, by the name of the run and the block of examples.
    var certificates: [String: [Int: [CertificateRun.Finding]]] = [:]

    /// Adds what another process has kept since.
    mutating func add(_ others: Runs) {
      portfolios.merge(others.portfolios) { own, _ in own }
      certificates.merge(others.certificates) { own, other in own.merging(other) { own, _ in own } }
    }
  }

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
    static let format = "portfolio-checkpoint 3"
    var format = Self.format
    var sha256: String
    var runs: Data

    init(_ runs: Runs) throws {
      let encoder = PropertyListEncoder()
      encoder.outputFormat = .binary
      self.runs = try encoder.encode(runs)
      sha256 = ContentDigest.sha256([UInt8](self.runs))
    }
  }

  /// The runs in a file; none where there is no file.
  private static func runs(in path: String) throws -> Runs {
    guard let data = FileManager.default.contents(atPath: path), !data.isEmpty else { return Runs() }
    let decoder = PropertyListDecoder()
    guard let content = try? decoder.decode(Content.self, from: data), content.format == Content.format else {
      throw BadDataError(
        "\(path) is no checkpoint of this version of the program, or is damaged: give another name, or delete it")
    }
    guard ContentDigest.sha256([UInt8](content.runs)) == content.sha256,
      let runs = try? decoder.decode(Runs.self, from: content.runs)
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
    runs = Mutex(try Self.runs(in: path))
  }

  /// What is known of a portfolio's run.
  func state(of run: String) -> State? { runs.withLock { $0.portfolios[run] } }

  /// What is known of a certificate's run, by the block of examples.
  func findings(of run: String) -> [Int: [CertificateRun.Finding]] { runs.withLock { $0.certificates[run] ?? [:] } }

  /// Keeps a run as it is now.
  ///
  /// - Throws: `OutputError` when the file cannot be written.
  func save(_ state: State, of run: String) throws { try change { $0.portfolios[run] = state } }

  /// Keeps what a certificate says about a block of examples.
  ///
  /// - Throws: `OutputError` when the file cannot be written.
  func save(_ findings: [CertificateRun.Finding], of run: String, block: Int) throws {
    try change { $0.certificates[run, default: [:]][block] = findings }
  }

  private func change(_ body: (inout Runs) -> Void) throws {
    try runs.withLock { runs in
      body(&runs)
      // What another process has added since is kept.
      if let others = try? Self.runs(in: path) { runs.add(others) }
      let encoder = PropertyListEncoder()
      encoder.outputFormat = .binary
      let data = try encoder.encode(try Content(runs))
      do {
        try AtomicFile.replace(path, with: data)
      } catch {
        throw OutputError("\(path) cannot be written: \(error)")
      }
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

  /// Names a certificate's run by everything that its findings follow from: the processor is not among it, since all
  /// sums have one order everywhere.
  func certificateName(_ run: CertificateRun) -> String {
    let threat = try? threat(run.norm, run.epsilons.last ?? 0)
    let boxes = (threat?.boxPerFeature ?? []).map { " \($0.lowerBound) \($0.upperBound)" }.joined()
    let points = run.suspects.map { "\($0.hashValueOfBits)" } ?? ""
    let parts: [String] = [
      "certificate", run.request.text, run.norm.rawValue, "\(run.epsilons)", "\(plan.epsilonFactors)",
      "\(plan.box.lowerBound) \(plan.box.upperBound)\(boxes)", plan.decision.description, "\(evaluationDraws)",
      "\(run.rows)", subject.posteriorSHA256 ?? "", subject.dataSHA256 ?? "", points, ProgramVersion.current,
    ]
    return parts.joined(separator: " · ")
  }
}

extension Tensor {
  /// A number that follows from the bits of all elements, the same in every process (FNV-1a over words).
  fileprivate var hashValueOfBits: UInt64 {
    elements.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ $1.bitPattern) &* 0x100_0000_01b3 }
  }
}
