internal import CComputeKernels
internal import ComputeKernels
import RobustnessCore

/// What the draws of a pass add up to, for all examples.
///
/// `Sendable` without a check, because it holds memory: a worker writes the rows of its own block, or of its own draw,
/// and what they add up to is read when all of them have ended. The memory lives as long as the object.
final class PassSums: @unchecked Sendable {
  let examples: Int
  let draws: Int
  let classes: Int
  let prediction: PredictionBuffers
  /// examples × inputs, or nil.
  let gradient: UnsafeMutablePointer<Double>?
  let exponents: UnsafeMutablePointer<Int32>
  /// Where draws share a part of the network: the gradient with respect to its input, and its exponents.
  let outer: (gradient: UnsafeMutablePointer<Double>, exponents: UnsafeMutablePointer<Int32>)?
  /// Sums of probabilities, examples × classes, and of losses, in float32.
  let naive: UnsafeMutablePointer<Float>
  let members: UnsafeMutablePointer<Double>?

  /// - Parameter outerSize: Numbers of an input of the part that draws share; nil without one.
  init(
    examples: Int, inputSize: Int, outerSize: Int? = nil, classes: Int, draws: Int, request: BlockEngine.Request
  ) {
    self.examples = examples
    self.draws = draws
    self.classes = classes
    prediction = PredictionBuffers(rows: examples, classes: classes)
    if request.hasGradient {
      let values = UnsafeMutablePointer<Double>.allocate(capacity: max(1, examples * inputSize))
      ckn_zero(values, 8 * examples * inputSize)
      gradient = values
    } else {
      gradient = nil
    }
    exponents = .allocate(capacity: max(1, examples))
    ckn_set_exponents(exponents, Int32.min, examples)
    if let outerSize, request.hasGradient {
      let gradient = UnsafeMutablePointer<Double>.allocate(capacity: max(1, examples * outerSize))
      ckn_zero(gradient, 8 * examples * outerSize)
      let exponents = UnsafeMutablePointer<Int32>.allocate(capacity: max(1, examples))
      ckn_set_exponents(exponents, Int32.min, examples)
      outer = (gradient, exponents)
    } else {
      outer = nil
    }
    naive = .allocate(capacity: max(1, examples * (classes + 1)))
    ckn_zero(naive, 4 * examples * (classes + 1))
    members =
      request.members != nil ? .allocate(capacity: max(1, draws * examples * classes)) : nil
  }

  deinit {
    gradient?.deallocate()
    exponents.deallocate()
    outer?.gradient.deallocate()
    outer?.exponents.deallocate()
    naive.deallocate()
    members?.deallocate()
  }

  /// Adds the float32 sums of a block.
  func addNaive(_ part: AlignedMemory, rows: Range<Int>, blockRows: Int) {
    let source = part.base.assumingMemoryBound(to: Float.self)
    for row in rows {
      for c in 0..<classes { naive[row * classes + c] += source[(row - rows.lowerBound) * classes + c] }
      naive[examples * classes + row] += source[blockRows * classes + row - rows.lowerBound]
    }
  }

  /// Writes what one draw says about the rows of a block.
  func writeMember(
    _ draw: Int, rows: Range<Int>, logits: UnsafeMutableRawPointer, type: ckn_type, _ output: MemberOutput
  ) {
    guard let members else { return }
    let target = members + (draw * examples + rows.lowerBound) * classes
    switch output {
    case .logProbabilities:
      ckn_log_softmax(target, logits, type, rows.count, classes)
    case .logits:
      let count = rows.count * classes
      if type == CKN_FLOAT64 {
        target.update(from: logits.assumingMemoryBound(to: Double.self), count: count)
      } else {
        let source = logits.assumingMemoryBound(to: Float.self)
        for index in 0..<count { target[index] = Double(source[index]) }
      }
    }
  }
}

/// What gradients need from a first pass over all draws.
///
/// `Sendable` without a check, because it holds memory: that is written when it is made, by one thread, and only read
/// after that. The memory lives as long as the object.
final class FirstPass: @unchecked Sendable {
  private let padded: Int
  private let classes: Int
  private let logSums: UnsafeMutablePointer<Double>
  private let meanLogits: UnsafeMutablePointer<Double>
  private let outer: UnsafeMutablePointer<Double>
  private let naive: UnsafeMutablePointer<Float>

  init(_ sums: PassSums, objective: Objective, labels: [Int]) {
    padded = sums.prediction.padded
    classes = sums.classes
    let count = max(1, sums.examples * padded)
    logSums = .allocate(capacity: count)
    meanLogits = .allocate(capacity: count)
    outer = .allocate(capacity: count)
    for pointer in [logSums, meanLogits, outer] { ckn_zero(pointer, 8 * count) }
    naive = .allocate(capacity: max(1, sums.examples * classes))
    var buffers = sums.prediction[0]
    ckn_first_pass_fill(
      objective.kernel, logSums, meanLogits, outer, &buffers, labels.map(Int32.init), Double(sums.draws), sums.examples,
      classes)
    for row in 0..<sums.examples {
      for c in 0..<classes {
        naive[row * classes + c] =
          objective == .meanLogit
          ? Float(sums.prediction[row].logits[c] / Double(sums.draws))
          : sums.naive[row * classes + c] / Float(sums.draws)
      }
    }
  }

  deinit {
    logSums.deallocate()
    meanLogits.deallocate()
    outer.deallocate()
    naive.deallocate()
  }

  func pointers(row: Int) -> ckn_first_pass {
    ckn_first_pass(
      log_sums: logSums + row * padded, mean_logits: meanLogits + row * padded, outer: outer + row * padded)
  }

  /// Mean probabilities (or logits) in float32, examples × classes.
  func naiveMean(row: Int) -> UnsafePointer<Float> { UnsafePointer(naive + row * classes) }
}
