import HDF5
import NeuralNetworks

/// Looks at the values of one data set, block by block, and remembers the first that the format does not allow.
struct ValueCheck {
  let role: DatasetRole
  let element: ElementType
  let bounds: ClosedRange<Double>
  /// The bounds of each channel where they differ.
  private let boundsPerChannel: [ClosedRange<Double>]?
  /// Numbers of one channel of an input.
  private let channelSize: Int
  /// Whether it is a variance.
  private let isVariance: Bool
  let classCount: Int
  let conversion: StatedConversion?
  let isTruth: Bool
  private let shape: [Int]?
  private var lastCoordinate = -Double.infinity
  private(set) var problem: String?
  private var lowest = Double.infinity
  private var highest = -Double.infinity
  /// The smallest and the largest input, as they are stored; nil for anything else.
  var range: ClosedRange<Double>? { role == .inputs && lowest <= highest ? lowest...highest : nil }

  init(role: DatasetRole, element: ElementType, structure: PosteriorStructure, path: String) {
    self.conversion = structure.conversions[path]
    self.isTruth = path == "/sample_stats/diverging"
    self.role = role
    self.shape = structure.datasets[path]?.shape
    self.element = element
    self.bounds = structure.inputBounds ?? -Double.infinity...Double.infinity
    self.boundsPerChannel = structure.boundsPerChannel
    self.channelSize = structure.architecture?.inputShape.dropFirst().reduce(1, *) ?? 1
    self.isVariance = (role == .parameter || role == .shared) && path.hasSuffix(".running_var")
    self.classCount = structure.architecture?.classCount ?? Int.max
  }

  private func place(_ position: Int) -> String { ElementPlace.words(position, in: shape) }

  /// What to do about the problem, where its kind tells.
  var advice: String? {
    guard problem != nil, role == .inputs || role == .referenceInputs, bounds == 0...1, lowest >= 0, highest > 1.5,
      highest <= 255
    else { return nil }
    return "Divide levels from 0 to 255 by 255, or say input_bounds = [0, 255] where the network takes the levels"
  }

  mutating func examine(_ block: UnsafeRawBufferPointer, firstElement: Int) {
    guard problem == nil else { return }
    if let conversion {
      element.forEach(in: block) { index, value in
        guard problem == nil, let objection = conversion.objection(to: value) else { return }
        problem = "holds \(plain(value)) \(place(firstElement + index)), \(objection)"
      }
    }
    guard problem == nil else { return }
    if role == .inputs || role == .referenceInputs {
      element.forEach(in: block) { _, value in
        lowest = min(lowest, value)
        highest = max(highest, value)
      }
    }
    switch role {
    case .parameter where isVariance, .shared where isVariance:
      problem = firstNumber(block) { !(Float($0).isFinite && $0 >= 0) }.map {
        "holds \($0.value) \(place(firstElement + $0.index)); a variance is finite and not negative"
      }
    case .parameter, .shared, .variationalMean:
      problem = firstNumber(block) { !Float($0).isFinite }.map {
        "holds \($0.value) \(place(firstElement + $0.index))"
          + ($0.value.isFinite ? ", beyond float32: weights are computed with in float32" : "; weights are finite")
      }
    case .variationalScale:
      problem = firstNumber(block) { !(Float($0).isFinite && $0 >= 0) }.map {
        "holds \($0.value) \(place(firstElement + $0.index)); a standard deviation is finite and not negative"
      }
    case .labels:
      let classes = Double(classCount)
      problem = firstNumber(block) { $0 < 0 || $0 >= classes }.map {
        "holds \(plain($0.value)) \(place(firstElement + $0.index)); "
          + (classCount == 1
            ? "the network has one class: one number for two classes is said with class_count 2 (format 1.1), or, with "
              + "the weights (0, w) and biases (0, b), becomes two" : "labels run from 0 to \(classCount - 1)")
      }
    case .coordinate:
      var last = lastCoordinate
      problem = firstNumber(block) { value in
        defer { last = value }
        return !(value > last)
      }.map { "holds \(plain($0.value)) \(place(firstElement + $0.index)); coordinates increase: 0, 1, …" }
      lastCoordinate = last
    case .inputs where element == .uint8, .referenceInputs where element == .uint8:
      let allowed = bounds
      problem = Self.first(block, UInt8.self) { !allowed.contains(Double($0) / 255) }.map {
        "holds \($0.value) (\(Double($0.value) / 255)) \(place(firstElement + $0.index)); input_bounds are \(allowed)"
      }
    case .inputs where boundsPerChannel != nil, .referenceInputs where boundsPerChannel != nil:
      problem = channelProblem(block, firstElement)
    case .inputs, .referenceInputs:
      let allowed = bounds.withRounding
      problem = firstNumber(block) { !allowed.contains($0) }.map {
        "holds \($0.value) \(place(firstElement + $0.index)); input_bounds are \(Float(bounds.lowerBound)) to "
          + "\(Float(bounds.upperBound))"
      }
    case .referenceAnswers:
      problem = firstNumber(block) { !$0.isFinite }.map {
        "holds \($0.value) \(place(firstElement + $0.index)); answers are finite"
      }
    case .statistic where isTruth:
      problem = firstNumber(block) { $0 != 0 && $0 != 1 }.map {
        "holds \(plain($0.value)) \(place(firstElement + $0.index)); truth values are 0 and 1"
      }
    case .statistic, .dimension, .other: break
    }
  }

  /// The first input that lies outside the bounds of its channel, as a clause.
  private func channelProblem(_ block: UnsafeRawBufferPointer, _ firstElement: Int) -> String? {
    guard let boundsPerChannel else { return nil }
    let allowed = boundsPerChannel.map(\.withRounding)
    var found: String?
    element.forEach(in: block) { index, value in
      guard found == nil else { return }
      let channel = (firstElement + index) / channelSize % allowed.count
      guard !allowed[channel].contains(value) else { return }
      let bounds = boundsPerChannel[channel]
      found =
        "holds \(value) \(place(firstElement + index)); input_bounds of channel \(channel) are "
        + "\(Float(bounds.lowerBound)) to \(Float(bounds.upperBound))"
    }
    return found
  }

  /// The first number, whatever its representation, that is wrong.
  private func firstNumber(
    _ block: UnsafeRawBufferPointer, where isWrong: (Double) -> Bool
  ) -> (index: Int, value: Double)? {
    if element == .float32 {
      return Self.first(block, Float.self) { isWrong(Double($0)) }.map { ($0.index, Double($0.value)) }
    }
    if element == .float64 { return Self.first(block, Double.self, where: isWrong) }
    if element == .int64 {
      return Self.first(block, Int64.self) { isWrong(Double($0)) }.map { ($0.index, Double($0.value)) }
    }
    var found: (index: Int, value: Double)?
    element.forEach(in: block) { index, value in
      if found == nil, isWrong(value) { found = (index, value) }
    }
    return found
  }

  private static func first<T: BitwiseCopyable>(
    _ block: UnsafeRawBufferPointer, _ type: T.Type, where isWrong: (T) -> Bool
  ) -> (index: Int, value: T)? {
    let values = block.assumingMemoryBound(to: T.self)
    var index = 0
    while index < values.count {
      if isWrong(values[index]) { return (index, values[index]) }
      index += 1
    }
    return nil
  }
}
