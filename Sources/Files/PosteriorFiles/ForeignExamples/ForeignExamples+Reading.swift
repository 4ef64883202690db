import ArrayFiles
import Foundation
import RobustnessCore

extension ForeignExamples {
  /// Reads what a source has to evaluate on: examples to test on, where it sets some apart.
  ///
  /// - Parameter probe: The program that decodes images first, in a process of its own; nil for those of this program.
  static func toTestOn(
    _ path: String, _ kind: ForeignKind, probe: ProbeCommand?
  ) throws(PosteriorFileError) -> ForeignExamples {
    switch kind {
    case .numPyArchive: return try NumPyExamples(path).toTestOn()
    case .table: return try ForeignExamples(CSVTable(path))
    case .images:
      try checkImages(path, probe)
      let folder = try ImageFolder(path)
      return try (folder.test ?? folder.train).examples(path)
    case .cifarFile(let kind): return try kind.examples(path, files: [path])
    case .cifarFolder(let kind): return try kind.examples(path, files: kind.files(in: path).test)
    }
  }

  /// Reads what a source has to train on, and what it sets apart to test on.
  static func toTrainOn(
    _ path: String, _ kind: ForeignKind, probe: ProbeCommand?
  ) throws(PosteriorFileError) -> (train: ForeignExamples, test: ForeignExamples?) {
    var parts: (train: ForeignExamples, test: ForeignExamples?)
    switch kind {
    case .numPyArchive: parts = try NumPyExamples(path).toTrainOn()
    case .table: parts = (try ForeignExamples(CSVTable(path)), nil)
    case .images:
      try checkImages(path, probe)
      let folder = try ImageFolder(path)
      parts = (try folder.train.examples(path), try folder.test?.examples(path))
    case .cifarFile(let kind): parts = (try kind.examples(path, files: [path]), nil)
    case .cifarFolder(let kind):
      let files = try kind.files(in: path)
      parts = (try kind.examples(path, files: files.train), try kind.examples(path, files: files.test))
    }
    guard parts.test == nil || parts.test?.inputShape == parts.train.inputShape,
      parts.test == nil || parts.test?.inputs.element == parts.train.inputs.element
    else {
      throw parts.train.error("/", "holds inputs to test on of another shape or type than those to train on")
    }
    if parts.train.hasChannelsLast {
      parts.train.moveChannelsFirst()
      parts.test?.moveChannelsFirst()
    }
    return parts
  }

  /// Images of which only the last axis can be that of channels: grey, colour, or colour with transparency.
  private var hasChannelsLast: Bool {
    guard inputShape.count == 3, case .arrays = places else { return false }
    let channels = [1, 3, 4]
    return channels.contains(inputShape[2]) && inputShape[0] > 4 && inputShape[1] > 4
  }

  /// What was chosen among other possibilities, and what was converted; nil where nothing was.
  var statement: String? { notes.isEmpty ? nil : notes.joined(separator: "; ") }

  /// A library in C decodes images: it does so in a process of its own first.
  private static func checkImages(_ path: String, _ probe: ProbeCommand?) throws(PosteriorFileError) {
    guard let probe else { return }
    // A folder that is none of images is refused before anything walks through all of it.
    _ = try ImageFolder(path)
    if let problem = try probe.runOnImages(path).problems.first { throw problem }
  }

  /// What the checking process does.
  static func checkImages(_ path: String) -> ArraysAnswer {
    do throws(PosteriorFileError) {
      let folder = try ImageFolder(path)
      try folder.train.decodeAll(path)
      try folder.test?.decodeAll(path)
      return ArraysAnswer(problems: [], content: ArraysContent(isPosteriorFile: false))
    } catch {
      return ArraysAnswer(problems: [error], content: nil)
    }
  }
}
