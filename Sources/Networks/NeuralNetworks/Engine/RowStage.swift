internal import CComputeKernels
internal import ComputeKernels
import Foundation

/// A layer as a function of one example, in `Double` and in C order: the plain statement of what it computes, its
/// derivative with it.
///
/// Whoever writes one has written a layer: ``RowStage`` runs it in every precision and layout, and gives every gradient
/// row its exponent. The statement is what the layer's tests compare with finite differences.
package protocol RowFunction: Sendable {
  /// The result of one example.
  ///
  /// - Parameters:
  ///   - inputs: One pointer for each input.
  ///   - parameters: One for each parameter, in the order of the layer's trace.
  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>)

  /// Adds to the gradients with respect to the inputs, which are zero before, what follows from `g`, the gradient with
  /// respect to the result; and to those with respect to the parameters, where they are given.
  ///
  /// - Parameter y: What `forward` gave.
  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?)

  /// The same where gradients can be far below the smallest `Double`: what is added are mantissas, times 2 to the power
  /// that is returned.
  func scaledBackward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) -> Int

  /// Largest magnitude of the result for inputs up to the given ones; infinite where there is no bound.
  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double
}

extension RowFunction {
  package func scaledBackward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) -> Int {
    backward(inputs, parameters, y, g, dx, dp)
    return 0
  }
}

/// Runs a ``RowFunction`` over a block.
struct RowStage<Function: RowFunction>: Stage {
  let function: Function
  /// Elements of each input and of the result, for one example.
  let inputSizes: [Int]
  let outputSize: Int
  let parameters: [NetworkGraph.Place]
  let title: String
  let isTrainable: Bool

  init(
    _ function: Function, inputSizes: [Int], outputSize: Int, parameters: [NetworkGraph.Place] = [], title: String,
    isTrainable: Bool = false
  ) {
    self.function = function
    self.inputSizes = inputSizes
    self.outputSize = outputSize
    self.parameters = parameters
    self.title = title
    self.isTrainable = isTrainable
  }

  private var parameterCount: Int { parameters.reduce(0) { $0 + $1.count } }

  var packedSizes: PackedSizes { PackedSizes(forward: 8 * parameterCount) }

  func pack(
    _ source: ParameterPointer, _ direction: PackingDirection, into place: UnsafeMutableRawPointer,
    _ offsets: PackedOffsets, worker: KernelWorker
  ) throws {
    guard direction.isForward else { return }
    var target = (place + offsets.forward).assumingMemoryBound(to: Double.self)
    for parameter in parameters {
      for index in parameter.range {
        target.pointee = source.value(index)
        target += 1
      }
    }
  }

  private func parameterPointers(_ pass: StagePass) -> [UnsafePointer<Double>] {
    var next = UnsafePointer((pass.draw + pass.offsets.forward).assumingMemoryBound(to: Double.self))
    return parameters.map { parameter in
      defer { next += parameter.count }
      return next
    }
  }

  /// Doubles that one row needs: inputs, result, gradient, gradients of inputs.
  static func scratchDoubles(_ inputSizes: [Int], _ outputSize: Int, _ parameterCount: Int) -> Int {
    2 * inputSizes.reduce(0, +) + 2 * outputSize + parameterCount
  }

  func forward(_ pass: StagePass) throws {
    let type = pass.outputLayout.precision.elementType
    let parameters = parameterPointers(pass)
    if type == CKN_FLOAT64 {
      for row in 0..<pass.rows {
        function.forward(
          inputSizes.indices.map {
            UnsafePointer(pass.input($0).assumingMemoryBound(to: Double.self) + row * inputSizes[$0])
          }, parameters, pass.result.assumingMemoryBound(to: Double.self) + row * outputSize)
      }
      return
    }
    let scratch = pass.space.rowScratch(Self.scratchDoubles(inputSizes, outputSize, parameterCount))
    var places: [UnsafePointer<Double>] = []
    var next = scratch
    for size in inputSizes {
      places.append(UnsafePointer(next))
      next += size
    }
    for row in 0..<pass.rows {
      for (index, size) in inputSizes.enumerated() {
        ckn_widen_row(UnsafeMutablePointer(mutating: places[index]), pass.input(index), type, row * size, size)
      }
      function.forward(places, parameters, next)
      ckn_narrow_row(pass.result, type, row * outputSize, next, outputSize)
    }
  }

  func backward(_ pass: StagePass) throws {
    let type = pass.outputLayout.precision.elementType
    let parameters = parameterPointers(pass)
    let total = parameterCount
    let scratch = pass.space.rowScratch(Self.scratchDoubles(inputSizes, outputSize, total))
    var next = scratch
    func take(_ size: Int) -> UnsafeMutablePointer<Double> {
      defer { next += size }
      return next
    }
    let places = inputSizes.map { take($0) }
    let result = take(outputSize)
    let incoming = take(outputSize)
    let gradients = inputSizes.map { take($0) }
    let sums = take(total)
    let targets = inputSizes.indices.map { pass.target($0) }
    let wanted = zip(gradients, targets).map { gradient, target in target == nil ? nil : gradient }
    var parameterGradients: [UnsafeMutablePointer<Double>]?
    if pass.parameterSum != nil, isTrainable {
      ckn_zero(sums, 8 * total)
      var place = sums
      parameterGradients = self.parameters.map { parameter in
        defer { place += parameter.count }
        return place
      }
    }
    let inputs = places.map { UnsafePointer($0) }
    for row in 0..<pass.rows {
      for (index, size) in inputSizes.enumerated() {
        ckn_widen_row(places[index], pass.input(index), type, row * size, size)
        ckn_zero(gradients[index], 8 * size)
      }
      ckn_widen_row(result, pass.result, type, row * outputSize, outputSize)
      ckn_widen_row(incoming, pass.incoming, type, row * outputSize, outputSize)
      let exponent = function.scaledBackward(
        inputs, parameters, UnsafePointer(result), UnsafePointer(incoming), wanted, parameterGradients)
      for (index, size) in inputSizes.enumerated() {
        guard let target = targets[index] else { continue }
        if pass.arithmetic.hasExponents {
          target.exponents[row] += Int32(exponent)
          ckn_narrow_gradient_row(target.gradient, type, row * size, gradients[index], target.exponents + row, size)
        } else {
          if exponent != 0 {
            for element in 0..<size { gradients[index][element] = scalbn(gradients[index][element], exponent) }
          }
          ckn_narrow_row(target.gradient, type, row * size, gradients[index], size)
        }
      }
    }
    if let parameterSum = pass.parameterSum, isTrainable {
      var place = sums
      for parameter in self.parameters {
        ckn_add_to_sum(
          parameterSum + parameter.offset * (type == CKN_FLOAT64 ? 8 : 4), type == CKN_FLOAT64 ? type : CKN_FLOAT32,
          place, parameter.count)
        place += parameter.count
      }
    }
  }

  func bound(_ magnitudes: [Double], _ source: UnsafePointer<Float>) -> Double {
    let numbers = parameters.map { place in place.range.map { Double(source[$0]) } }
    return withBuffers(numbers[...], []) { function.bound(magnitudes, $0) }
  }

  private func withBuffers(
    _ rest: ArraySlice<[Double]>, _ done: [UnsafeBufferPointer<Double>],
    _ body: ([UnsafeBufferPointer<Double>]) -> Double
  ) -> Double {
    guard let first = rest.first else { return body(done) }
    return first.withUnsafeBufferPointer { withBuffers(rest.dropFirst(), done + [$0], body) }
  }
}
