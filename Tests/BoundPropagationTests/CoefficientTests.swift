import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import BoundPropagation

/// Networks of ordinary values whose coefficients, on the way back, leave the numbers of the machine.
@Suite(.inTurn) struct `Coefficients` {
  static func step(_ source: Int, _ matrix: [[Double]], _ offset: [Double] = []) -> BoundedNetwork.Step {
    .init(
      name: "step", outputCount: matrix.count,
      operation: .affine(AffineStep([.init(source: source, map: Matrix(rowsOfMatrix: matrix))], offset: offset)))
  }

  static func least(_ network: BoundedNetwork, _ norm: Norm) throws -> Double {
    let region = try InputRegion(
      Examples(inputs: Tensor(shape: [1, 1], elements: [0.5]), labels: [0]),
      CertificateQuestion(threat: try ThreatModel(norm: norm, epsilon: 0.25), radii: [0.25], draws: [0]))
    var pass = BoundPass(network, over: region, hidden: .linear)
    return pass.minima(of: [1], examples: [0], at: pass.logits).bounds[0]
  }

  /// w·c·2⁻¹⁰⁶⁰ · 2¹⁰²⁰ − b: of the product of both weights only 14 bits are left, rounded up past b.
  @Test(arguments: [Norm.linf, .l2]) func `that underflow lose digits, which large values multiply`(
    _ norm: Norm
  ) throws {
    let weight = 1 + 6 * 0x1p-10
    // weight² = 1 + 6·2⁻⁹ + 36·2⁻²⁰, and b is 14·2⁻²⁰ more.
    let b = 1 + 6 * 0x1p-9 + 50 * 0x1p-20
    let network = BoundedNetwork(
      inputCount: 1,
      steps: [
        Self.step(0, [[0]], [1]), Self.step(1, [[0x1p510]]), Self.step(2, [[0x1p510]]),
        Self.step(3, [[scalbn(weight, -1060)]]), Self.step(4, [[weight]], [-b * 0x1p-40]),
      ])
    #expect(try Self.least(network, norm) <= -14 * 0x1p-60)
  }
}
