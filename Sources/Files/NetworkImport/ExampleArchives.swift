import ArrayFiles
import NeuralNetworks
import PosteriorFiles
import RobustnessCore

/// Labelled inputs, and answers, in archives of NumPy.
struct ExampleArchives {
  let architecture: Architecture
  /// What the author's own program gives where the network has logits.
  let ending: NetworkEnding
  /// One interval, or one for each channel.
  let bounds: [ClosedRange<Double>]

  private static func open(_ path: String) throws -> any ArrayArchive {
    try PickleRefusal.check(path)
    return try ArrayFormat.open(path)
  }

  /// The arrays `inputs` and `labels`.
  func data(_ path: String) throws -> LabelledData {
    let archive = try Self.open(path)
    let inputs = try inputs(archive, path)
    let labels = try archive.array("labels")
    guard labels.shape == [inputs.count] else {
      throw ImportError(
        file: path, "labels has the shape \(labels.shape), and inputs \(inputs.count) examples: one label for each")
    }
    let classes = try labels.integers()
    if let index = classes.firstIndex(where: { $0 < 0 || $0 >= Int64(architecture.classCount) }) {
      throw ImportError(
        file: path,
        "labels[\(index)] is \(classes[index]), and the network has \(architecture.classCount) classes, from 0 to \(architecture.classCount - 1)"
      )
    }
    return LabelledData(
      inputs: inputs.numbers, inputShape: architecture.inputShape, labels: classes.map(Int.init),
      inputBounds: bounds.reduce(bounds[0]) { min($0.lowerBound, $1.lowerBound)...max($0.upperBound, $1.upperBound) })
  }

  /// The arrays `logits` and `log_predictive`, at `inputs` or, without them, at the first of the labelled inputs.
  func answers(_ path: String, draws: Int, data: LabelledData?) throws -> ReferenceAnswers {
    let archive = try Self.open(path)
    let classes = architecture.classCount
    let logits = archive.names.contains("logits") ? try archive.array("logits") : nil
    let predictive = archive.names.contains("log_predictive") ? try archive.array("log_predictive") : nil
    let form = try logits.map { try AnswerForm($0.shape, draws: draws, classes: classes, file: path) }
    guard let count = form?.count ?? predictive?.shape.first else {
      throw ImportError(
        file: path,
        "has neither logits (draw, input, class) nor log_predictive (input, class), and holds "
          + archive.names.prefix(9).joined(separator: ", "))
    }
    let inputs: StoredNumbers
    if archive.names.contains("inputs") {
      let own = try self.inputs(archive, path)
      guard own.count == count else {
        throw ImportError(file: path, "has answers at \(count) inputs, and \(own.count) inputs")
      }
      inputs = own.numbers
    } else if let data, data.count >= count {
      inputs = data.inputs.rows(0..<count, size: data.inputSize)
    } else {
      throw ImportError(
        file: path,
        "has answers at \(count) inputs and no array inputs; without it they are the first of --data, which has "
          + "\(data?.count ?? 0)")
    }
    if let predictive, predictive.shape != [count, classes] {
      throw ImportError(file: path, "log_predictive has the shape \(predictive.shape), not \([count, classes])")
    }
    var answers = ReferenceAnswers(
      inputs: inputs,
      logits: try logits.map { try form?.logits(try Self.finite($0, path), ending, path) ?? .doubles([]) },
      logPredictive: try predictive.map { try Self.finite($0, path) }, software: try archive.text("software"),
      precision: .float64)
    answers.precision = try Self.precision(archive, [logits, predictive].compactMap(\.self), path)
    return answers
  }

  /// The arithmetic of the answers: what the file says, or else their type.
  ///
  /// Half precision of ten bits is taken for that of seven, which explains more: no arithmetic of the format is its own.
  private static func precision(
    _ archive: any ArrayArchive, _ arrays: [ForeignArray], _ path: String
  ) throws -> AnswerPrecision {
    if let word = try archive.text("precision") {
      if word == "float16" { return .bfloat16 }
      guard let precision = AnswerPrecision(rawValue: word) else {
        throw ImportError(
          file: path,
          "precision is \(word.quoted), and no arithmetic that is known: "
            + AnswerPrecision.allCases.map(\.rawValue).joined(separator: ", ") + ", float16")
      }
      return precision
    }
    guard !archive.names.contains("precision") else {
      throw ImportError(file: path, "precision is no text: numpy.savez(…, precision=\"float32\")")
    }
    if arrays.contains(where: { $0.element == .float16 || $0.element == .bfloat16 }) { return .bfloat16 }
    return arrays.allSatisfy { $0.element == .float64 } ? .float64 : .float32
  }

  /// The numbers of an array of answers.
  private static func finite(_ array: ForeignArray, _ path: String) throws -> StoredNumbers {
    let numbers = try stored(array, path)
    guard let index = numbers.values.firstIndex(where: { !$0.isFinite }) else { return numbers }
    throw ImportError(
      file: path,
      "\(array.name) has \(numbers.values[index]) at \(Self.place(index, array.shape)): the author's program gave no number there"
    )
  }

  /// Where an element is: `[0, 3, 1]`.
  private static func place(_ index: Int, _ shape: [Int]) -> [Int] {
    zip(Places.strides(shape), shape).map { index / $0 % $1 }
  }

  // MARK: - Inputs

  private func inputs(_ archive: any ArrayArchive, _ path: String) throws -> (numbers: StoredNumbers, count: Int) {
    let array = try archive.array("inputs")
    let shape = architecture.inputShape
    guard array.shape.count == shape.count + 1, Array(array.shape.dropFirst()) == shape, array.shape[0] >= 1 else {
      throw ImportError(
        file: path,
        "inputs has the shape \(array.shape), and the network takes (n, \(shape.map(String.init).joined(separator: ", ")))\(hint(array.shape))"
      )
    }
    let numbers = try Self.stored(array, path)
    guard case .bytes = numbers else {
      try check(numbers, array, path)
      return (numbers, array.shape[0])
    }
    guard bounds.allSatisfy({ $0 == 0...1 }) else {
      throw ImportError(
        file: path,
        "inputs has bytes, which mean their value divided by 255 and go with bounds 0 and 1 only: save floating-point inputs for other bounds"
      )
    }
    return (numbers, array.shape[0])
  }

  /// What could have been meant, where the axes are others.
  private func hint(_ shape: [Int]) -> String {
    guard shape.count == 4, architecture.inputShape.count == 3,
      [shape[3], shape[1], shape[2]] == architecture.inputShape
    else {
      return shape.dropFirst().reduce(1, *) == architecture.inputShape.reduce(1, *) ? ": reshape it" : ""
    }
    return ": channels come first, inputs.transpose(0, 3, 1, 2)"
  }

  private static func stored(_ array: ForeignArray, _ path: String) throws -> StoredNumbers {
    switch array.element {
    case .uint8: return .bytes(try array.byteValues())
    case .float16, .bfloat16, .float32: return .floats(try array.floats())
    case .float64: return .doubles(try array.doubles())
    default:
      throw ImportError(
        file: path,
        "\(array.name) is of type \(array.element.rawValue); bytes (uint8) and floating-point numbers are read")
    }
  }

  /// Refuses numbers outside the bounds, but for what rounding explains.
  private func check(_ numbers: StoredNumbers, _ array: ForeignArray, _ path: String) throws {
    let values = numbers.values
    let size = architecture.inputShape.reduce(1, *)
    let run = size / architecture.inputShape[0]
    for (index, value) in values.enumerated() {
      guard value.isFinite else {
        throw ImportError(
          file: path,
          "inputs has \(value) at \(Self.place(index, array.shape)): inputs are numbers from \(bounds[0].lowerBound) to \(bounds[0].upperBound)"
        )
      }
      let box = bounds.count == 1 ? bounds[0] : bounds[index % size / run]
      let slack = max(1e-6 * (box.upperBound - box.lowerBound), Double(Float(box.upperBound).ulp))
      guard value >= box.lowerBound - slack, value <= box.upperBound + slack else {
        throw ImportError(
          file: path,
          "inputs[\(index / size)] has the value \(value), outside the bounds \(box.lowerBound) to \(box.upperBound): "
            + "--bounds LOW HIGH says others")
      }
    }
  }
}
