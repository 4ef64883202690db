import ArrayFiles
import Foundation
import RobustnessCore

/// Labelled inputs from a file or a folder of another kind than HDF5, and where each of them stands there.
///
/// Every value was looked at: inputs are finite, labels count from 0, and there is one for each input.
struct ForeignExamples {
  /// What was named.
  let path: String
  private(set) var inputs: StoredNumbers
  private(set) var inputShape: [Int]
  let labels: [Int]
  let places: Places
  /// How many classes there are, where the source says so.
  let classCount: Int?
  /// The smallest and the largest value that an input may have, where the source says so.
  let inputBounds: ClosedRange<Double>?
  /// What was chosen or converted, for whoever reads the results.
  private(set) var notes: [String]

  /// How places are named in this source.
  enum Places {
    /// Arrays by their names.
    case arrays(inputs: String, labels: String)
    /// Lines of a table, from 1; names of the columns with inputs, and of that with labels.
    case lines([Int], columns: [String], label: String)
    /// Files with an image each.
    case images([String])
    /// Images one after the other in some files.
    case records([(file: String, count: Int)])
  }

  /// Puts together what a reader found.
  ///
  /// - Throws: `PosteriorFileError` for inputs that are not finite, and labels below 0.
  init(
    path: String, inputs: StoredNumbers, inputShape: [Int], labels: [Int], places: Places, classCount: Int? = nil,
    inputBounds: ClosedRange<Double>? = nil, notes: [String] = []
  ) throws(PosteriorFileError) {
    self.path = path
    self.inputs = inputs
    self.inputShape = inputShape
    self.labels = labels
    self.places = places
    self.classCount = classCount
    self.inputBounds = inputBounds
    self.notes = notes
    if let position = inputs.firstNotFinite {
      throw inputError(position, holding: plain(inputs[position]), "inputs are finite")
    }
    if let position = labels.firstIndex(where: { $0 < 0 || $0 > Int(Int32.max) }) {
      throw labelError(position, "labels count from 0")
    }
  }

  /// Inputs and labels together.
  var data: LabelledData {
    LabelledData(
      inputs: inputs, inputShape: inputShape, labels: labels,
      inputBounds: inputs.isBytes ? 0...1 : inputBounds ?? -.infinity ... .infinity)
  }

  /// Moves the channels of images from the last axis to the first, which is where networks here have them.
  mutating func moveChannelsFirst() {
    let (height, width, channels) = (inputShape[0], inputShape[1], inputShape[2])
    func moved<T>(_ values: [T]) -> [T] {
      var result: [T] = []
      result.reserveCapacity(values.count)
      for image in 0..<labels.count {
        for channel in 0..<channels {
          let start = image * height * width * channels + channel
          for pixel in 0..<height * width { result.append(values[start + pixel * channels]) }
        }
      }
      return result
    }
    inputs =
      switch inputs {
      case .bytes(let values): .bytes(moved(values))
      case .floats(let values): .floats(moved(values))
      case .doubles(let values): .doubles(moved(values))
      }
    notes.append("channels moved from the last axis of (\(height), \(width), \(channels)) to the first")
    inputShape = [channels, height, width]
  }

  // MARK: - Errors

  /// The place of the inputs as a whole.
  var inputsPlace: String {
    if case .arrays(let inputs, _) = places { inputs } else { "/" }
  }

  /// The place of the labels as a whole.
  var labelsPlace: String {
    switch places {
    case .arrays(_, let labels): labels
    case .lines(_, _, let label): label
    case .images, .records: "labels"
    }
  }

  func error(_ place: String, _ reason: String, advice: String? = nil) -> PosteriorFileError {
    PosteriorFileError(file: path, path: place, reason: reason, advice: advice)
  }

  /// An input at a position in row-major order that cannot be, and why.
  func inputError(
    _ position: Int, holding value: String, _ reason: String, advice: String? = nil
  ) -> PosteriorFileError {
    let size = max(1, inputShape.reduce(1, *))
    let (example, within) = position.quotientAndRemainder(dividingBy: size)
    let index = ElementPlace.words(within, in: inputShape)
    switch places {
    case .arrays(let inputs, _):
      return error(
        inputs, "holds \(value) \(ElementPlace.words(position, in: [labels.count] + inputShape)): \(reason)",
        advice: advice)
    case .lines(let lines, let columns, _):
      return error("line \(lines[example]), \(columns[within])", "holds \(value): \(reason)", advice: advice)
    case .images(let files): return error(files[example], "holds \(value) \(index): \(reason)", advice: advice)
    case .records:
      return error(place(ofRecord: example), "holds \(value) \(index): \(reason)", advice: advice)
    }
  }

  /// A label that cannot be, and why.
  func labelError(_ example: Int, _ reason: String) -> PosteriorFileError {
    let words = "holds \(labels[example])"
    switch places {
    case .arrays(_, let labels): return error(labels, "\(words) at position \(example): \(reason)")
    case .lines(let lines, _, let label): return error("line \(lines[example]), \(label)", "\(words): \(reason)")
    case .images(let files): return error(files[example], "has the label \(labels[example]): \(reason)")
    case .records: return error(place(ofRecord: example), "has the label \(labels[example]): \(reason)")
    }
  }

  private func place(ofRecord example: Int) -> String {
    guard case .records(let files) = places else { return "/" }
    var rest = example
    for (file, count) in files {
      if rest < count { return "\(file), image \(rest)" }
      rest -= count
    }
    return "/"
  }
}

extension StoredNumbers {
  var isBytes: Bool {
    if case .bytes = self { true } else { false }
  }

  fileprivate var firstNotFinite: Int? {
    switch self {
    case .bytes: nil
    case .floats(let values): values.firstIndex { !$0.isFinite }
    case .doubles(let values): values.firstIndex { !$0.isFinite }
    }
  }

  fileprivate subscript(position: Int) -> Double {
    switch self {
    case .bytes(let values): Double(values[position]) / 255
    case .floats(let values): Double(values[position])
    case .doubles(let values): values[position]
    }
  }
}

extension PosteriorFileError {
  /// What is wrong with a file, in the words of the module that reads its bytes.
  init(_ error: ArrayFileError) {
    self.init(
      file: error.file, path: error.place.isEmpty ? "/" : error.place, reason: error.reason, advice: error.advice)
  }
}

/// Calls what reads bytes, and translates its error.
func readingBytes<T>(_ body: () throws(ArrayFileError) -> T) throws(PosteriorFileError) -> T {
  do throws(ArrayFileError) {
    return try body()
  } catch {
    throw PosteriorFileError(error)
  }
}

/// Refuses what this machine has no room for, before any of it is made: a small compressed file can become any size.
func checkMemory(values count: Int, bytesEach size: Int, of path: String) throws(PosteriorFileError) {
  let available = ProcessInfo.processInfo.physicalMemory / 2
  let (bytes, overflows) = UInt64(count).multipliedReportingOverflow(by: UInt64(size))
  guard overflows || bytes > available else { return }
  throw PosteriorFileError(
    file: path, path: "/",
    reason: "becomes \(count) numbers, more than half of this machine's memory",
    advice: "Store fewer examples")
}
