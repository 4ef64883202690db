internal import CComputeKernels
internal import ComputeKernels
import RobustnessCore

extension Architecture {
  /// The first weight of a product whose numbers are all below float32's normal range without all being zero: rounding
  /// has eaten most of their digits there, and a flush would eat the rest.
  func firstSubnormalWeight(_ parameters: UnsafeBufferPointer<Float>) -> String? {
    var offset = 0
    for parameter in self.parameters {
      let numbers = UnsafeBufferPointer(rebasing: parameters[offset..<offset + parameter.count])
      offset += parameter.count
      guard case .weight = parameter.purpose, numbers.contains(where: { $0 != 0 }),
        numbers.allSatisfy({ $0.magnitude < .leastNormalMagnitude })
      else { continue }
      return parameter.name
    }
    return nil
  }
}

extension CompiledNetwork {
  /// Sets weights below 2⁻¹²⁶ to zero, which weight decay leaves in networks by the thousand: many processors take a
  /// hundred times as long to multiply such a number. In float64 they stay.
  ///
  /// Beside the other weights of their layer they are nothing; a layer that has no others is refused.
  func flushSubnormals(_ parameters: UnsafeMutableBufferPointer<Float>, of what: @autoclosure () -> String) throws {
    guard precision != .float64, let base = parameters.baseAddress else { return }
    if let name = architecture.firstSubnormalWeight(UnsafeBufferPointer(parameters)) {
      throw CoreError(
        "all numbers of \(name) in \(what()) are below 10⁻³⁸, where float32 has no digits left. Use --precision float64"
      )
    }
    _ = ckn_flush_subnormals(base, parameters.count)
  }
}
