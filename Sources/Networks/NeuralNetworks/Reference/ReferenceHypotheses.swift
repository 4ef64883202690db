import Foundation

/// Another network or other weights, which an author's program may have had.
struct ReferenceHypothesis: Sendable {
  /// A clause that continues "the answers agree when …".
  var cause: String
  /// What to do, with its full stop.
  var advice: String
  var pass: ReferencePass
  /// What is different of every draw's weights.
  var change: (@Sendable (inout [Double]) -> Void)?
  /// Whether it must explain the answers by the arithmetic that the author declared, and nothing coarser.
  var isFine = false
  /// Whether it is no other network, but TF32.
  var isTF32 = false
}

/// What usually goes wrong between an author's program and the file, one thing at a time.
struct ReferenceHypotheses {
  let architecture: Architecture
  let pass: ReferencePass

  init(_ architecture: Architecture) {
    self.architecture = architecture
    pass = ReferencePass(architecture)
  }

  var all: [ReferenceHypothesis] { usual + activations + biases + pooling + arithmetics }

  /// The most frequent ones.
  var usual: [ReferenceHypothesis] {
    normalizations + inputMistakes + transpositions + orders + roundings
  }

  // MARK: - Inputs

  private var hasNormalization: Bool {
    if case .scale? = pass.steps.first { true } else { false }
  }

  /// Means and scales of common data sets, for as many channels as there are.
  private static let known: [(name: String, mean: [Double], scale: [Double])] = [
    ("to −1 … 1", [0.5], [0.5]), ("MNIST", [0.1307], [0.3081]), ("Fashion-MNIST", [0.2860], [0.3530]),
    ("to −1 … 1", [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]),
    ("CIFAR-10", [0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]),
    ("CIFAR-10", [0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]),
    ("CIFAR-100", [0.5071, 0.4867, 0.4408], [0.2675, 0.2565, 0.2761]),
    ("ImageNet", [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ("SVHN", [0.4377, 0.4438, 0.4728], [0.1980, 0.2010, 0.1970]),
  ]

  private var normalizations: [ReferenceHypothesis] {
    var result: [ReferenceHypothesis] = []
    func add(_ cause: String, _ advice: String, _ steps: [ReferencePass.Step]) {
      var other = pass
      other.steps = steps
      result.append(ReferenceHypothesis(cause: cause, advice: advice, pass: other))
    }
    let channels = architecture.inputShape[0]
    let rest = hasNormalization ? Array(pass.steps.dropFirst()) : pass.steps
    if hasNormalization {
      add(
        "the normalisation is left out",
        "The author's program did not normalise: take the layer normalize out, or answer with it.", rest)
      add(
        "the normalisation is applied twice",
        "The inputs of the author's program were normalised already: it applied the layer once more.",
        [pass.steps[0]] + pass.steps)
    }
    let replaced = hasNormalization ? "the normalisation is another" : "inputs are normalised"
    for (name, mean, scale) in Self.known where mean.count == channels || mean.count == 1 {
      let (m, s) = mean.count == channels ? (mean, scale) : ([mean[0]], [scale[0]])
      let step = ReferencePass.Step.scale(mean: m, scale: s)
      guard step != pass.steps[0] else { continue }
      add("\(replaced), \(Self.words(m, s)) (\(name))", Self.normalizeAdvice(m, s, channels), [step] + rest)
    }
    add(
      "inputs are multiplied by 255", "Divide the inputs of the author's program by 255, as they are stored.",
      [.scale(mean: [0], scale: [1 / 255])] + pass.steps)
    add(
      "inputs are divided by 255", "The author's program divided inputs once more that were 0 to 1 already.",
      [.scale(mean: [0], scale: [255])] + pass.steps)
    return result
  }

  static func words(_ mean: [Double], _ scale: [Double]) -> String {
    func list(_ values: [Double]) -> String { values.map { String(format: "%.6g", $0) }.joined(separator: ", ") }
    return "mean \(list(mean)) and scale \(list(scale))"
  }

  static func normalizeAdvice(_ mean: [Double], _ scale: [Double], _ channels: Int) -> String {
    func list(_ values: [Double]) -> String {
      values.count == channels && channels <= 4
        ? values.map { String(format: "%.6g", $0) }.joined(separator: ", ")
        : "\(String(format: "%.6g", values[0])), …"
    }
    return
      "The file needs the layer {\"type\": \"normalize\", \"mean\": [\(list(mean))], \"scale\": [\(list(scale))]}, "
      + "one entry for each channel."
  }

  // MARK: - Weights

  /// Exchanges the axes of blocks of numbers.
  private static func permuting(
    _ offset: Int, _ count: Int, _ places: [Int]
  ) -> @Sendable (inout [Double]) -> Void {
    { weights in
      let block = Array(weights[offset..<offset + count])
      for (target, place) in places.enumerated() { weights[offset + target] = block[place] }
    }
  }

  private var transpositions: [ReferenceHypothesis] {
    var result: [ReferenceHypothesis] = []
    var squares: [@Sendable (inout [Double]) -> Void] = []
    let advice = "Store the weight as PyTorch's state_dict has it: .T turns it in numpy."
    func add(_ cause: String, _ advice: String, _ change: @escaping @Sendable (inout [Double]) -> Void) {
      result.append(ReferenceHypothesis(cause: cause, advice: advice, pass: pass, change: change))
    }
    for step in pass.steps {
      switch step {
      case .dense(let name, let units, let inputs, let offset, _) where units == inputs && units > 1:
        let change = Self.permuting(offset, units * units, ReferencePass.places([units, units], [1, 0]))
        squares.append(change)
        add("the weight of \(name) is transposed", advice, change)
      case .convolution(let name, let filters, let size, let shape, let offset, _):
        let whole = [filters, shape[0], size, size]
        let count = whole.reduce(1, *)
        if size > 1 {
          add(
            "the kernels of \(name) have height and width exchanged",
            "Kernels are (out, in, height, width): numpy's swapaxes(-1, -2) turns them.",
            Self.permuting(offset, count, ReferencePass.places(whole, [0, 1, 3, 2])))
          add(
            "the kernels of \(name) are turned by 180°",
            "The author's program convolves; here, as in PyTorch, kernels are not flipped: numpy's flip(axis=(-1, -2)).",
            Self.permuting(
              offset, count, (0..<count).map { $0 / (size * size) * size * size + size * size - 1 - $0 % (size * size) }
            ))
        }
        if filters == shape[0], filters > 1 {
          add(
            "the kernels of \(name) have input and output channels exchanged",
            "Kernels are (out, in, height, width): numpy's swapaxes(-3, -4) turns them.",
            Self.permuting(offset, count, ReferencePass.places(whole, [1, 0, 2, 3])))
        }
      default: break
      }
    }
    if squares.count > 1 {
      let changes = squares
      add("all square weights are transposed", advice) { weights in for change in changes { change(&weights) } }
    }
    return result
  }

  private var biases: [ReferenceHypothesis] {
    let ranges = pass.steps.compactMap { step -> Range<Int>? in
      switch step {
      case .dense(_, let units, let inputs, let offset, _):
        return offset + units * inputs..<offset + units * (inputs + 1)
      case .convolution(_, let filters, let size, let shape, let offset, _):
        let count = filters * shape[0] * size * size
        return offset + count..<offset + count + filters
      default: return nil
      }
    }
    return [
      ReferenceHypothesis(
        cause: "the biases are left out",
        advice: "The author's program has no biases: store zeros, or answer with them.",
        pass: pass
      ) { weights in
        for range in ranges { for index in range { weights[index] = 0 } }
      }
    ]
  }

  private var roundings: [ReferenceHypothesis] {
    HalfPrecision.allCases.map { half in
      ReferenceHypothesis(
        cause: "the weights are rounded to \(half.rawValue)",
        advice: "The author's program had weights of \(half.rawValue): store those that answered, as float32.",
        pass: pass,
        change: { weights in for index in weights.indices { weights[index] = half.rounded(weights[index]) } },
        isFine: true)
    }
  }

  /// Products of operands with fewer digits, carried out as graphics processors do: of all layers, or of one kind,
  /// which has a switch of its own.
  var arithmetics: [ReferenceHypothesis] {
    var result: [ReferenceHypothesis] = []
    func add(_ cause: String, _ advice: String, isTF32: Bool, _ rounding: ReferencePass.OperandRounding) {
      var other = pass
      other.rounding = rounding
      result.append(ReferenceHypothesis(cause: cause, advice: advice, pass: other, isTF32: isTF32))
    }
    for (isOfDense, isOfConvolutions) in [(true, true), (false, true), (true, false)] {
      for truncates in [false, true] {
        add(
          "products are of TF32 numbers", "", isTF32: true,
          .init(bits: 11, truncates: truncates, isOfDense: isOfDense, isOfConvolutions: isOfConvolutions))
      }
    }
    for resultBits in [nil, 8] {
      add(
        "products are of bfloat16 numbers",
        "Say precision = bfloat16 if that is what was meant; answers in float32 say more.", isTF32: false,
        .init(bits: 8, truncates: false, isOfDense: true, isOfConvolutions: true, resultBits: resultBits))
    }
    return result
  }

  // MARK: - Orders of axes

  private var orders: [ReferenceHypothesis] {
    var result: [ReferenceHypothesis] = []
    for (index, step) in pass.steps.enumerated() {
      guard case .flatten(let shape, _) = step, shape.count == 3 else { continue }
      let names = ["channel", "height", "width"]
      for order in [[1, 2, 0], [0, 2, 1], [2, 1, 0], [1, 0, 2], [2, 0, 1]] {
        let places = ReferencePass.places(shape, order)
        guard places != Array(places.indices) else { continue }
        let turned = order.map { names[$0] }.joined(separator: ", ")
        let advice =
          "The columns of the dense layer after flatten belong to (channel, height, width) in C order: "
          + "reorder them before they are stored."
        var other = pass
        other.steps[index] = .flatten(shape: shape, order: order)
        result.append(
          ReferenceHypothesis(cause: "flatten writes (\(turned))", advice: advice, pass: other))
        let back = order.indices.map { axis in order.firstIndex(of: axis) ?? axis }
        let turnedShape = order.map { shape[$0] }
        guard ReferencePass.places(turnedShape, back) != places else { continue }
        other.steps[index] = .flatten(shape: turnedShape, order: back)
        result.append(
          ReferenceHypothesis(
            cause: "flatten takes its input for (\(turned)) and writes (channel, height, width)", advice: advice,
            pass: other))
      }
    }
    let shape = architecture.inputShape
    if shape.count == 3 {
      for (order, words) in [([0, 2, 1], "height and width exchanged"), ([1, 2, 0], "channels last in memory")] {
        let turned = order.map { shape[$0] }
        // Read as the network's own shape afterwards; an order that changes nothing says nothing.
        guard ReferencePass.places(shape, order) != Array(0..<shape.reduce(1, *)), order[0] != 0 || turned == shape
        else { continue }
        var other = pass
        other.steps.insert(.flatten(shape: shape, order: order), at: 0)
        result.append(
          ReferenceHypothesis(
            cause: "inputs have \(words)", advice: "Inputs are (channel, height, width) in C order.", pass: other))
      }
    }
    return result
  }

  // MARK: - Layers

  private var activations: [ReferenceHypothesis] {
    var result: [ReferenceHypothesis] = []
    let advice = "Name the activation that the author's program has, or answer with the one in the file."
    let used = pass.steps.indices.compactMap { index in pass.activation(index).map { (index, $0) } }
    let hidden = used.dropLast()
    let kinds = hidden.map(\.1).reduce(into: [ReferenceActivation]()) { if !$0.contains($1) { $0.append($1) } }
    for old in kinds {
      for new in ReferenceActivation.others where new != old {
        var other = pass
        for (index, activation) in hidden where activation == old { other.setActivation(index, new) }
        result.append(
          ReferenceHypothesis(cause: "\(new.title) takes the place of \(old.title)", advice: advice, pass: other))
      }
    }
    for (index, old) in used {
      let isLast = index == used.last?.0
      // One hidden layer alone is the case above.
      guard isLast || hidden.count { $0.1 == old } > 1 else { continue }
      for new in ReferenceActivation.others.prefix(6) where new != old {
        var other = pass
        other.setActivation(index, new)
        result.append(
          ReferenceHypothesis(
            cause: "\(new.title) takes the place of \(old.title) in \(pass.name(index) ?? "a layer")", advice: advice,
            pass: other))
      }
    }
    return result
  }

  private var pooling: [ReferenceHypothesis] {
    var other = pass
    var isPooled = false
    for (index, step) in pass.steps.enumerated() {
      guard case .pool(let size, let stride, let shape, _) = step else { continue }
      isPooled = true
      other.steps[index] = .pool(size: size, stride: stride, shape: shape, isMean: true)
    }
    guard isPooled else { return [] }
    return [
      ReferenceHypothesis(
        cause: "pooling takes the mean of a window", advice: "The format has max-pooling only.", pass: other)
    ]
  }
}

extension ReferencePass {
  /// The activation of a step that has one.
  func activation(_ index: Int) -> ReferenceActivation? {
    switch steps[index] {
    case .dense(_, _, _, _, let activation), .convolution(_, _, _, _, _, let activation): activation
    default: nil
    }
  }

  /// The name of a step that has one.
  func name(_ index: Int) -> String? {
    switch steps[index] {
    case .dense(let name, _, _, _, _), .convolution(let name, _, _, _, _, _): name
    default: nil
    }
  }

  mutating func setActivation(_ index: Int, _ activation: ReferenceActivation) {
    switch steps[index] {
    case .dense(let name, let units, let inputs, let offset, _):
      steps[index] = .dense(name: name, units: units, inputs: inputs, offset: offset, activation)
    case .convolution(let name, let filters, let size, let shape, let offset, _):
      steps[index] = .convolution(
        name: name, filters: filters, size: size, shape: shape, offset: offset, activation)
    default: break
    }
  }
}
