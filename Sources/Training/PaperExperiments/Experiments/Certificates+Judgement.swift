import Foundation
import RobustnessCore

/// The rule of judgement.
///
/// The robustness of a posterior is known from both sides only: above what is certified, below what attacks leave. One
/// end of that interval proves nothing by moving: with many draws a certificate is looser, against a posterior an attack
/// may be weaker. Where both ends are above those of one network beyond doubt, that supports the claim; where both are
/// below, that contradicts it; anything else does neither. Posterior and network exchanged, the rule is the same.
extension Certificates {
  /// Where an end of the interval lies beside that of one network.
  enum Direction: Sendable, Hashable {
    case higher, lower, undecided
  }

  /// A subject beside the one network, on the images that both decide rightly: what differs then is not accuracy.
  struct Comparison: Sendable {
    var name: String
    /// Number of these images.
    var images: Int
    /// Certified radii, minus those of the network.
    var radii: PairedRadii
    /// The same where dead pixels are kept from the adversary.
    var radiiOfLive: PairedRadii
    /// What attacks leave within each ε, minus what they leave of the network.
    var attacked: [PairedComparison]
    /// Probability of an error that is accepted at either end, for one posterior.
    var level: Double

    /// The lower end, by the sign test of certified radii.
    var certifiedEnd: Direction { end(radii) }
    /// The lower end where dead pixels are kept from the adversary; no part of the rule.
    var certifiedEndOfLive: Direction { end(radiiOfLive) }

    private func end(_ radii: PairedRadii) -> Direction {
      guard radii.pValue < level, radii.larger != radii.smaller else { return .undecided }
      return radii.larger > radii.smaller ? .higher : .lower
    }

    /// The upper end, by McNemar's test at each ε; nothing where one ε says this and another that.
    var attackedEnd: Direction {
      let seen = attacked.filter { $0.pValue < level / Double(attacked.count) }
      if seen.isEmpty { return .undecided }
      if seen.allSatisfy({ $0.difference > 0 }) { return .higher }
      return seen.allSatisfy { $0.difference < 0 } ? .lower : .undecided
    }

    /// What both ends say of the claim.
    var evidence: Evidence {
      switch (certifiedEnd, attackedEnd) {
      case (.higher, .higher): .supports
      case (.lower, .lower): .contradicts
      default: .neither
      }
    }
  }

  /// Every subject but the network beside it.
  func comparisons(_ rows: [Row]) -> [Comparison] {
    guard let one = rows.first(where: { $0.name == Self.oneNetwork }) else { return [] }
    let level = 0.05 / Double(max(1, rows.count { $0.isBayesian }))
    return rows.filter { $0.name != one.name }.map { row in
      let images = row.clean.indices.filter { row.clean[$0] && one.clean[$0] }
      func chosen<T>(_ values: [T]) -> [T] { images.map { values[$0] } }
      return Comparison(
        name: row.name, images: images.count, radii: PairedRadii(chosen(row.radii), chosen(one.radii)),
        radiiOfLive: PairedRadii(chosen(row.radiiOfLive), chosen(one.radiiOfLive)),
        attacked: zip(row.attacked, one.attacked).map { PairedComparison(chosen($0), chosen($1)) }, level: level)
    }
  }

  /// The verdict: of all Bayesian posteriors, or none. A chain that has not converged, or a certified image that is
  /// fooled, leaves it open whichever way the others point.
  func verdict(_ rows: [Row]) -> ExperimentResult.Verdict {
    let posteriors = rows.filter(\.isBayesian)
    let all = comparisons(rows)
    guard posteriors.allSatisfy(\.carriesVerdict), rows.allSatisfy({ $0.contradictions(epsilons) == 0 }) else {
      return .undecided
    }
    let evidence = Set(posteriors.map { row in all.first { $0.name == row.name }?.evidence ?? .neither })
    switch evidence {
    case [.supports]: return .supported
    case [.contradicts]: return .contradicted
    case let both where both.isSuperset(of: [.supports, .contradicts]): return .notSupported
    default: return .undecided
    }
  }

  /// The rule as the page has it.
  static let rule = """
    **The rule, written down before the first run.** A certificate bounds robustness from below, attacks bound it from above. By itself neither end says that a posterior is more or less robust than one network: bounds draw by draw are the looser the more draws there are, and attacks may be weaker against an average. So a posterior *supports* the claim where both ends lie higher than those of the network, *contradicts* it where both lie lower, and does neither otherwise. The lower end is judged by the sign test of the radii that `linear` certifies, where two radii that differ by less than they are known to (2 %) are equal; the upper end by McNemar's test of what attacks leave at each ε, at least one beyond doubt and none the other way. All of that on the images that both decide rightly, so that accuracy is no part of it, and at a level of 5 % shared among the posteriors and, at the upper end, the ε. The verdict is *supported* where all Bayesian posteriors support, *contradicted* where all contradict, *not supported* where some support and others contradict, and otherwise *undecided*. The deep ensemble, `joint`, and dead pixels do not enter it.
    """

  // MARK: - The sentence

  /// The ε at which the sentence speaks: the largest at which half of the images of one subject are certified, else the
  /// smallest.
  func spokenEpsilon(_ rows: [Row]) -> Int {
    epsilons.indices.last { index in
      rows.contains { row in
        2 * Row.isCertified(row.radii, epsilons[index]).count { $0 } >= row.clean.count
      }
    } ?? 0
  }

  /// What came out, in a few sentences.
  func sentence(_ rows: [Row]) -> String {
    let index = spokenEpsilon(rows)
    let epsilon = epsilons[index]
    let shares = rows.map { row -> String in
      let certified = Row.isCertified(row.radii, epsilon).count { $0 }
      let left = row.attacked[index].count { $0 }
      let provable = left > 0 ? Markdown.percent(Double(certified) / Double(left), digits: 0) : "none"
      return
        "\(row.name) \(provable) (\(Markdown.percent(Double(certified) / Double(row.clean.count))) of \(Markdown.percent(Double(left) / Double(row.clean.count))))"
    }
    var text =
      "Of the images that attacks leave at ε = \(epsilon), these shares are certified: \(shares.joined(separator: "; ")). Beside one network, on the images that both decide rightly, "
      + comparisons(rows).map { phrase($0) }.joined(separator: "; ") + "."
    let faults = rows.reduce(0) { $0 + $1.contradictions(epsilons) }
    if faults > 0 {
      text +=
        " \(faults) \(faults == 1 ? "image is" : "images are") certified and fooled at once, by rounding or by a fault of this program: nothing is judged."
    }
    return text
  }

  private func phrase(_ one: Comparison) -> String {
    let counts = "\(one.radii.larger) larger, \(one.radii.smaller) smaller"
    let certified =
      switch one.certifiedEnd {
      case .higher: "\(one.name) certifies larger radii (\(counts))"
      case .lower: "\(one.name) certifies smaller radii (\(counts))"
      case .undecided: "\(one.name) certifies radii that do not differ beyond doubt (\(counts))"
      }
    let attacked =
      switch one.attackedEnd {
      case .higher: "attacks leave more"
      case .lower: "attacks leave fewer"
      case .undecided: "what attacks leave does not differ beyond doubt"
      }
    return "\(certified) and \(attacked)"
  }
}
