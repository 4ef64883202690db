import PosteriorFiles

/// Inputs and labels from a file of their own.
enum ExamplesFile {
  /// Reads the evaluation data of another posterior file, checked in a child process like every file of unknown origin.
  static func read(_ path: String, acceptChanged: Bool) throws -> EvaluationData {
    let file = try PosteriorFile.open(path, acceptChanged: acceptChanged, probe: .currentProgram)
    guard let data = try file.evaluationData() else {
      throw BadDataError("\(path): /evaluation_data is missing")
    }
    return data
  }
}
