import Foundation
import HDF5
public import NeuralNetworks
public import RobustnessCore

/// A posterior file of format 1 that passed every check, open for reading.
///
/// Draws are numbered chain by chain: draw `chain * drawsPerChain + draw`.
/// Reading a draw reads that draw only, so a posterior may be larger than memory.
public final class PosteriorFile: WeightSource {
  /// The path as it was given.
  public let path: String
  /// The last component of the path.
  public let fileName: String
  /// The version of the format that the file declares, for example `1.0`.
  public let formatVersion: String
  /// The title, if the file has one.
  public var title: String? { structure.text("/@title") }
  /// When the file was made, as it says (ISO 8601).
  public var createdAt: String? { structure.text("/@created_at") }
  /// The program that wrote the file.
  public var creationLibrary: String? { structure.text("/@creation_library") }
  /// That program's version.
  public var creationLibraryVersion: String? { structure.text("/@creation_library_version") }
  /// The library that made the draws.
  public var inferenceLibrary: String? { structure.text("/@inference_library") }
  /// How the draws came about; nil when the file does not say.
  public let kind: PosteriorKind?
  /// What the sampler promises about the distribution of the draws; nil when the file does not say.
  public let exactness: Exactness?
  /// The network.
  public let architecture: Architecture
  /// The interval that every stored input value lies in; where channels have intervals of their own, the smallest that
  /// holds them all.
  public let inputBounds: ClosedRange<Double>
  /// The interval of each channel, the first axis of an input; nil where all have the same.
  public let boundsPerChannel: [ClosedRange<Double>]?
  /// Which of the architecture's parameters are stored once, for all draws.
  public let sharedParameters: Set<Int>
  /// Number of chains.
  public let chainCount: Int
  /// Number of draws in each chain.
  public let drawsPerChain: Int
  /// Number of draws that differ from every other one in at least one bit of a weight, each kind counted once.
  public let distinctDrawCount: Int
  /// Names the posterior: the digest of architecture, bounds and weights, in hexadecimal.
  public let posteriorSHA256: String
  /// The digest of the evaluation data; nil without them.
  public let dataSHA256: String?
  /// The digest of everything.
  public let contentSHA256: String
  /// Whether the file still is what its author signed.
  public let integrity: PosteriorIntegrity
  /// What can be read and must be said all the same: statements that do not go together, and numbers that were not
  /// taken as they stand. Made while the file is checked, whoever asks.
  public let warnings: [PosteriorWarning]
  /// What the file says about its origin, numbers as text.
  public let provenance: [String: String]

  let structure: PosteriorStructure

  /// Number of draws over all chains.
  public var drawCount: Int { chainCount * drawsPerChain }
  /// Whether the file carries labelled inputs.
  public var hasEvaluationData: Bool { dataSHA256 != nil }
  /// The shape of the stored inputs, `[n]` and then that of one input; nil without evaluation data.
  public var evaluationShape: [Int]? { structure.dataset("/evaluation_data/inputs")?.shape }

  /// What the file says of itself in attributes of `/`, by name: those that the format knows and that are for people.
  var descriptions: [String: String] {
    var texts: [String: String] = [:]
    for item in FormatSchema.attributes(of: "/") where item.label != nil {
      texts[item.name] = structure.text(item.path)
    }
    return texts
  }

  /// The same for people, with what each is called, in the order of the format's table. Texts of one label are joined.
  package var labelledDescriptions: [(label: String, text: String)] {
    var rows: [(label: String, text: String)] = []
    for item in FormatSchema.attributes(of: "/") {
      guard let label = item.label, let text = structure.text(item.path) else { continue }
      if let last = rows.last, last.label == label {
        rows[rows.count - 1].text = "\(last.text) \(text)"
      } else {
        rows.append((label, text))
      }
    }
    return rows
  }

  // MARK: - Opening

  /// Opens a file after checking everything in it.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - acceptChanged: Read a file whose content is not that of its digests all the same; ``integrity`` then is
  ///     `changed`.
  ///   - probe: The program that opens a file of unknown origin first, in a process of its own.
  ///     With nil the checks run here: for files that this program has just written.
  /// - Throws: The first problem, with the place in the file and the reason.
  public static func open(
    _ path: String, acceptChanged: Bool = false, probe: ProbeCommand?
  ) throws(PosteriorFileError) -> PosteriorFile {
    guard let probe else {
      let inspection = try Inspection(path: path)
      let report = inspection.readContents()
      if let problem = inspection.problems.first { throw problem }
      if !acceptChanged, let problem = inspection.changeProblems(report).first { throw problem }
      return try PosteriorFile(path: path, structure: inspection.structure, report: report)
    }
    let before = FileIdentity(path)
    let answer = try probe.run(path)
    if let problem = answer.problems.first { throw problem }
    if !acceptChanged, let problem = answer.changeProblems.first { throw problem }
    return try PosteriorFile(path, as: before, report: answer.content)
  }

  /// Opens a file that this program has just written and is about to give its name.
  ///
  /// - Parameter name: The path that the file will have, and that errors name.
  static func open(_ temporary: String, as name: String) throws(PosteriorFileError) -> PosteriorFile {
    let inspection = try Inspection(path: temporary)
    let report = inspection.readContents()
    if let problem = (inspection.problems + inspection.changeProblems(report)).first { throw problem }
    return try PosteriorFile(path: name, structure: inspection.structure, report: report)
  }

  /// Opens a file that a checking process has accepted, if it still is the same one.
  private convenience init(_ path: String, as before: FileIdentity?, report: ContentReport?) throws(PosteriorFileError)
  {
    let inspection = try Inspection(path: path)
    if let problem = inspection.problems.first { throw problem }
    guard FileIdentity(path) == before else {
      throw PosteriorFileError(file: path, path: "/", reason: "changed while it was being checked", advice: "Try again")
    }
    try self.init(path: path, structure: inspection.structure, report: report)
  }

  /// Lists everything that is wrong with a file; an empty list means that ``open(_:acceptChanged:probe:)`` accepts it.
  public static func verify(_ path: String, probe: ProbeCommand?) -> [PosteriorFileError] {
    verification(path, probe: probe).problems
  }

  /// Lists everything that is wrong with a file, and what its reader must know where nothing is.
  ///
  /// - Returns: An empty list of problems means that ``open(_:acceptChanged:probe:)`` accepts the file; the warnings
  ///   are then those of ``warnings``.
  public static func verification(
    _ path: String, probe: ProbeCommand?
  ) -> (problems: [PosteriorFileError], warnings: [PosteriorWarning]) {
    let (problems, file) = examine(path, probe: probe)
    return (problems, file?.warnings ?? [])
  }

  /// Lists everything that is wrong with a file, and opens it where nothing is.
  public static func examine(
    _ path: String, probe: ProbeCommand?
  ) -> (problems: [PosteriorFileError], file: PosteriorFile?) {
    do throws(PosteriorFileError) {
      guard let probe else {
        let inspection = try Inspection(path: path)
        let report = inspection.readContents()
        let problems = inspection.problems + inspection.changeProblems(report)
        guard problems.isEmpty else { return (problems, nil) }
        return ([], try PosteriorFile(path: path, structure: inspection.structure, report: report))
      }
      let before = FileIdentity(path)
      let answer = try probe.run(path)
      let problems = answer.problems + answer.changeProblems
      guard problems.isEmpty else { return (problems, nil) }
      return ([], try PosteriorFile(path, as: before, report: answer.content))
    } catch {
      return ([error], nil)
    }
  }

  private init(path: String, structure: PosteriorStructure, report: ContentReport?) throws(PosteriorFileError) {
    guard let report, let architecture = structure.architecture, let bounds = structure.inputBounds,
      let posterior = report.digests[FormatDigest.posterior.rawValue],
      let content = report.digests[FormatDigest.content.rawValue]
    else {
      throw PosteriorFileError(file: path, path: "/", reason: "could not be read to its end")
    }
    self.path = path
    self.fileName = path.split(separator: "/").last.map(String.init) ?? path
    self.formatVersion = structure.formatVersion
    self.kind = structure.kind
    self.exactness = structure.exactness
    self.architecture = architecture
    self.inputBounds = bounds
    self.boundsPerChannel = structure.boundsPerChannel
    self.sharedParameters = structure.sharedParameters
    self.chainCount = structure.chainCount
    self.drawsPerChain = structure.drawsPerChain
    self.distinctDrawCount = report.distinctDrawCount
    self.posteriorSHA256 = posterior
    self.dataSHA256 = report.digests[FormatDigest.data.rawValue]
    self.contentSHA256 = content
    self.integrity = report.integrity
    self.warnings = report.warnings
    self.provenance = Dictionary(
      (structure.attributes["/provenance"] ?? []).map { ($0.name, $0.valueDescription) },
      uniquingKeysWith: { first, _ in first })
    self.structure = structure
  }
}

/// Tells whether a path still leads to the same, unmodified file.
struct FileIdentity: Equatable {
  let device: UInt64
  let node: UInt64
  let size: Int64
  let seconds: Int
  let nanoseconds: Int

  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    device = UInt64(truncatingIfNeeded: status.st_dev)
    node = UInt64(truncatingIfNeeded: status.st_ino)
    size = Int64(status.st_size)
    #if canImport(Darwin)
    seconds = status.st_mtimespec.tv_sec
    nanoseconds = status.st_mtimespec.tv_nsec
    #else
    seconds = status.st_mtim.tv_sec
    nanoseconds = status.st_mtim.tv_nsec
    #endif
  }
}
