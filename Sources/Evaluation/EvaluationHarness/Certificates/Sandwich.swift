import ComputeKernels
import Foundation
public import RobustnessCore

extension CheckName {
  /// Nothing that is certified is fooled.
  public static let sandwich = "sandwich"
}

extension VerdictCheck {
  /// certified ≤ true ≤ attacked, example by example: one that is certified and fooled at once is a fault of this
  /// program.
  static let sandwich = VerdictCheck(
    CheckName.sandwich,
    .ofAll(where: { evidence, comparison in evidence.isAttack && comparison.sandwich != nil }) { _, comparison in
      guard let sandwich = comparison.sandwich else { return nil }
      if let first = sandwich.contradictions.first {
        return Check(
          CheckName.sandwich, .failed, value: Double(sandwich.contradictions.count), finding: first.description,
          advice: "This is a fault of the program: please report it with the command and the files.")
      }
      let close = sandwich.close
      return Check(
        CheckName.sandwich, .passed, value: 0,
        finding: close == 0
          ? "no example that is certified was fooled"
          : "\(close) certified example\(close == 1 ? " is" : "s are") fooled in single precision only, at points that "
            + "double precision decides as the label")
    })
}

/// What is claimed of one example.
struct CertifiedBall {
  /// Name of the certificate.
  var certificate: String
  /// Whether single precision is certified too.
  var isSingle: Bool
  var norm: Norm
  var epsilon: Double
  /// What rounding took off its margin.
  var slack: Double
  var example: Int
}

/// Examples that are certified and fooled at once.
struct Sandwich {
  /// Fooled in double precision, in the exact ball, by more than what rounding explains.
  var contradictions: [CertificateContradiction] = []
  /// Fooled in the precision of the attack only.
  var close = 0
}

/// An example that is certified and fooled at once: a fault of this program. Exit code 70, after the results are
/// written.
public struct CertificateContradiction: Error, CustomStringConvertible, Sendable, Hashable {
  /// Name of the certificate.
  public let method: String
  /// Norm of the ball.
  public let norm: Norm
  /// Radius of the ball.
  public let epsilon: Double
  /// Place of the example, from 0.
  public let example: Int
  /// What fooled it.
  public let attack: String
  /// The margin of the label there, in double precision.
  public let margin: Double
  /// Whether it is fooled in single precision alone, which was certified too.
  public let isInSinglePrecision: Bool

  /// A sentence without its full stop.
  public var description: String {
    "example \(example) is certified by \(method) at \(norm.symbol) ε = \(EvaluationResult.short(epsilon)) and fooled by "
      + "\(attack), "
      + (isInSinglePrecision
        ? "in single precision, which was certified too"
        : "with a margin of \(EvaluationResult.short(margin)) in double precision")
  }
}

extension Evaluator {
  /// Looks at every example that is certified and fooled at once.
  func sandwich(_ ball: LowestSearch, _ certificate: CertifiedResult) throws -> Sandwich {
    var result = Sandwich()
    for (row, found) in ball.fooling.sorted(by: { $0.key < $1.key }) where certificate.isCertified[row] {
      let point = Tensor(shape: [1] + subject.examples.inputs.rowShape, elements: found.point)
      let claim = CertifiedBall(
        certificate: certificate.method, isSingle: certificate.certifiesSinglePrecision, norm: certificate.norm,
        epsilon: certificate.epsilon, slack: certificate.slack, example: row)
      if let contradiction = try contradiction(of: claim, by: point, of: found.name) {
        result.contradictions.append(contradiction)
      } else {
        result.close += 1
      }
    }
    return result
  }

  /// Whether a point that fools an example contradicts what is certified of it: put into the exact ball, it is judged in
  /// double precision; and where single precision is certified, in that, at a single-precision number.
  func contradiction(
    of claim: CertifiedBall, by point: Tensor, of attack: String
  ) throws -> CertificateContradiction? {
    let example = subject.examples.subset([claim.example])
    let threat = try threat(claim.norm, claim.epsilon)
    var inside = point
    threat.project(&inside, around: example.inputs)
    let margin = try exactMargin(inside, label: example.labels[0])
    let isFooled = margin < -claim.slack - 1e-12
    guard try isFooled || claim.isSingle && isFooledInSinglePrecision(inside, example, threat) else { return nil }
    return CertificateContradiction(
      method: claim.certificate, norm: claim.norm, epsilon: claim.epsilon, example: claim.example, attack: attack,
      margin: margin, isInSinglePrecision: !isFooled)
  }

  /// Whether the draws decide otherwise in single precision at the number nearest to a point that is one and lies in ball
  /// and box, by more than the rounding of probabilities.
  private func isFooledInSinglePrecision(_ point: Tensor, _ example: Examples, _ threat: ThreatModel) throws -> Bool {
    // Decisions are in single precision unless all is in double; a softmax that saturates is another matter.
    guard let precision = subject.precision, precision != Precision.float64.rawValue, subject.arithmetic == .logDomain
    else { return false }
    var single = point
    for index in point.elements.indices {
      let (x, centre) = (point.elements[index], example.inputs.elements[index])
      let nearest = Float(x)
      // Towards the input: what lay inside stays there.
      let isBeyond = abs(Double(nearest) - centre) > abs(x - centre)
      single.elements[index] = Double(isBeyond ? (x > centre ? nearest.nextDown : nearest.nextUp) : nearest)
    }
    guard threat.distances(single, from: example.inputs)[0] <= threat.epsilon, threat.respectsBox(single)[0] else {
      return false
    }
    let judgement = try judge(single)
    return judgement.decisions[0] != example.labels[0] && !judgement.isClose[0]
  }

  /// The margin of the decision for the label at one point, in `Double` over members, in the unit of certificates.
  private func exactMargin(_ point: Tensor, label: Int) throws -> Double {
    let classes = subject.ensemble.classCount
    var scores = [Double](repeating: 0, count: classes)
    switch plan.decision {
    case .singleDraw(let draw): scores = Array(try subject.ensemble.member(draw).logits(point)[row: 0])
    case .predictive, .majorityVote:
      for draw in evaluationDraws {
        let logits = Array(try subject.ensemble.member(draw).logits(point)[row: 0])
        let largest = logits.max() ?? 0
        if plan.decision == .predictive {
          let total = logits.reduce(0) { $0 + exp($1 - largest) }
          for k in 0..<classes { scores[k] += exp(logits[k] - largest) / total / Double(evaluationDraws.count) }
        } else if let vote = logits.firstIndex(of: largest) {
          scores[vote] += 1 / Double(evaluationDraws.count)
        }
      }
    }
    return scores[label] - (scores.indices.filter { $0 != label }.map { scores[$0] }.max() ?? 0)
  }
}
