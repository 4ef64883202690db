import Foundation
import PosteriorFiles
public import RobustnessCore
import Shell

/// The program `train`, for this package's own executable and for a laboratory's:
///
/// ```swift
/// Train.run(samplers: .builtIn + [Mine.self])
/// ```
public enum Train {
  /// Parses the command line, trains, writes the posterior file, and ends the process.
  ///
  /// Exit codes: 0 done; 64 usage; 65 data, a start or a journal that cannot be used; 70 an output that cannot be
  /// written, or a sampler that cannot go on; 75 stopped, and can be resumed.
  ///
  /// - Parameter samplers: What the first word of the command line finds.
  public static func run(samplers: [any PosteriorSampler.Type]) -> Never {
    // Before anything else: the program starts itself to look at files of unknown origin.
    Probe.runIfRequested()
    StandardDescriptors.open()
    Interruption.watch()
    do {
      try TrainJob(words: CommandWords.asGiven(), samplers: samplers).run()
      exit(0)
    } catch {
      ProgramEnd(of: error, manner: .interruptionIsNoError).perform()
    }
  }

  /// The exit code that goes with an error: 64 usage, 65 data, 75 stopped, 70 anything else.
  public static func exitCode(of error: any Error) -> Int32 { ProgramEnd.exitCode(of: error) }
}
