import Datasets
import PosteriorFiles
import Shell

/// An output or a journal that cannot be written, or a sampler that cannot go on; exit code 70.
struct RunError: ProgramError {
  let description: String
  init(_ description: String) { self.description = description }
  var exitCode: Int32 { 70 }
}

extension Train {
  /// The error with the exit code that it has in programs that train: data and files that cannot be used are 65.
  package static func programError(for error: any Error) -> any Error {
    error is DatasetError || error is PosteriorFileError ? BadDataError("\(error)") : error
  }
}
