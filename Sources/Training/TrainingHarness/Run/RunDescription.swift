import ComputeKernels
import Foundation
import NeuralNetworks
import Shell

/// Everything that a run was told and decided when it began: what it is resumed from, and what its file says about it.
struct RunDescription: Codable, Hashable, Sendable {
  /// Changes when journals of older versions cannot be continued.
  static let journalVersion = 1
  /// The version of this package.
  static let programVersion = ProgramVersion.current

  var journalVersion = Self.journalVersion
  var programVersion = Self.programVersion
  var sampler: String
  /// Every option of the run that has a value, defaults included.
  var options: [String: String]
  /// The same of the sampler.
  var samplerOptions: [String: String]
  var shape: RunShape
  var architecture: String
  var inputLow: Double
  var inputHigh: Double
  /// What the data set is called, and where its file is if it is one.
  var dataName: String
  var dataPath: String?
  var trainSHA256: String
  var trainCount: Int
  /// When a part of the data was chosen: the digest of the indices, and of what was chosen from.
  var indicesSHA256: String?
  var sourceSHA256: String?
  var evaluationOrigin: String
  /// `prior`, `map`, or the name of a file.
  var start: String
  /// The posterior in that file.
  var startSHA256: String?
  /// The words of the first start, without paths and what does not matter to the result.
  var commandLine: String
  var kernels = KernelLibrary.preferredDescription

  /// The text of `run.json`.
  func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self) + Data("\n".utf8)
  }

  /// Reads the description in a journal.
  ///
  /// - Throws: `BadDataError` when it cannot be read, or was written by another version.
  static func read(_ folder: String) throws -> (
    description: RunDescription, files: JournalFiles, architecture: Architecture
  ) {
    let path = JournalFiles.description(folder)
    guard let bytes = try PlainFile.contents(path) else {
      throw BadDataError("there is no run to resume: \(folder) holds no run.json")
    }
    guard let description = try? JSONDecoder().decode(RunDescription.self, from: Data(bytes)) else {
      throw BadDataError("\(path) is damaged, or was written by another version of train: it does not describe a run")
    }
    guard description.journalVersion == journalVersion, description.programVersion == programVersion else {
      throw BadDataError(
        "\(path): the run was begun with version \(description.programVersion) and this is version \(programVersion), whose bits may differ. "
          + "Finish it with that version, or keep what there is with `posterior publish` of that version")
    }
    let architecture: Architecture
    do {
      architecture = try Architecture(json: description.architecture)
    } catch {
      throw BadDataError("\(path) is damaged: the architecture \(error)")
    }
    return (
      description, JournalFiles(folder: folder, run: checksum(bytes), parameterCount: architecture.parameterCount),
      architecture
    )
  }
}
