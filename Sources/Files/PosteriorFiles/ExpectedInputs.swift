import NeuralNetworks

/// What a network takes: labelled inputs from any file are compared with it, in the same way and the same words.
public struct ExpectedInputs: Sendable, Hashable {
  /// Shape of one input.
  public let inputShape: [Int]
  /// The interval that every input value lies in.
  public let inputBounds: ClosedRange<Double>
  /// The interval of each channel, the first axis of an input; nil where all have the same.
  public let boundsPerChannel: [ClosedRange<Double>]?
  /// Number of classes.
  public let classCount: Int

  /// Describes what a network takes.
  public init(
    inputShape: [Int], inputBounds: ClosedRange<Double>, boundsPerChannel: [ClosedRange<Double>]? = nil, classCount: Int
  ) {
    self.inputShape = inputShape
    self.inputBounds = inputBounds
    self.boundsPerChannel = boundsPerChannel
    self.classCount = classCount
  }

  /// Why inputs of a shape are not the network's; nil when they are.
  ///
  /// Axes of extent 1 change no order and are not compared, nor are they needed. Inputs that are flat are taken in C
  /// order where the network has one channel, and a network of flat inputs takes images of one channel so. Flat inputs
  /// of several channels do not say whether channels come first or last.
  ///
  /// - Parameters:
  ///   - shape: `[n]` and the shape of one input.
  ///   - labelCount: Number of labels, where it is known.
  func shapeProblem(_ shape: [Int], labelCount: Int?) -> String? {
    let found = Array(shape.dropFirst())
    if squeezed(found) == squeezed(inputShape) { return nil }
    if found == [size] { return flatProblem(shape) }
    if inputShape.count == 1, squeezed(found).count <= 2, found.reduce(1, *) == size { return nil }
    return "has shape \(Inspection.tuple(shape)); the network needs \(needed)" + hint(shape, labelCount: labelCount)
  }

  /// Why flat inputs could be another order than the network's; nil where there is one order only.
  private func flatProblem(_ shape: [Int]) -> String? {
    guard inputShape.count == 3, squeezed(inputShape).count > 1, inputShape[0] > 1 else { return nil }
    let (channels, height, width) = (inputShape[0], inputShape[1], inputShape[2])
    return "has shape \(Inspection.tuple(shape)); the network needs \(needed), and flat inputs do not say "
      + "whether channels come first: in numpy .reshape(-1, \(channels), \(height), \(width)) where they do, .reshape(-1, \(height), "
      + "\(width), \(channels)).transpose(0, 3, 1, 2) where they come last"
  }

  private var size: Int { inputShape.reduce(1, *) }

  private var needed: String { "(" + (["n"] + inputShape.map(String.init)).joined(separator: ", ") + ")" }

  private func squeezed(_ shape: [Int]) -> [Int] { shape.filter { $0 != 1 } }

  /// What another order of axes looks like, after a colon; empty where nothing is recognised.
  func hint(_ shape: [Int], labelCount: Int?) -> String {
    guard inputShape.count > 1 || shape.count > 2 else { return "" }
    if let order = order(of: Array(shape.dropFirst())) { return ": the axes look like (\(order))" }
    if let count = labelCount, count != shape.first, shape.last == count, let order = order(of: Array(shape.dropLast()))
    {
      return ": the axes look like (\(order), example)"
    }
    if inputShape.count == 1, shape.count > 2, shape.dropFirst().reduce(1, *) == size {
      return ": flatten each input in the order that the network was trained with"
    }
    return ""
  }

  /// Names of the axes in an order that gives this shape; nil when none does.
  private func order(of shape: [Int]) -> String? {
    let names = inputShape.count == 3 ? ["channel", "height", "width"] : inputShape.indices.map { "axis \($0 + 1)" }
    guard shape.count == inputShape.count, shape.sorted() == inputShape.sorted(), shape.count <= 6 else { return nil }
    // Each axis is the first of its extent that is free, so that height stays before width.
    var free = Array(inputShape.indices)
    let chosen = shape.compactMap { extent -> Int? in
      guard let position = free.firstIndex(where: { inputShape[$0] == extent }) else { return nil }
      return free.remove(at: position)
    }
    return chosen.map { names[$0] }.joined(separator: ", ")
  }

  /// Why inputs within other bounds were meant for another network; nil when they were not.
  ///
  /// Boxes that data suggested differ a little from one sample to the next; another scale differs much.
  func boundsProblem(_ stated: ClosedRange<Double>) -> String? {
    let slack = (inputBounds.upperBound - inputBounds.lowerBound) / 4
    guard
      abs(stated.lowerBound - inputBounds.lowerBound) > slack || abs(stated.upperBound - inputBounds.upperBound) > slack
    else { return nil }
    return "is \(plain(stated.lowerBound)) to \(plain(stated.upperBound)); the network's input_bounds are "
      + "\(plain(inputBounds.lowerBound)) to \(plain(inputBounds.upperBound))"
  }
}

extension ExpectedInputs {
  /// The first label that is no class of the network, and why; nil for none.
  func labelProblem(_ labels: [Int]) -> (position: Int, reason: String)? {
    guard let position = labels.firstIndex(where: { $0 >= classCount }) else { return nil }
    return (position, "labels lie outside the \(classCount) classes, 0 to \(classCount - 1)")
  }

  /// The first value, in row-major order, that lies outside the bounds by more than rounding; nil for none.
  func valueProblem(_ values: [Double]) -> (position: Int, reason: String, advice: String)? {
    let allBounds = boundsPerChannel ?? [inputBounds]
    let rounded = allBounds.map(\.withRounding)
    // With one interval for all, channels do not matter.
    let channelSize = inputShape.dropFirst().reduce(1, *)
    func channel(_ position: Int) -> Int { rounded.count == 1 ? 0 : position / channelSize % rounded.count }
    guard let position = values.indices.first(where: { !rounded[channel($0)].contains(values[$0]) }) else { return nil }
    let bounds = allBounds[channel(position)]
    // Grey levels from 0 to 255, where the network takes them from 0 to 1.
    let areBytes =
      allBounds.allSatisfy { $0 == 0...1 } && values.allSatisfy { (0...255).contains($0) && $0 == $0.rounded() }
    return (
      position,
      "inputs lie outside the bounds [\(plain(bounds.lowerBound)), \(plain(bounds.upperBound))] of the network"
        + (rounded.count == 1 ? "" : "'s channel \(channel(position))"),
      areBytes
        ? "They look like bytes: divide by 255" : "Store the inputs in the scale that the network was trained with"
    )
  }
}

extension PosteriorFile {
  /// What the network of the file takes.
  public var expectedInputs: ExpectedInputs {
    ExpectedInputs(
      inputShape: architecture.inputShape, inputBounds: inputBounds, boundsPerChannel: boundsPerChannel,
      classCount: architecture.classCount)
  }
}
