import Foundation
public import NeuralNetworks
public import PosteriorFiles
public import RobustnessCore
import Shell

/// Training from inside another program.
extension Train {
  /// Does what a request asks for.
  ///
  /// - Parameters:
  ///   - request: What is to be done.
  ///   - samplers: Those among which the request's sampler is found by its name.
  /// - Returns: The file, read back and verified.
  /// - Throws: What the program would print; ``exitCode(of:)`` is the code that it would end with. After an
  ///   interruption the journal is what ``TrainingRequest/init(resuming:options:)`` goes on from.
  @discardableResult
  public static func train(
    _ request: TrainingRequest, samplers: [any PosteriorSampler.Type]
  ) throws -> PosteriorFile {
    try request.run(samplers)
  }

  /// Whether a run that was begun or stopped waits beside this output for somebody to go on with it.
  public static func canResume(_ output: String) -> Bool {
    FileManager.default.fileExists(atPath: JournalFiles.description(JournalFiles.folder(of: output)))
  }

  /// From now on Ctrl-C stops a training after its step, with everything saved.
  public static func watchForInterruption() { Interruption.watch() }

  /// Ends work between two trainings, once Ctrl-C was pressed.
  ///
  /// - Parameter description: What is lost, and how to go on.
  /// - Throws: An error with the exit code 75.
  public static func checkForInterruption(_ description: @autoclosure () -> String) throws {
    try Interruption.check(description())
  }

  /// The network that `--architecture` describes.
  ///
  /// - Throws: A sentence about what is wrong with the text.
  public static func architecture(_ text: String, inputShape: [Int], classCount: Int) throws -> Architecture {
    try ArchitectureSpecification.resolve(text, inputShape: inputShape, classCount: classCount)
  }
}
