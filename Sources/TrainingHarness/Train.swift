import ComputeKernels
import Datasets
import Foundation
import PosteriorFiles
public import RobustnessCore

/// The program `train`, for this package's own executable and for a laboratory's:
///
/// ```swift
/// Train.run(samplers: .builtIn + [Mine.self])
/// ```
public enum Train {
  /// Parses the command line, trains, writes the posterior file, and ends the process.
  ///
  /// Exit codes: 0 done; 64 usage; 65 data, a start or a journal that cannot be used; 70 an output that cannot be written, or a sampler that cannot go on; 75 stopped, and can be resumed.
  ///
  /// - Parameter samplers: What the first word of the command line finds.
  public static func run(samplers: [any PosteriorSampler.Type]) -> Never {
    // Before anything else: the program starts itself to look at files of unknown origin.
    Probe.runIfRequested()
    Interruption.watch()
    do {
      try TrainJob(words: Array(CommandLine.arguments.dropFirst()), samplers: samplers).run()
      exit(0)
    } catch {
      if let interrupted = error as? Interrupted {
        FileHandle.standardError.write(Data("\(interrupted)\n".utf8))
      } else {
        FileHandle.standardError.write(Data("error: \(error)\n".utf8))
      }
      exit(exitCode(of: error))
    }
  }

  /// The exit code that goes with an error: 64 usage, 65 data, 75 stopped, 70 anything else.
  public static func exitCode(of error: any Error) -> Int32 {
    switch error {
    case is UsageError: 64
    case is BadDataError, is DatasetError, is PosteriorFileError: 65
    case is Interrupted: 75
    default: 70
    }
  }
}
