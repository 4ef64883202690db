import Foundation
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

@testable import NeuralNetworks

/// Mistakes with a number of their own, and digits and channels that were lost: each is found by a fit or in a list.
@Suite(.inTurn) struct ReferenceFitTests {
  typealias Tests = ReferenceComparisonTests

  private func expectCause(
    _ findings: ReferenceFindings, _ words: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(findings.outcome == .differs, "\(findings)", sourceLocation: sourceLocation)
    #expect(
      findings.cause?.contains(words) == true, "\(findings.sentence(author: "the author"))",
      sourceLocation: sourceLocation)
  }

  @Test(arguments: [AnswerPrecision.float64, .float32], [false, true])
  func `a normalisation that is off by little is no TF32`(
    _ precision: AnswerPrecision, _ predictiveOnly: Bool
  ) throws {
    // The file says 0.3 and 0.4.
    var author = AuthorsProgram(ownNormalization: (0.301, 0.4))
    author.normalizations = 0
    expectCause(
      try Tests.findings(.convolution, author, precision: precision, predictiveOnly: predictiveOnly),
      "the normalisation is another, mean 0.301 and scale 0.4")
  }

  @Test(arguments: AuthorsNetwork.allCases, [1.003, 0.98]) func `weights times a number are named, and no bfloat16`(
    _ network: AuthorsNetwork, _ factor: Double
  ) throws {
    for precision in [AnswerPrecision.float64, .float32] {
      expectCause(
        try Tests.findings(
          network, precision: precision,
          stored: { draws in draws = draws.map { $0.map { Float(Double($0) / factor) } } }),
        "all weights and biases are multiplied by \(String(format: "%.6g", factor))")
    }
  }

  @Test func `the weight of one layer times a number is named`() throws {
    let findings = try Tests.findings(
      .dense,
      stored: { draws in for draw in draws.indices { for index in 264..<840 { draws[draw][index] *= 0.5 } } })
    expectCause(findings, "the weight of square is multiplied by 2")
  }

  /// Three channels whose constants differ, from a network of the format without and with its layer normalize.
  private func channels(
    file: (mean: [Double], scale: [Double])?, author: (mean: [Double], scale: [Double])?, reversed: Bool = false,
    predictiveOnly: Bool = false
  ) throws -> ReferenceFindings {
    func architecture(_ constants: (mean: [Double], scale: [Double])?) throws -> Architecture {
      var layers: [Architecture.Layer] = [
        .convolution(name: "conv1", filters: 4, kernelSize: 3, activation: .tanh), .flatten,
        .dense(name: "output", units: 4, activation: .identity),
      ]
      if let constants { layers.insert(.normalize(mean: constants.mean, scale: constants.scale), at: 0) }
      return try Architecture(inputShape: [3, 6, 6], classCount: 4, layers: layers)
    }
    let own = try architecture(file)
    let draws = (0..<4).map { draw in
      var stream = RandomStreams(seed: 8, purpose: "test/channels").stream(example: draw)
      return stream.normals(own.parameterCount).map { Float(0.2 * $0) }
    }
    let inputs = (0..<12).map { row in
      var stream = RandomStreams(seed: 9, purpose: "test/channels/inputs").stream(example: row)
      return stream.uniforms(108).map { Double(Float($0)) }
    }
    let theirs = try architecture(author)
    let answers = draws.map { draw in
      inputs.map { input in
        AuthorsProgram().logits(
          theirs, reversed ? (0..<108).map { input[(2 - $0 / 36) * 36 + $0 % 36] } : input, draw)
      }
    }
    var question = ReferenceQuestion(inputs: inputs.flatMap(\.self), count: inputs.count, precision: .float64)
    if predictiveOnly {
      question.logPredictive = Tests.logPredictive(answers)
    } else {
      question.logits = answers.flatMap { $0.flatMap(\.self) }
    }
    return try ReferenceComparison(
      InMemoryWeights(architecture: own, draws: draws), chainCount: 1, question: question
    ).findings()
  }

  @Test(arguments: [false, true]) func `constants of each channel that are in no list are found`(
    _ predictiveOnly: Bool
  ) throws {
    let author = (mean: [0.41, 0.52, 0.47], scale: [0.21, 0.33, 0.27])
    expectCause(
      try channels(file: nil, author: author, predictiveOnly: predictiveOnly),
      "inputs are normalised, mean 0.41, 0.52, 0.47 and scale 0.21, 0.33, 0.27")
    expectCause(
      try channels(
        file: (author.mean, [0.21, 0.33, 0.25]), author: author, predictiveOnly: predictiveOnly),
      "the normalisation is another, mean 0.41, 0.52, 0.47 and scale 0.21, 0.33, 0.27")
  }

  @Test func `constants that are confused with each other are named`() throws {
    let (mean, scale) = ([0.41, 0.52, 0.47], [0.21, 0.33, 0.27])
    expectCause(
      try channels(file: (mean, scale), author: (mean.reversed(), scale.reversed())), "the opposite order of channels")
    expectCause(try channels(file: (mean, scale.map { $0 * $0 }), author: (mean, scale)), "are variances")
    expectCause(try channels(file: (mean, scale), author: (mean, scale.map { $0 * $0 })), "divides by variances")
  }

  @Test(arguments: [false, true]) func `channels in the opposite order are named`(_ predictiveOnly: Bool) throws {
    expectCause(try channels(file: nil, author: nil, reversed: true, predictiveOnly: predictiveOnly), "BGR for RGB")
  }

  @Test(arguments: [0.2, 0.0137]) func `a slope is found from the predictive alone`(_ slope: Double) throws {
    let author = AuthorsProgram(activations: [.leakyReLU: { $0 > 0 ? $0 : slope * $0 }])
    expectCause(
      try Tests.findings(.leaky, author, predictiveOnly: true),
      "leaky_relu of slope \(String(format: "%.4g", slope))")
  }

  @Test(arguments: AuthorsNetwork.allCases) func `inputs rounded to bytes on either side are named`(
    _ network: AuthorsNetwork
  ) throws {
    let weights = try network.weights()
    let exact = try network.inputs()
    let bytes = exact.map { $0.map { ($0 * 255).rounded() / 255 } }
    for (asked, answered, words) in [
      (exact, bytes, "inputs are rounded to bytes"), (bytes, exact, "inputs have more digits than those of the file"),
    ] {
      for precision in [AnswerPrecision.float64, .float32] {
        let question = ReferenceQuestion(
          inputs: asked.flatMap(\.self), count: asked.count,
          logits: weights.draws.flatMap { draw in
            answered.flatMap { AuthorsProgram().logits(weights.architecture, $0, draw) }
          }, precision: precision)
        expectCause(try ReferenceComparison(weights, chainCount: 2, question: question).findings(), words)
      }
    }
  }

  @Test(arguments: AuthorsNetwork.allCases) func `answers that were never filled in are named`(
    _ network: AuthorsNetwork
  ) throws {
    let all = try Tests.findings(
      network, change: { answers in answers = answers.map { $0.map { $0.map { _ in 0 } } } })
    #expect(all.outcome == .differs && all.advice.hasPrefix("All logits are 0"), "\(all)")
    let last = try Tests.findings(network, change: { answers in answers[5] = answers[5].map { $0.map { _ in 0 } } })
    #expect(last.advice.hasPrefix("The logits of 1 of 6 draws, first chain 1, draw 2, are all 0"), "\(last)")
  }
}
