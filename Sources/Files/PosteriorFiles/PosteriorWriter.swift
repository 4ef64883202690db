import Foundation
import HDF5
import NeuralNetworks
import RobustnessCore
import Shell

/// Writes posterior files so that at every moment the target is either what it was before or complete and verified.
///
/// The file is written under a temporary name in the same folder, flushed to the disk, read back and compared with its
/// digests, and only then given its name.
public enum PosteriorWriter {
  /// Writes a file, replacing the one that has the name.
  ///
  /// Draws are taken from the source one at a time: memory holds one draw and the evaluation data.
  ///
  /// - Returns: The file as it was read back and verified, open for reading: nobody needs to check it once more.
  /// - Throws: ``PosteriorFileError`` when the contents contradict each other or the file cannot be written,
  ///   and whatever the source of the weights throws. What was at `path` is then still there, and nothing else.
  @discardableResult
  public static func write(_ contents: PosteriorContents, to path: String) throws -> PosteriorFile {
    let target = try target(path)
    try checkTarget(target, path)
    try contents.checkCounts(path)
    var verified: PosteriorFile?
    do {
      try AtomicFile.replace(target.path, durability: .contentAndName) { temporary in
        try writeFile(contents, to: temporary)
      } check: { temporary in
        // It stays open while it gets its name, which changes nothing of what is read from it.
        verified = try PosteriorFile.open(temporary, as: path)
        guard verified?.integrity == .verified else {
          throw PosteriorFileError(file: path, path: "/", reason: "was not written as it should have been")
        }
      }
    } catch {
      throw translate(error, path: path)
    }
    guard let verified else { throw failure(path, "it was not read back") }
    return verified
  }

  // MARK: - Errors

  static func failure(_ path: String, _ reason: String) -> PosteriorFileError {
    PosteriorFileError(file: path, path: "/", reason: "could not be written: \(reason)")
  }

  /// Errors name the target: nobody has heard of the temporary file.
  private static func translate(_ error: any Error, path: String) -> any Error {
    switch error {
    case let error as HDF5Error:
      return PosteriorFileError(file: path, path: error.path, reason: "could not be written: \(error.reason)")
    case let error as SystemError: return failure(path, "\(error)")
    case var error as PosteriorFileError:
      error.file = path
      return error
    default: return error
    }
  }

  /// The file behind all links; what is there and no file is never replaced.
  private static func target(_ path: String) throws -> URL {
    do {
      let place = try OutputPlace(path)
      switch place {
      case .file(let target): return URL(fileURLWithPath: target)
      case .folder: return URL(fileURLWithPath: path)
      default: throw failure(path, "it is \(place.whatElse ?? ""), and HDF5 needs a regular file")
      }
    } catch let error as SystemError {
      throw failure(path, "\(error)")
    }
  }

  private static func checkTarget(_ target: URL, _ path: String) throws(PosteriorFileError) {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: target.path, isDirectory: &isFolder), isFolder.boolValue {
      throw failure(path, "there is a folder of this name")
    }
    let folder = target.deletingLastPathComponent().path
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
      throw failure(path, "the folder \(folder) does not exist")
    }
    guard access(folder, W_OK) == 0 else {
      throw failure(path, "the folder \(folder) is not writable (\(String(cString: strerror(errno))))")
    }
  }

  // MARK: - The file

  private static func writeFile(_ contents: PosteriorContents, to path: String) throws {
    let file = try HDF5File.create(path)
    do {
      try fill(file, contents)
      try file.flush()
      try file.close()
    } catch {
      // Reports nothing new, but frees what the library holds of the file.
      try? file.close()
      throw error
    }
  }

  private static func fill(_ file: HDF5File, _ contents: PosteriorContents) throws {
    var writing = FileInWriting(file: file, contents: contents)
    try writing.writeModel()
    try writing.writePosterior()
    try writing.writeShared()
    try writing.writeStatistics()
    try writing.writeVariational()
    try writing.writeEvaluationData()
    try writing.writeReference()
    try writing.writeProvenance()
    try writing.writeRoot()
  }
}

extension PosteriorContents {
  var drawsPerChain: Int { weights.drawCount / chainCount }

  /// Refuses contents whose parts do not fit each other, before anything is written.
  fileprivate func checkCounts(_ path: String) throws(PosteriorFileError) {
    let architecture = weights.architecture
    let draws = weights.drawCount
    func refuse(_ place: String, _ reason: String) -> PosteriorFileError {
      PosteriorFileError(file: path, path: place, reason: reason)
    }
    guard draws >= 1 else { throw refuse("/posterior", "would hold no draws") }
    guard chainCount >= 1, draws % chainCount == 0 else {
      throw refuse("/posterior", "would hold \(draws) draws, which cannot be shared among \(chainCount) chains")
    }
    for statistic in sampleStatistics where statistic.values.count != draws {
      throw refuse("/sample_stats/\(statistic.name)", "has \(statistic.values.count) values for \(draws) draws")
    }
    if let variational {
      guard variational.mean.count == architecture.parameterCount,
        variational.scale.count == architecture.parameterCount
      else { throw refuse("/variational", "does not hold one mean and one scale for every parameter") }
    }
    if let evaluationData {
      let size = architecture.inputShape.reduce(1, *)
      guard evaluationData.count >= 1, evaluationData.inputs.count == evaluationData.count * size else {
        throw refuse(
          "/evaluation_data",
          "has \(evaluationData.inputs.count) input values and \(evaluationData.count) labels for inputs of "
            + "\(size) values"
        )
      }
    }
    for case let (place, reason)? in [sharedProblem, boundsProblem, referenceProblem] { throw refuse(place, reason) }
    if provenance["exactness"] != nil {
      throw refuse("/provenance@exactness", "is written from the exactness of the posterior")
    }
    if provenance["kind"] != nil { throw refuse("/provenance@kind", "is written from the kind of the posterior") }
  }
}
