import Foundation
import HDF5
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

@testable import BoundPropagation

/// `Fixtures/oracles/certificates/auto-lirpa.h5`: what auto_LiRPA 0.7.1 finds in float64 with the same lines.
@Suite(.inTurn) struct `Linear bounds of another program` {
  struct Case {
    let ensemble: NetworkEnsemble
    let examples: Examples
    let box: ClosedRange<Double>
    let logits: [Double]

    init(_ name: String, _ file: HDF5File) throws {
      if let posterior = try file.attribute("file", of: "/\(name)")?.text {
        (ensemble, examples, box) = try Posterior(rawValue: posterior)!.load(3, draws: 1)
      } else {
        let architecture = try Architecture(json: try file.attribute("architecture", of: "/\(name)")?.text ?? "")
        let weights = try file.dataset("/\(name)/weights").readAll(as: Float.self)
        ensemble = try NetworkEnsemble(
          InMemoryWeights(architecture: architecture, draws: [weights]), configuration: .init(threads: 1))
        let inputs = try file.dataset("/\(name)/inputs")
        examples = Examples(
          inputs: Tensor(shape: inputs.shape ?? [], elements: try inputs.readAll(as: Double.self)),
          labels: try file.dataset("/\(name)/labels").readAll(as: Int64.self).map(Int.init))
        box = 0...1
      }
      logits = try file.dataset("/\(name)/logits").readAll(as: Double.self)
    }
  }

  @Test(arguments: ["hmc", "ensemble", "moons", "convolution", "residual"], [Norm.linf, .l2])
  func `are ours`(_ name: String, _ norm: Norm) throws {
    let file = try HDF5File.open(Fixtures.url("oracles/certificates/auto-lirpa.h5").path)
    let known = try Case(name, file)
    let (rows, classes) = (known.examples.count, known.ensemble.classCount)
    let logits = try known.ensemble.member(0).logits(known.examples.inputs).elements
    for (own, their) in zip(logits, known.logits) { #expect(abs(own - their) < 1e-9 * max(1, abs(their))) }
    func read(_ item: String) throws -> [Double] {
      try file.dataset("/\(name)/\(norm.rawValue)/\(item)").readAll(as: Double.self)
    }
    let (lower, upper) = (try read("lower"), try read("upper"))
    for (index, epsilon) in try read("epsilons").enumerated() {
      // In L2 it knows no box.
      let threat = try ThreatModel(norm: norm, epsilon: epsilon, box: norm == .linf ? known.box : -1e4...1e4)
      let question = CertificateQuestion(
        threat: threat, radii: [Double](repeating: epsilon, count: rows), draws: [0])
      var pass = BoundPass(
        try known.ensemble.boundedMember(0), over: try InputRegion(known.examples, question), hidden: .linear)
      // All differences of all examples, upwards and downwards.
      var (coefficients, examples, places) = ([Double](), [Int](), [Int]())
      for (row, label) in known.examples.labels.enumerated() {
        for k in 0..<classes where k != label {
          for sign in [1.0, -1] {
            var form = [Double](repeating: 0, count: classes)
            (form[k], form[label]) = (sign, -sign)
            coefficients += form
            examples.append(row)
            places.append((index * rows + row) * classes + k)
          }
        }
      }
      let minima = pass.minima(of: coefficients, examples: examples, at: pass.logits)
      // In L2 intervals of the first layer are the ball's there and the box's here, where linear bounds are not asked
      // for: for rectifiers that are never at zero, which only intervals of a sum see.
      let relative = name == "residual" && norm == .l2 ? 2e-4 : 1e-6
      for (form, place) in places.enumerated() {
        let their = form % 2 == 0 ? lower[place] : -upper[place]
        #expect(
          abs(minima.bounds[form] - their) < relative * max(1, abs(their)),
          "ε = \(epsilon), example \(examples[form]), form \(form)")
      }
      #expect(minima.slack.allSatisfy { $0 < 1e-9 })
    }
  }
}
