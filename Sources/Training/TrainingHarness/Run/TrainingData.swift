import Datasets
import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import Shell

/// What a run trains on, and the examples that go into its file.
struct TrainingData {
  /// What the data set is called.
  let name: String
  /// What was chosen or converted when it was read, for whoever reads the summary; nil where nothing was.
  let statement: String?
  let classCount: Int
  let train: DatasetPart
  /// nil when the user wants none.
  let evaluation: LabelledData?
  /// `test`, or `train` where there is no part to test on.
  let evaluationOrigin: String

  /// Reads or generates the data that the options name.
  ///
  /// - Throws: `UsageError` for a name that means nothing; `DatasetError` and `PosteriorFileError` for data that cannot
  ///   be used.
  init(_ options: RunOptions, path: String?, probe: ProbeCommand?) throws {
    let source: DatasetSource
    do {
      source = try path.map { DatasetSource.file($0) } ?? DatasetSource(options.data)
    } catch {
      throw UsageError("--data: \(error)")
    }
    let dataset = try source.load(
      folders: DataFolders(given: options.dataFolder), seed: UInt64(options.dataSeed), probe: probe)
    name = dataset.name
    statement = dataset.statement
    classCount = dataset.classCount
    if let count = options.trainingExamples, count < dataset.train.count {
      train = try dataset.train.classBalanced(count, classCount: classCount, seed: UInt64(options.dataSeed))
    } else if let count = options.trainingExamples, count > dataset.train.count {
      throw UsageError("--training-examples \(count): \(dataset.name) has \(dataset.train.count)")
    } else {
      train = dataset.train
    }
    let part = dataset.test ?? train
    evaluationOrigin = dataset.test == nil ? "train" : "test"
    // Evenly spaced, and so neither the first class only where a file is sorted by class, nor another balance of
    // classes than that of the data.
    let count = min(options.evaluationExamples, part.count)
    evaluation = count == 0 ? nil : part.subset((0..<count).map { $0 * part.count / count }).data
  }

  /// The absolute path of `--data` when it names a file; nil otherwise.
  static func path(_ options: RunOptions) -> String? {
    guard case .file(let path)? = try? DatasetSource(options.data) else { return nil }
    return URL(fileURLWithPath: path).path
  }

  /// The examples as a network trains on them.
  var examples: TrainingExamples { TrainingExamples(train.data) }
}
