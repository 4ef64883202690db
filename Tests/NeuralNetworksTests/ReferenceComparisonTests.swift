import Foundation
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

@testable import NeuralNetworks

/// Answers of another program: sound ones agree whatever their arithmetic, and every mistake is found and named.
@Suite(.inTurn) struct ReferenceComparisonTests {
  /// What the author answers, and what the comparison with the weights of the file finds.
  ///
  /// - Parameters:
  ///   - stored: What the file holds in place of the author's weights.
  ///   - change: What becomes of the answers, in the order (draw, input, class), before they are stored.
  static func findings(
    _ network: AuthorsNetwork, _ author: AuthorsProgram = AuthorsProgram(), precision: AnswerPrecision = .float64,
    predictiveOnly: Bool = false, stored: ((inout [[Float]]) -> Void)? = nil,
    change: (inout [[[Double]]]) -> Void = { _ in }
  ) throws -> ReferenceFindings {
    let weights = try network.weights()
    let inputs = try network.inputs()
    var answers = weights.draws.map { draw in inputs.map { author.logits(weights.architecture, $0, draw) } }
    change(&answers)
    var draws = weights.draws
    stored?(&draws)
    var question = ReferenceQuestion(inputs: inputs.flatMap(\.self), count: inputs.count, precision: precision)
    if predictiveOnly {
      question.logPredictive = logPredictive(answers)
    } else {
      question.logits = answers.flatMap { $0.flatMap(\.self) }
    }
    return try ReferenceComparison(
      InMemoryWeights(architecture: weights.architecture, draws: draws), chainCount: AuthorsNetwork.chains,
      question: question
    ).findings()
  }

  static func logPredictive(_ answers: [[[Double]]]) -> [Double] {
    answers[0].indices.flatMap { input in
      answers[0][0].indices.map { k in
        log(
          answers.reduce(0) { sum, draw in
            let top = draw[input].max()!
            return sum + exp(draw[input][k] - top) / draw[input].reduce(0) { $0 + exp($1 - top) }
          } / Double(answers.count))
      }
    }
  }

  private func expectCause(
    _ findings: ReferenceFindings, _ words: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(findings.outcome == .differs, sourceLocation: sourceLocation)
    #expect(
      findings.cause?.contains(words) == true, "\(findings.sentence(author: "the author"))",
      sourceLocation: sourceLocation)
    #expect(findings.largest > findings.explained, sourceLocation: sourceLocation)
    #expect(findings.advice.hasSuffix("."), sourceLocation: sourceLocation)
  }

  // MARK: - Sound answers

  @Test(arguments: AuthorsNetwork.allCases, AuthorsProgram.Arithmetic.allCases)
  func `sound answers agree in the arithmetic that they declare`(
    _ network: AuthorsNetwork, _ arithmetic: AuthorsProgram.Arithmetic
  ) throws {
    let precision = arithmetic == .tf32Cut ? .tf32 : try #require(AnswerPrecision(rawValue: arithmetic.rawValue))
    for isBackwards in [false, true] {
      let author = AuthorsProgram(arithmetic: arithmetic, sumsBackwards: isBackwards)
      for predictiveOnly in [false, true] {
        let findings = try Self.findings(network, author, precision: precision, predictiveOnly: predictiveOnly)
        #expect(findings.outcome == .agrees, "\(findings)")
        #expect(findings.compared == AuthorsNetwork.inputs && findings.draws == 6)
      }
    }
  }

  @Test(arguments: KnownAnswer.names) func `what PyTorch answers in float64 agrees`(_ name: String) throws {
    let answer = try KnownAnswer(name)
    let inputs = try answer.tensor("inputs")
    let question = ReferenceQuestion(
      inputs: inputs.elements, count: inputs.rowCount, logits: try answer.numbers("logits"),
      logPredictive: try answer.numbers("log_predictive"), precision: .float64)
    let findings = try ReferenceComparison(
      answer.posterior, chainCount: answer.posterior.chainCount, question: question
    ).findings()
    #expect(findings.outcome == .agrees, "\(findings)")
    #expect(findings.largest <= 1e-9)
  }

  @Test(arguments: AuthorsNetwork.allCases) func `answers in Double agree to thirteen digits`(
    _ network: AuthorsNetwork
  ) throws {
    let findings = try Self.findings(network)
    #expect(findings.largest < 1e-13)
    #expect(findings.explained < 1e-11)
  }

  @Test(arguments: AuthorsNetwork.allCases) func `weights that had more digits than float32 agree`(
    _ network: AuthorsNetwork
  ) throws {
    // The author's weights, of which the file's are the rounded ones.
    let author = AuthorsProgram(weight: { $0 * (1 + 2e-8) })
    #expect(try Self.findings(network, author).outcome == .agrees)
  }

  @Test(arguments: AuthorsNetwork.allCases) func `TF32 that nobody declared is a warning that names it`(
    _ network: AuthorsNetwork
  ) throws {
    for arithmetic in [AuthorsProgram.Arithmetic.tf32, .tf32Cut] {
      for precision in [AnswerPrecision.float32, .float64] {
        let findings = try Self.findings(network, AuthorsProgram(arithmetic: arithmetic), precision: precision)
        guard case .agreesBut(let reason, let advice) = findings.outcome else {
          Issue.record("\(findings)")
          continue
        }
        #expect(reason.contains("computed in TF32"))
        #expect(advice.contains("allow_tf32"))
      }
    }
  }

  /// One class above the others by one number, in every draw: a bias, however small it is.
  @Test(arguments: AuthorsNetwork.allCases, [0.0003, 0.002, 0.05]) func `a bias of TF32's size is not TF32`(
    _ network: AuthorsNetwork, _ bias: Double
  ) throws {
    for precision in [AnswerPrecision.float32, .float64] {
      let findings = try Self.findings(
        network, precision: precision,
        change: { answers in
          for draw in answers.indices { for input in answers[draw].indices { answers[draw][input][0] += bias } }
        })
      #expect(findings.outcome == .differs, "\(findings)")
    }
  }

  /// Answers that are declared float64 and differ by TF32's size, without its rounding.
  @Test(arguments: AuthorsNetwork.allCases) func `float64 that is off by TF32's size is no TF32`(
    _ network: AuthorsNetwork
  ) throws {
    var stream = RandomStreams(seed: 4, purpose: "answers").stream(example: 0)
    let findings = try Self.findings(
      network, precision: .float64,
      change: { answers in
        for draw in answers.indices {
          for input in answers[draw].indices {
            let noise = stream.normals(answers[draw][input].count)
            answers[draw][input] = zip(answers[draw][input], noise).map { $0 + 0.0005 * $1 }
          }
        }
      })
    #expect(findings.outcome == .differs, "\(findings)")
  }

  @Test(arguments: [AuthorsProgram.Arithmetic.tf32, .tf32Cut])
  func `TF32 of convolutions alone, as PyTorch has it by default, is a warning`(
    _ arithmetic: AuthorsProgram.Arithmetic
  ) throws {
    let author = AuthorsProgram(arithmetic: arithmetic, isOfDense: false)
    guard case .agreesBut(let reason, _) = try Self.findings(.convolution, author, precision: .float32).outcome else {
      Issue.record("no warning")
      return
    }
    #expect(reason.contains("computed in TF32"))
  }

  @Test(arguments: AuthorsNetwork.allCases) func `bfloat16 that nobody declared is no float32`(
    _ network: AuthorsNetwork
  ) throws {
    let findings = try Self.findings(network, AuthorsProgram(arithmetic: .bfloat16), precision: .float32)
    expectCause(findings, "bfloat16")
  }

  @Test func `log-probabilities under the name of logits are a warning`() throws {
    let author = AuthorsProgram(output: { logits in Predictive.logSoftmax(logits) })
    guard case .agreesBut(let reason, _) = try Self.findings(.dense, author).outcome else {
      Issue.record("no warning")
      return
    }
    #expect(reason.contains("log-probabilities"))
  }

  // MARK: - One mistake at a time

  @Test(arguments: AuthorsNetwork.allCases, [AnswerPrecision.float64, .float32, .tf32])
  func `a normalisation left out of one side is named`(_ network: AuthorsNetwork, _ precision: AnswerPrecision) throws {
    if network == .convolution {
      expectCause(
        try Self.findings(network, AuthorsProgram(normalizations: 0), precision: precision),
        "the normalisation is left out")
      expectCause(
        try Self.findings(network, AuthorsProgram(normalizations: 2), precision: precision),
        "the normalisation is applied twice")
    } else {
      let author = AuthorsProgram(ownNormalization: (0.1307, 0.3081))
      expectCause(try Self.findings(network, author, precision: precision), "mean 0.1307 and scale 0.3081")
    }
  }

  @Test(arguments: AuthorsNetwork.allCases) func `a normalisation that is in no list is found`(
    _ network: AuthorsNetwork
  ) throws {
    var author = AuthorsProgram(ownNormalization: (0.21, 0.37))
    author.normalizations = 0
    expectCause(try Self.findings(network, author), "mean 0.21 and scale 0.37")
  }

  @Test(arguments: AuthorsNetwork.allCases, [false, true]) func `a transposed square layer is named`(
    _ network: AuthorsNetwork, _ predictiveOnly: Bool
  ) throws {
    let author = AuthorsProgram(transposed: ["square"])
    expectCause(
      try Self.findings(network, author, predictiveOnly: predictiveOnly), "the weight of square is transposed")
  }

  @Test func `channels last before the dense layers are named`() throws {
    let author = AuthorsProgram(flattensChannelsLast: true)
    expectCause(try Self.findings(.convolution, author), "flatten writes (height, width, channel)")
  }

  @Test func `columns that were reordered in the wrong direction are named`() throws {
    // conv1 gives (4, 3, 3) to the dense layer, whose columns stand where channels-last ones would be looked for.
    let places = ReferencePass.places([4, 3, 3], [1, 2, 0])
    let findings = try Self.findings(
      .convolution,
      stored: { draws in
        for draw in draws.indices {
          let start = 4 * 9 + 4
          let weight = Array(draws[draw][start..<start + 16 * 36])
          for row in 0..<16 {
            for (k, place) in places.enumerated() { draws[draw][start + row * 36 + k] = weight[row * 36 + place] }
          }
        }
      })
    expectCause(findings, "flatten ")
    #expect(findings.cause?.contains("(height, width, channel)") == true, "\(findings)")
  }

  @Test(arguments: AuthorsNetwork.allCases, [false, true]) func `classes in another order are named`(
    _ network: AuthorsNetwork, _ predictiveOnly: Bool
  ) throws {
    let shifted = AuthorsProgram(output: { Array($0.dropFirst() + $0.prefix(1)) })
    expectCause(
      try Self.findings(network, shifted, predictiveOnly: predictiveOnly), "classes are shifted by one")
    let exchanged = AuthorsProgram(output: { [$0[0], $0[2], $0[1]] + $0.dropFirst(3) })
    expectCause(
      try Self.findings(network, exchanged, predictiveOnly: predictiveOnly), "classes are in another order (0, 2, 1")
  }

  @Test(arguments: [0.2, 0.3, 0.0137, 0.05]) func `another slope is named with its value`(_ slope: Double) throws {
    for (arithmetic, precision) in [(AuthorsProgram.Arithmetic.float64, AnswerPrecision.float64), (.float32, .float32)]
    {
      let author = AuthorsProgram(arithmetic: arithmetic, activations: [.leakyReLU: { $0 > 0 ? $0 : slope * $0 }])
      expectCause(
        try Self.findings(.leaky, author, precision: precision),
        "leaky_relu of slope \(String(format: "%.4g", slope))")
    }
  }

  @Test(arguments: [AuthorsNetwork.dense, .convolution]) func `a slope where the file has none is named`(
    _ network: AuthorsNetwork
  ) throws {
    let author = AuthorsProgram(activations: [.relu: { $0 > 0 ? $0 : 0.1 * $0 }])
    expectCause(try Self.findings(network, author), "leaky_relu of slope 0.1 takes the place of relu")
  }

  @Test(arguments: AuthorsNetwork.allCases) func `another activation is named`(_ network: AuthorsNetwork) throws {
    let gelu = { (x: Double) in x * (1 + erf(x / 2.0.squareRoot())) / 2 }
    let author = AuthorsProgram(activations: [network == .leaky ? .leakyReLU : .relu: gelu])
    expectCause(try Self.findings(network, author), "GELU takes the place of")
  }

  @Test(arguments: AuthorsNetwork.allCases) func `one corrupted draw is named`(_ network: AuthorsNetwork) throws {
    let findings = try Self.findings(network, stored: { $0[4][$0[4].count - 1] += 0.01 })
    expectCause(findings, "chain 1, draw 1 is left aside")
    #expect(findings.differingDraws == 1)
  }

  @Test(arguments: AuthorsNetwork.allCases) func `draws in another order are named`(_ network: AuthorsNetwork) throws {
    expectCause(try Self.findings(network, change: { $0.swapAt(1, 5) }), "the answers of chain 0, draw 1 are those of")
    expectCause(
      try Self.findings(network, change: { answers in answers = [0, 3, 1, 4, 2, 5].map { [answers] in answers[$0] } }),
      "chains and draws are exchanged")
  }

  @Test(arguments: AuthorsNetwork.allCases, [AnswerPrecision.float64, .float32])
  func `weights rounded to float16 on either side are named`(
    _ network: AuthorsNetwork, _ precision: AnswerPrecision
  ) throws {
    // Below 2⁻¹⁴ the spacing of float16 stays.
    let half = { (x: Double) in
      abs(x) < 0x1p-14 ? (x * 0x1p24).rounded() * 0x1p-24 : AuthorsProgram.rounded(x, bits: 11)
    }
    let arithmetic = AuthorsProgram.Arithmetic(rawValue: precision.rawValue)!
    let author = AuthorsProgram(arithmetic: arithmetic, weight: half)
    expectCause(try Self.findings(network, author, precision: precision), "the weights are rounded to float16")
    let stored = try Self.findings(
      network, AuthorsProgram(arithmetic: arithmetic), precision: precision,
      stored: { $0 = $0.map { $0.map { Float(half(Double($0))) } } })
    expectCause(stored, "rounded to float16")
  }

  @Test(arguments: AuthorsNetwork.allCases) func `weights rounded to bfloat16 on either side are named`(
    _ network: AuthorsNetwork
  ) throws {
    let half = { (x: Double) in AuthorsProgram.rounded(x, bits: 8) }
    expectCause(try Self.findings(network, AuthorsProgram(weight: half)), "the weights are rounded to bfloat16")
    expectCause(
      try Self.findings(network, stored: { $0 = $0.map { $0.map { Float(half(Double($0))) } } }),
      "rounded to bfloat16")
  }

  @Test func `a softmax in place of logits is named`() throws {
    let author = AuthorsProgram(output: { logits in Predictive.logSoftmax(logits).map { exp($0) } })
    expectCause(try Self.findings(.leaky, author), "a softmax follows the last layer")
    expectCause(try Self.findings(.leaky, author, predictiveOnly: true), "the softmax is taken twice")
  }

  @Test func `a temperature is named`() throws {
    expectCause(
      try Self.findings(.dense, AuthorsProgram(output: { $0.map { $0 / 2 } })), "logits are multiplied by 0.5")
  }

  @Test func `what nobody thought of is found all the same`() throws {
    let author = AuthorsProgram(output: { $0.map { $0 + 0.3 * sin(5 * $0) } })
    let findings = try Self.findings(.dense, author)
    #expect(findings.outcome == .differs)
    #expect(findings.cause == nil)
    #expect(findings.advice.hasPrefix("No usual cause"))
  }

  @Test func `one input says too little to fit a normalisation to it`() throws {
    let weights = try AuthorsNetwork.leaky.weights()
    let input = try AuthorsNetwork.leaky.inputs()[0]
    let author = AuthorsProgram(weight: { $0 * 1.001 })
    let question = ReferenceQuestion(
      inputs: input, count: 1, logits: author.logits(weights.architecture, input, weights.draws[0]),
      precision: .float32)
    let one = InMemoryWeights(architecture: weights.architecture, draws: [weights.draws[0]])
    let findings = try ReferenceComparison(one, chainCount: 1, question: question).findings()
    #expect(findings.outcome != .agrees)
    #expect(findings.cause?.contains("normalis") != true, "\(findings)")
  }

  // MARK: - The predictive

  @Test func `a mean of logits in place of a mean of probabilities is named`() throws {
    let network = AuthorsNetwork.leaky
    let weights = try network.weights()
    let inputs = try network.inputs()
    let logits = weights.draws.map { draw in inputs.map { AuthorsProgram().logits(weights.architecture, $0, draw) } }
    let mean = inputs.indices.map { input in
      (0..<3).map { k in logits.reduce(0) { $0 + $1[input][k] } / Double(logits.count) }
    }
    for hasLogits in [false, true] {
      let question = ReferenceQuestion(
        inputs: inputs.flatMap(\.self), count: inputs.count,
        logits: hasLogits ? logits.flatMap { $0.flatMap(\.self) } : nil,
        logPredictive: mean.flatMap { Predictive.logSoftmax($0) }, precision: .float64)
      let findings = try ReferenceComparison(weights, chainCount: 2, question: question).findings()
      expectCause(findings, "logits are averaged before the softmax")
      #expect(findings.quantity == "log-probability")
    }
  }

  @Test(arguments: AuthorsNetwork.allCases) func `a predictive that nothing explains is not called coarse`(
    _ network: AuthorsNetwork
  ) throws {
    let author = AuthorsProgram(output: { $0.map { $0 + 0.3 * sin(5 * $0) } })
    // In bfloat16 it could be rounding.
    for precision in [AnswerPrecision.float64, .float32, .tf32] {
      let findings = try Self.findings(network, author, precision: precision, predictiveOnly: true)
      #expect(findings.outcome == .differs, "\(precision)")
      #expect(findings.cause == nil, "\(precision): \(findings)")
    }
  }

  @Test func `a draw that the mean lacks is named`() throws {
    let findings = try Self.findings(.dense, predictiveOnly: true, change: { $0.remove(at: 3) })
    expectCause(findings, "chain 1, draw 0 is left out")
  }

  // MARK: - Work

  @Test func `an expensive network is compared at fewer inputs, through all draws`() throws {
    let weights = try AuthorsNetwork.dense.weights()
    let inputs = try AuthorsNetwork.dense.inputs()
    let logits = weights.draws.flatMap { draw in
      inputs.flatMap { AuthorsProgram().logits(weights.architecture, $0, draw) }
    }
    let question = ReferenceQuestion(
      inputs: inputs.flatMap(\.self), count: inputs.count, logits: logits, precision: .float64)
    let products = weights.architecture.operationsPerExample / 2 * 6
    for (budget, compared) in [(2.5 * products, 2), (0, 1), (1e12, 6)] {
      let findings = try ReferenceComparison(weights, chainCount: 2, question: question, budget: budget).findings()
      #expect(findings.outcome == .agrees)
      #expect(findings.compared == compared && findings.draws == 6)
    }
  }
}
