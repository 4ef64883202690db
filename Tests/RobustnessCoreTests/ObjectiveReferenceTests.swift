import Foundation
import TestSupport
import Testing

@testable import RobustnessCore

@Suite(.inTurn) struct `Objectives in the log domain` {
  static let allObjectives = Objective.allCases

  /// Softmax, then log, as in a textbook: exact enough while logits are moderate.
  func textbookLoss(_ objective: Objective, _ logits: [[Double]], _ label: Int) -> Double {
    func softmax(_ z: [Double]) -> [Double] {
      let total = z.reduce(0) { $0 + exp($1) }
      return z.map { exp($0) / total }
    }
    let count = Double(logits.count)
    func mean(_ rows: [[Double]]) -> [Double] {
      rows[0].indices.map { k in rows.reduce(0) { $0 + $1[k] } / count }
    }
    let predictive = mean(logits.map(softmax))
    switch objective {
    case .expectedLoss: return logits.reduce(0) { $0 - log(softmax($1)[label]) } / count
    case .predictive: return -log(predictive[label])
    case .meanLogit: return -log(softmax(mean(logits))[label])
    case .margin:
      let others = predictive.indices.filter { $0 != label }.map { predictive[$0] }
      return log(others.max()!) - log(predictive[label])
    case .probabilityMargin:
      return predictive.indices.filter { $0 != label }.map { predictive[$0] }.max()! - predictive[label]
    case .dlr:
      let z = predictive.map { log($0) }
      let sorted = z.sorted(by: >)
      return (z.indices.filter { $0 != label }.map { z[$0] }.max()! - z[label]) / (sorted[0] - sorted[2])
    case .doubleSoftmax: return -log(softmax(predictive)[label])
    }
  }

  static let moderate: [[Double]] = [[1.2, -0.4, 0.3, 2.1], [-0.7, 0.9, 1.6, 0.2], [0.5, 2.2, -1.3, 0.4]]

  func reference(_ logits: [[Double]], _ label: Int, _ objective: Objective) -> ObjectiveReference {
    ObjectiveReference(
      logits: logits.map { Tensor(shape: [1, $0.count], elements: $0) }, labels: [label], objective: objective)
  }

  /// The gradient as plain numbers.
  func gradient(_ logits: [[Double]], _ label: Int, _ objective: Objective, draw: Int) -> [Double] {
    let (values, logFactors) = reference(logits, label, objective).logitGradient(ofDraw: draw)
    return values.elements.map { $0 * exp(logFactors[0]) }
  }

  @Test(arguments: allObjectives) func `the value is the textbook's for moderate logits`(_ objective: Objective) {
    for label in 0..<4 {
      let value = reference(Self.moderate, label, objective).logLoss(0)
      let expected = textbookLoss(objective, Self.moderate, label)
      #expect(abs(value - (objective.isSigned ? expected : log(expected))) < 1e-13)
    }
  }

  @Test(arguments: allObjectives) func `the gradient is the textbook's central difference`(_ objective: Objective) {
    let h = 1e-5
    for label in 0..<4 {
      for draw in 0..<3 {
        let exact = gradient(Self.moderate, label, objective, draw: draw)
        for k in 0..<4 {
          var up = Self.moderate
          var down = Self.moderate
          up[draw][k] += h
          down[draw][k] -= h
          let difference = (textbookLoss(objective, up, label) - textbookLoss(objective, down, label)) / (2 * h)
          #expect(abs(exact[k] - difference) < 1e-9, "label \(label) draw \(draw) class \(k)")
        }
      }
    }
  }

  // MARK: - Gaps of 500, where softmax is exactly one-hot

  @Test(arguments: [Objective.expectedLoss, .predictive, .meanLogit])
  func `cross-entropy of a draw that is right by 500 keeps value and direction`(_ objective: Objective) {
    let sharp = reference([[500, 0, -1]], 0, objective)
    // Log-odds −(500 − log(1 + e⁻¹)); the mass of the rivals is σ(1) and 1 − σ(1).
    #expect(abs(sharp.logLoss(0) + 499.68673831248178) < 1e-12)
    let (values, logFactors) = sharp.logitGradient(ofDraw: 0)
    #expect(abs(logFactors[0] + 499.68673831248178) < 1e-12)
    for (value, expected) in zip(values.elements, [-1, 0.731058578630004896, 0.268941421369995104]) {
      #expect(abs(value - expected) < 1e-13)
    }
  }

  @Test func `the margin of one draw does not saturate`() {
    #expect(reference([[500, 0, -1]], 0, .margin).logLoss(0) == -500)
    #expect(gradient([[500, 0, -1]], 0, .margin, draw: 0) == [-1, 1, 0])
  }

  @Test func `the difference of logits ratio of one draw does not depend on the scale of its logits`() {
    for scale in [1.0, 1e-3, 300] {
      let logits = [[5, 1, -1, -2].map { $0 * scale }]
      // (1 − 5) / (5 − (−1)).
      #expect(abs(reference(logits, 0, .dlr).logLoss(0) + 4.0 / 6) < 1e-12)
      let (values, logFactors) = reference(logits, 0, .dlr).logitGradient(ofDraw: 0)
      let exact = values.elements.map { $0 * exp(logFactors[0]) * scale }
      // By the quotient rule: −1/6 + 4/36, 1/6, −4/36, 0.
      for (value, expected) in zip(exact, [-1.0 / 18, 1.0 / 6, -1.0 / 9, 0]) { #expect(abs(value - expected) < 1e-12) }
    }
  }

  @Test func `the difference of logits ratio is constant where the label is third, and defined where all are equal`() {
    #expect(reference([[5, 1, -1, -2]], 2, .dlr).logLoss(0) == 1)
    #expect(gradient([[5, 1, -1, -2]], 2, .dlr, draw: 0).allSatisfy { abs($0) < 1e-15 })
    let flat = reference([[1, 1, 1, 1]], 0, .dlr)
    #expect(flat.logLoss(0) == 0)
    #expect(flat.logitGradient(ofDraw: 0).values.elements.allSatisfy { $0.isFinite })
  }

  @Test func `the margin of probabilities of a draw that is certain keeps its direction`() {
    let sharp = reference([[500, 0, -1]], 0, .probabilityMargin)
    #expect(abs(sharp.logLoss(0) + 1) < 1e-15)
    let (values, logFactors) = sharp.logitGradient(ofDraw: 0)
    // p_0 (1 − p_0) and its share of each rival: −(1 + e⁻¹) e⁻⁵⁰⁰ twice at the label, 2e⁻⁵⁰⁰ and e⁻⁵⁰¹ at the others.
    let gradient = values.elements.map { $0 * exp(logFactors[0] + 500) }
    #expect(abs(gradient[0] + 2 + exp(-1)) < 1e-12)
    #expect(abs(gradient[1] - 2) < 1e-12)
    #expect(abs(gradient[2] - exp(-1)) < 1e-12)
  }

  @Test func `doubled softmax of a draw that is right by 500 fades like its error`() {
    let sharp = reference([[500, 0, -1]], 0, .doubleSoftmax)
    // log log(1 + 2/e), and (a_y − a_k)·q with a_y − a_k = −3/(e + 2).
    #expect(abs(sharp.logLoss(0) + 0.595213692037007247) < 1e-14)
    let (values, logFactors) = sharp.logitGradient(ofDraw: 0)
    #expect(abs(logFactors[0] + 499.68673831248178) < 1e-12)
    #expect(abs(values.elements[0] + 0.635824672851256434) < 1e-13)
    #expect(abs(values.elements[0] + values.elements[1] + values.elements[2]) < 1e-13)
  }

  @Test(arguments: [Objective.expectedLoss, .predictive, .meanLogit])
  func `a draw that is wrong by 500 has loss 500 and a full gradient`(_ objective: Objective) {
    #expect(abs(reference([[500, 0, -1]], 1, objective).logLoss(0) - log(500)) < 1e-14)
    let exact = gradient([[500, 0, -1]], 1, objective, draw: 0)
    #expect(abs(exact[0] - 1) < 1e-14 && exact[1] == -1 && abs(exact[2]) < 1e-200)
  }

  @Test func `a right and a wrong draw: the wrong one dominates the mean loss, the right one the predictive`() {
    let pair: [[Double]] = [[500, 0], [0, 500]]
    #expect(abs(reference(pair, 0, .predictive).logLoss(0) - log(log(2))) < 1e-14)
    #expect(abs(reference(pair, 0, .expectedLoss).logLoss(0) - log(250)) < 1e-14)
    // Mean loss: e⁻⁵⁰⁰/2 from the draw that is right, 1/2 from the one that is wrong.
    let right = reference(pair, 0, .expectedLoss).logitGradient(ofDraw: 0).logFactors[0]
    let wrong = reference(pair, 0, .expectedLoss).logitGradient(ofDraw: 1).logFactors[0]
    #expect(abs(right - (-500 - log(2))) < 1e-12)
    #expect(abs(wrong + log(2)) < 1e-14)
    // Predictive: responsibilities 1 and e⁻⁵⁰⁰ times errors e⁻⁵⁰⁰ and 1.
    for draw in 0..<2 {
      let (values, logFactors) = reference(pair, 0, .predictive).logitGradient(ofDraw: draw)
      #expect(values.elements == [-1, 1])
      #expect(abs(logFactors[0] + 500) < 1e-12)
    }
  }
}
