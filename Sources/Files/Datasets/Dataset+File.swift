import Foundation
public import PosteriorFiles
import RobustnessCore

extension Dataset {
  /// Reads labelled inputs from a file of NumPy, a table, a folder of images, CIFAR's binary form, or HDF5: there
  /// `inputs` and `labels`, and `test_inputs` and `test_labels` if there are any, at the root.
  ///
  /// Inputs are float32, float64 (rounded to single precision) or uint8 (divided by 255). The bounds are those of the
  /// root's attribute `input_bounds`, else the smallest and the largest number of all inputs; of bytes 0 and 1.
  /// There are as many classes as the attribute `class_count` says, else as the labels to train on have, which then
  /// leave no class out.
  ///
  /// - Parameters:
  ///   - path: The file, or the folder.
  ///   - probe: The program that opens the file first, in a process of its own; nil for files that this program has
  ///     just written.
  /// - Throws: ``/PosteriorFiles/PosteriorFileError`` or ``DatasetError`` with the file and the reason.
  public init(file path: String, probe: ProbeCommand?) throws {
    let arrays = try TrainingArrays.read(path, probe: probe)
    let ranges = [arrays.train, arrays.test].compactMap { $0?.inputs.range }
    let lowest = ranges.map(\.lowerBound).min() ?? 0
    let highest = ranges.map(\.upperBound).max() ?? 0
    if let bounds = arrays.inputBounds {
      try Self.check(lowest...highest, arrays.train.inputs, within: bounds, path)
    } else if lowest == highest {
      throw DatasetError(
        file: path, reason: "holds inputs that all are \(lowest)",
        advice: "State what values are possible in the attribute input_bounds, two numbers (in a .npz file, an array)")
    }
    let bounds = if case .bytes = arrays.train.inputs { 0.0...1 } else { arrays.inputBounds ?? lowest...highest }
    func part(_ data: LabelledData) -> DatasetPart {
      DatasetPart(
        inputs: Self.clamped(data.inputs, to: bounds), inputShape: data.inputShape, labels: data.labels,
        inputBounds: bounds)
    }
    try self.init(
      name: URL(filePath: path).lastPathComponent, classCount: arrays.classCount, train: part(arrays.train),
      test: arrays.test.map(part), origin: path + (arrays.statement.map { " (\($0))" } ?? ""))
    statement = arrays.statement
  }

  /// What rounding put outside the bounds, moved onto them.
  private static func clamped(_ inputs: StoredNumbers, to bounds: ClosedRange<Double>) -> StoredNumbers {
    guard case .floats(let values) = inputs else { return inputs }
    let (low, high) = (Float(bounds.lowerBound), Float(bounds.upperBound))
    return .floats(values.map { min(max($0, low), high) })
  }

  private static func check(
    _ range: ClosedRange<Double>, _ inputs: StoredNumbers, within bounds: ClosedRange<Double>, _ path: String
  ) throws(DatasetError) {
    var allowed = bounds
    if case .floats = inputs { allowed = bounds.withRounding }
    guard allowed.contains(range.lowerBound), allowed.contains(range.upperBound) else {
      throw DatasetError(
        file: path,
        reason:
          "holds inputs from \(range.lowerBound) to \(range.upperBound); its input_bounds are \(bounds.lowerBound) and \(bounds.upperBound)"
      )
    }
  }
}
