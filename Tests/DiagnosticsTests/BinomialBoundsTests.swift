import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import Diagnostics

@Suite(.inTurn) struct `Bounds on a probability from independent draws` {
  @Test func `of n safe draws among n are the closed form`() {
    #expect(abs(BinomialBounds.lower(88, of: 88, level: 0.95) - pow(0.05, 1.0 / 88)) < 1e-12)
    #expect(abs(BinomialBounds.lower(59, of: 59, level: 0.95) - 0.95) < 5e-4)
    #expect(BinomialBounds.lower(0, of: 10, level: 0.95) == 0)
    #expect(BinomialBounds.upper(10, of: 10, level: 0.95) == 1)
  }

  /// The lower bound exceeds the probability in at most a twentieth of all experiments, exactly counted.
  @Test(arguments: [0.02, 0.3, 0.5, 0.83, 0.97]) func `cover the probability`(_ p: Double) {
    for n in [5, 30, 88] {
      var missed = 0.0
      for k in 0...n where BinomialBounds.lower(k, of: n, level: 0.95) > p {
        let log = lgamma(Double(n) + 1) - lgamma(Double(k) + 1) - lgamma(Double(n - k) + 1)
        missed += exp(log + Double(k) * Foundation.log(p) + Double(n - k) * log1p(-p))
      }
      #expect(missed <= 0.05 + 1e-12, "p = \(p), n = \(n)")
    }
  }
}

@Suite(.inTurn) struct `The sequential scheme` {
  /// Both tails of Massart's bound together, at the number of draws that the scheme asks for.
  func risk(_ n: Int, _ theta: Double, _ p: Double) -> Double {
    func tail(_ a: Double, _ b: Double) -> Double { exp(-Double(n) * theta * theta * 9 / (2 * a * b)) }
    return tail(3 * p + theta, 3 * (1 - p) - theta) + tail(3 * (1 - p) + theta, 3 * p - theta)
  }

  @Test(arguments: [0.02, 0.05, 0.1, 0.2, 0.3])
  func `asks for draws that bound both tails; half the logarithm does not`(
    _ b: Double
  ) throws {
    let (theta, left) = (0.04, 0.025)
    for interval in [0...b, (1 - b)...1] {
      let n = try #require(SequentialProbability.massart(theta, risk: left, interval))
      let p = interval.lowerBound == 0 ? b : 1 - b
      // The smaller tail is the slack of the bound, which is a product at most.
      let single = 2 / (9 * theta * theta) * log(1 / left)
      let product = (3 * b + theta) * (3 * (1 - b) - theta)
      func larger(_ n: Int) -> Double { 2 * exp(-Double(n) * theta * theta * 9 / (2 * product)) }
      #expect(larger(n) <= left)
      #expect(larger(Int((single * product).rounded(.up))) > left)
      #expect(risk(n, theta, p) <= left * (1 + 1e-9))
    }
    #expect(SequentialProbability.massart(theta, risk: left, 0.4...0.6) == nil)
  }

  /// Published numbers for θ = γ = 0.075 and α = 0.05, at the end of the interval.
  @Test(arguments: [(0.02, 67), (0.05, 109), (0.1, 171), (0.2, 272), (0.3, 342)])
  func `asks for the known numbers`(_ b: Double, _ draws: Int) throws {
    let n = try #require(SequentialProbability.massart(0.075, risk: 0.025, 0...b))
    #expect(abs(n - draws) <= 1)
  }

  @Test(arguments: [0.01, 0.06, 0.2, 0.5, 0.9, 0.995]) func `is right as often as it says, by simulation`(_ p: Double) {
    let trials = 400
    var wrong = 0
    var most = 0
    for trial in 0..<trials {
      var stream = RandomStreams(seed: 5, purpose: "sequential").stream(example: trial)
      var scheme = SequentialProbability(precision: 0.075, risk: 0.075, intervalRisk: 0.05)
      while !scheme.isFinished { scheme.add(stream.uniforms(1)[0] < p) }
      most = max(most, scheme.count)
      if abs(scheme.estimate - p) > 0.075 { wrong += 1 }
    }
    #expect(Double(wrong) / Double(trials) <= 0.075)
    #expect(most <= 292)
    // Near the ends it needs fewer.
    if p < 0.05 || p > 0.95 { #expect(most < 200) }
  }
}
