import Foundation
import HDF5
import NeuralNetworks
import RobustnessCore

/// Everything that reading a file finds out before any weight is read.
struct PosteriorStructure: Sendable {
  var formatVersion = ""
  /// The attributes of the groups that the format knows, by group.
  var attributes: [String: [HDF5Attribute]] = [:]
  var architecture: Architecture?
  /// The interval of all channels together.
  var inputBounds: ClosedRange<Double>?
  /// The interval of each channel, where they differ.
  var boundsPerChannel: [ClosedRange<Double>]?
  var kind: PosteriorKind?
  var exactness: Exactness?
  var chainCount = 0
  var drawsPerChain = 0
  /// Which parameters of the architecture lie in `/shared`.
  var sharedParameters: Set<Int> = []
  /// Every data set that could be opened, by path.
  var datasets: [String: HDF5Dataset] = [:]
  /// The format's line of every data set that passed, by path.
  var items: [String: FormatItem] = [:]
  /// What is stated and nothing here reads.
  var furtherStatements: [FurtherStatements] = []
  /// What data sets declare about the meaning of their numbers, by path.
  var conversions: [String: StatedConversion] = [:]
}

extension PosteriorStructure {
  /// The version whose lines of the table the file may have.
  var version: FormatVersion {
    let parts = formatVersion.split(separator: ".")
    return FormatVersion(minor: parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
  }

  /// An attribute that the format knows; nil where the file has none, or is of a version in which the name means nothing.
  func attribute(_ path: String) -> HDF5Attribute? {
    let item = FormatSchema.named(path)
    guard item.since <= version else { return nil }
    return attributes[item.parent]?.first { $0.name == item.name }
  }

  /// The text of an attribute that the format knows; nil where the file has none.
  func text(_ path: String) -> String? { attribute(path)?.text }

  /// The attributes of a group that the file's version of the format does not know.
  func furtherAttributes(of group: String) -> [HDF5Attribute] {
    let known = Set(FormatSchema.attributes(of: group).filter { $0.since <= version }.map(\.name))
    return (attributes[group] ?? []).filter { !known.contains($0.name) }
  }

  /// A data set that the format knows, if the file has it and it passed.
  func dataset(_ path: String) -> HDF5Dataset? {
    let item = FormatSchema.named(path)
    return items[path]?.role == item.role ? datasets[path] : nil
  }

  /// What a data set that passed means.
  func role(of path: String) -> DatasetRole? { items[path]?.role }

  /// Whether a data set of this meaning is there and passed.
  func holds(_ role: DatasetRole) -> Bool { items.values.contains { $0.role == role } }
}

/// What a data set means.
enum DatasetRole: Sendable, Hashable {
  case parameter
  /// A parameter that all draws share.
  case shared
  case statistic
  case variationalMean
  case variationalScale
  case inputs
  case labels
  case referenceInputs
  /// Logits or log-probabilities of the author's program.
  case referenceAnswers
  /// The coordinates `chain` and `draw`: 0, 1, …
  case coordinate
  /// A dimension without coordinates.
  case dimension
  /// Something that this version does not know.
  case other
}

/// What reading every value finds out.
struct ContentReport: Sendable, Codable, Hashable {
  /// The digests that have something to cover, by ``FormatDigest``.
  var digests: [String: String]
  var distinctDrawCount: Int
  /// What can be read and must be said.
  var warnings: [PosteriorWarning]
  /// Attributes whose digest is not that of the content.
  var changedDigests: [String]
  var integrity: PosteriorIntegrity
}

/// Checks a file against the format and collects every problem, in the order in which a person would want to know them.
final class Inspection {
  let path: String
  let file: HDF5File
  let byteCount: UInt64
  var problems: [PosteriorFileError] = []
  var structure = PosteriorStructure()
  var groups: Set<String> = ["/"]

  private init(path: String, file: HDF5File, byteCount: UInt64) {
    self.path = path
    self.file = file
    self.byteCount = byteCount
  }

  /// Opens the file and checks everything but the values.
  init(path: String) throws(PosteriorFileError) {
    self.path = path
    self.byteCount = try Self.regularFileSize(path)
    self.file = try Self.openFile(
      path, advice: "A posterior file is HDF5 with format = bnn-posterior", foreign: \.importAdvice)
    checkRoot()
    // Everything below would only repeat that this is something else.
    guard problems.isEmpty else { return }
    walk("/", depth: 0)
    checkModel()
    checkPosterior()
    checkStatistics()
    checkVariational()
    checkEvaluationData()
    checkReference()
    checkProvenance()
    checkKind()
    checkOtherDatasets()
    checkConversions()
    checkFurtherStatements()
  }

  // MARK: - Reporting

  var writtenBy: String? {
    guard let library = structure.text("/@creation_library") else { return nil }
    return [library, structure.text("/@creation_library_version")].compactMap(\.self).joined(separator: " ")
  }

  func report(_ path: String, _ reason: String, advice: String? = nil) {
    // A hostile file could be wrong in a million places.
    guard problems.count < 1000 else { return }
    problems.append(
      PosteriorFileError(file: self.path, path: path, reason: reason, advice: advice, writtenBy: writtenBy))
  }

  /// Runs a call of the library; its error becomes a problem.
  func attempt<T>(_ body: () throws(HDF5Error) -> T) -> T? {
    do throws(HDF5Error) {
      return try body()
    } catch {
      report(error.path, error.stack.isEmpty ? error.reason : "cannot be read: \(error.reason)")
      return nil
    }
  }

  static func tuple(_ shape: [Int]) -> String { "(" + shape.map(String.init).joined(separator: ", ") + ")" }

  // MARK: - The file

  static func regularFileSize(_ path: String) throws(PosteriorFileError) -> UInt64 {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw PosteriorFileError(file: path, path: "/", reason: "cannot be opened: \(String(cString: strerror(errno)))")
    }
    // Opening a pipe would wait for a writer.
    guard status.st_mode & S_IFMT != S_IFDIR else {
      throw PosteriorFileError(file: path, path: "/", reason: "is a folder; name the file in it")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw PosteriorFileError(file: path, path: "/", reason: "is not a regular file")
    }
    guard access(path, R_OK) == 0 else {
      throw PosteriorFileError(file: path, path: "/", reason: "cannot be opened: \(String(cString: strerror(errno)))")
    }
    return UInt64(clamping: status.st_size)
  }

  /// Opens the file, and says in words why it cannot be opened.
  ///
  /// - Parameters:
  ///   - advice: What a file of the wrong kind should be instead.
  ///   - foreign: What to do with a file of another program.
  static func openFile(
    _ path: String, advice: String, foreign: (ForeignFile) -> String = \.advice
  ) throws(PosteriorFileError) -> HDF5File {
    do throws(HDF5Error) {
      return try HDF5File.open(path)
    } catch {
      if hasSignature(path) {
        if error.reason.contains("already open for") { throw openElsewhere(path) }
        throw PosteriorFileError(
          file: path, path: "/",
          reason: error.reason.contains("truncated file")
            ? "cannot be opened as HDF5: it is truncated" : "cannot be opened as HDF5: \(error.reason)",
          advice: "The file is probably damaged or incomplete: copy it again")
      }
      if let found = ForeignFile(path) {
        throw PosteriorFileError(
          file: path, path: "/", reason: "is \(found.kind), not HDF5", advice: foreign(found))
      }
      throw PosteriorFileError(file: path, path: "/", reason: "is not an HDF5 file", advice: advice)
    }
  }

  /// A writer marks its file until it closes it, and a copy has the mark as well.
  private static func openElsewhere(_ path: String) -> PosteriorFileError {
    PosteriorFileError(
      file: path, path: "/", reason: "is open for writing in another program: close it there",
      advice: "If that program has crashed, `h5clear -s \(path)` removes the mark")
  }

  private static func hasSignature(_ path: String) -> Bool {
    guard let handle = FileHandle(forReadingAtPath: path) else { return false }
    defer { try? handle.close() }
    return (try? handle.read(upToCount: 8)) == Data([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A])
  }

  // MARK: - Root

  private func checkRoot() {
    guard readAttributes(of: "/"), problems.isEmpty else { return }
    guard let format = structure.text("/@format").map(Self.unpadded) else {
      guard !isInferenceData else {
        return report(
          "/", "is no posterior file: it is an InferenceData of ArviZ, without the network",
          advice:
            "`posterior import --network net.onnx --posterior \(ForeignFile.argument(path)) --output posterior.h5` "
            + "makes one, with the network as a graph or as JSON (Docs/import.md)")
      }
      return reportAbsence(of: FormatSchema.named("/@format"))
    }
    guard format == "bnn-posterior" else {
      return report("/@format", "is \"\(format.prefix(80))\"; a posterior file has bnn-posterior")
    }
    guard let version = structure.text("/@format_version").map(Self.unpadded) else {
      return reportAbsence(of: FormatSchema.named("/@format_version"))
    }
    let parts = version.split(separator: ".", omittingEmptySubsequences: false).map { part in
      part.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(part) : nil
    }
    guard parts.count <= 3, parts.allSatisfy({ $0 != nil }), let major = parts[0] else {
      return report("/@format_version", "is \"\(version.prefix(80))\"; it needs the form 1.0")
    }
    guard major <= 1 else {
      return report(
        "/@format_version", "is \(version), newer than format 1, which this program reads",
        advice: "Use a newer version of this program")
    }
    guard major == 1 else { return report("/@format_version", "is \(version), which never existed") }
    structure.formatVersion = version
  }

  /// Text of a fixed length is filled up with spaces, by Fortran for instance.
  static func unpadded(_ text: String) -> String {
    var text = text[...]
    while text.last == " " { text.removeLast() }
    return String(text)
  }

  // MARK: - Links

  /// Opens every data set of the file and notes every group. Links that are not hard are problems, and not followed.
  private func walk(_ group: String, depth: Int) {
    guard depth <= 8 else { return report(group, "lies more than eight groups deep") }
    guard let links = attempt({ () throws(HDF5Error) in try file.links(in: group) }) else { return }
    for link in links {
      let path = group == "/" ? "/\(link.name)" : "\(group)/\(link.name)"
      guard structure.datasets.count + groups.count < 10_000 else {
        return report("/", "holds more than 10000 objects")
      }
      switch link.kind {
      case .hard: break
      case .soft: report(path, "is a soft link, which is never followed", advice: "Store the object itself")
      case .external: report(path, "is an external link, which is never followed", advice: "Store the object itself")
      case .userDefined: report(path, "is a user-defined link, which is never followed")
      }
      guard link.kind == .hard, !link.name.contains("/"),
        let found = attempt({ () throws(HDF5Error) in try file.kind(of: path) }), let kind = found
      else { continue }
      switch kind {
      case .group:
        groups.insert(path)
        walk(path, depth: depth + 1)
      case .dataset:
        if let dataset = attempt({ () throws(HDF5Error) in try file.dataset(path) }) {
          structure.datasets[path] = dataset
        }
      case .namedType: report(path, "is a named type; only groups and data sets are allowed")
      }
    }
  }
}
