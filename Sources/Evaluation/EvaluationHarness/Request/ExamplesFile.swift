import Foundation
import PosteriorFiles
import RobustnessCore
import Shell

/// Inputs and labels from a file of their own: what `--data` names.
enum ExamplesFile {
  /// Reads the evaluation data of another posterior file, `inputs` and `labels` at the root of an HDF5 file or in a file
  /// of another kind (`ExampleArrays`), or one run of a file that `--save-adversarial` wrote (`out.h5#0`). What a library
  /// in C reads is checked in a child process, like every file of unknown origin. The digest names the examples: that of
  /// the posterior file, or of the values. The names say which arrays were chosen among others, and what was converted.
  ///
  /// - Parameter expected: What the network takes; everything that disagrees with it is refused, whichever file it is
  ///   in.
  static func read(
    _ argument: String, for expected: ExpectedInputs, acceptChanged: Bool
  ) throws -> (data: LabelledData, sha256: String, names: String?) {
    let (path, run) = split(argument)
    if let found = try ExampleArrays.readNamed(path, run: run, for: expected, probe: .currentProgram) {
      return (found.data, found.data.valuesSHA256, found.names)
    }
    guard run == nil else {
      throw BadDataError("\(path): is a posterior file; # names a run in a file that --save-adversarial wrote")
    }
    let file = try PosteriorFile.open(path, acceptChanged: acceptChanged, probe: .currentProgram)
    guard let digest = file.dataSHA256, let data = try file.evaluationData(for: expected) else {
      throw BadDataError("\(path): /evaluation_data is missing")
    }
    return (data, digest, nil)
  }

  /// A file may have # in its name: what exists is meant as it stands.
  static func split(_ argument: String) -> (path: String, run: Int?) {
    guard !FileManager.default.fileExists(atPath: argument), let mark = argument.lastIndex(of: "#"),
      let run = Int(argument[argument.index(after: mark)...]), run >= 0
    else { return (argument, nil) }
    return (String(argument[..<mark]), run)
  }
}
