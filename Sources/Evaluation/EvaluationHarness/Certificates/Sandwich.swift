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

  /// A sentence without its full stop.
  public var description: String {
    "example \(example) is certified by \(method) at \(norm.symbol) ε = \(EvaluationResult.short(epsilon)) and fooled by "
      + "\(attack), with a margin of \(EvaluationResult.short(margin)) in double precision"
  }
}

extension Evaluator {
  /// Looks at every example that is certified and fooled at once.
  func sandwich(_ ball: LowestSearch, _ certified: [CertifiedResult]) throws -> Sandwich {
    var result = Sandwich()
    for certificate in certified {
      for (row, found) in ball.fooling.sorted(by: { $0.key < $1.key }) where certificate.isCertified[row] {
        let example = subject.examples.subset([row])
        var point = Tensor(shape: example.inputs.shape, elements: found.point)
        ball.threat.project(&point, around: example.inputs)
        let margin = try exactMargin(point, label: example.labels[0])
        if margin < -certificate.slack - 1e-12 {
          result.contradictions.append(
            CertificateContradiction(
              method: certificate.method, norm: certificate.norm, epsilon: certificate.epsilon, example: row,
              attack: found.name, margin: margin))
        } else {
          result.close += 1
        }
      }
    }
    return result
  }

  /// The margin of the decision for the label at one point, in `Double` over members, in the unit of certificates.
  func exactMargin(_ point: Tensor, label: Int) throws -> Double {
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
