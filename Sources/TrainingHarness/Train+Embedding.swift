public import BuiltInPlugins
public import NeuralNetworks
public import RobustnessCore

/// Training from inside another program.
extension Train {
  /// Does what `train` does with these words, and returns when the file is there.
  ///
  /// - Parameters:
  ///   - words: The command line without the program's name: `["hmc", "--data", "mnist", …]`, or `["--resume", "file.h5"]`.
  ///   - samplers: What the first word finds.
  /// - Throws: What the program would print; ``exitCode(of:)`` is the code that it would end with. After an interruption the journal is what `--resume` goes on from.
  public static func train(_ words: [String], samplers: [any PosteriorSampler.Type] = .builtIn) throws {
    try TrainJob(words: words, samplers: samplers).run()
  }

  /// From now on Ctrl-C stops a training after its step, with everything saved.
  public static func watchForInterruption() { Interruption.watch() }

  /// Ends work between two trainings, once Ctrl-C was pressed.
  ///
  /// - Parameter description: What is lost, and how to go on.
  /// - Throws: An error with the exit code 75.
  public static func checkForInterruption(_ description: @autoclosure () -> String) throws {
    if Interruption.isRequested { throw Interrupted(description: description()) }
  }

  /// The network that `--architecture` describes.
  ///
  /// - Throws: A sentence about what is wrong with the text.
  public static func architecture(_ text: String, inputShape: [Int], classCount: Int) throws -> Architecture {
    try ArchitectureSpecification.resolve(text, inputShape: inputShape, classCount: classCount)
  }
}
