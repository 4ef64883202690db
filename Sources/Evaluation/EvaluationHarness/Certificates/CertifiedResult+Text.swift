import Foundation
import Reporting
import RobustnessCore

extension CertifiedResult {
  /// The result as JSON.
  var json: JSONText {
    .object([
      ("norm", .text(norm.rawValue)), ("epsilon", .number(epsilon)), ("method", .text(method)),
      ("request", .text(request)), ("accuracy", .number(accuracy.value)),
      ("interval", EvaluationResult.interval(accuracy)), ("undecided", .integer(undecided)), ("slack", .number(slack)),
      ("fooledInSinglePrecision", .integer(fooledInSinglePrecision)),
      ("certified", .array(isCertified.map { .bool($0) })),
      ("margins", .array(examples.map { .number($0.margin) })),
      (
        "drawSafety",
        .object([
          ("low", .number(safety.low)), ("high", .number(safety.high)),
          ("posteriorLow", .optional(safety.posteriorLow) { .number($0) }),
          ("safeDraws", .array(safety.safe.map { .integer($0) })),
          ("fooledDraws", .array(safety.fooled.map { .integer($0) })),
        ])
      ),
      ("options", .object(options.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) })),
    ])
  }
}

extension CertifiedRadii {
  /// The radii as JSON.
  var json: JSONText {
    .object([
      ("norm", .text(norm.rawValue)), ("method", .text(method)), ("request", .text(request)),
      ("largestEpsilon", .number(largest)), ("medianRadius", .number(medianRadius)),
      ("halfCertified", .number(halfCertified)), ("radii", .array(radii.map { .number($0) })),
      ("notes", .array(notes.map { .text($0) })), ("multiplications", .number(multiplications)),
      ("seconds", .number(seconds)),
    ])
  }
}

extension CertificateFailure {
  /// The failure as JSON.
  var json: JSONText {
    .object([("norm", .text(norm.rawValue)), ("method", .text(method)), ("reason", .text(reason))])
  }
}

extension EvaluationResult {
  /// What is certified, as a person reads it: the truth lies between the two columns.
  var certifiedLines: String {
    guard !certified.isEmpty || !certificateFailures.isEmpty else { return "" }
    var text = ""
    if !certified.isEmpty {
      var table = TextTable(
        header: [
          ["certified by", "", "certified", "attacked", "", "draws safe by themselves"],
          ["certificate", "threat", "at least (95 %)", "at most (95 %)", "undecided", "at least–at most"],
        ], alignments: [.left, .left, .right, .right, .right, .right])
      for result in certified {
        let lowest = lowestFound.first { $0.norm == result.norm && $0.epsilon == result.epsilon }
        table.append([
          result.request, "\(result.norm.symbol) \(Self.short(result.epsilon))", Self.accuracy(result.accuracy),
          lowest.map { Self.accuracy($0.accuracy) } ?? "–", "\(result.undecided) of \(examples)",
          String(format: "%.1f–%.1f %%", 100 * result.safety.low, 100 * result.safety.high),
        ])
      }
      text += "\n" + table.text
    }
    for result in certified where result.fooledInSinglePrecision > 0 {
      let count = result.fooledInSinglePrecision
      text +=
        "\(result.request), \(result.norm.symbol) \(Self.short(result.epsilon)): \(count) certified "
        + "example\(count == 1 ? " is" : "s are") fooled in single precision alone, at points that double precision decides "
        + "as their label: the proof is about real numbers, what runs can be fooled (arithmetic=float32 certifies that)\n"
    }
    for result in certified {
      guard let low = result.safety.posteriorLow else { continue }
      text +=
        "\(result.request), \(result.norm.symbol) \(Self.short(result.epsilon)): a network drawn from the posterior is "
        + String(format: "safe with a probability of at least %.1f %% (95 %%, mean over the examples)\n", 100 * low)
    }
    for radii in certifiedRadii {
      text +=
        "\(radii.request), \(radii.norm.symbol): " + Self.sentence(radii) + String(format: ", %.1f s\n", radii.seconds)
      text += radii.notes.map { "  \($0)\n" }.joined()
    }
    for failure in certificateFailures {
      text += "\(failure.method), \(failure.norm.symbol): not available: \(failure.reason)\n"
    }
    return text
  }

  private static func sentence(_ radii: CertifiedRadii) -> String {
    let half =
      radii.halfCertified >= radii.largest
      ? "at least half of the examples are certified at ε = \(short(radii.largest))"
      : radii.halfCertified > 0
        ? "half of the examples are certified up to ε = \(short(radii.halfCertified))"
        : "at no ε that was tried half of the examples are certified"
    let median =
      radii.medianRadius.isFinite
      ? "; median certified radius of those decided rightly "
        + (radii.medianRadius >= radii.largest ? "≥ " : "") + short(radii.medianRadius) : ""
    return half + median
  }

  /// What the verdict adds: how much is proven, in the ball with the least of it, of several the largest.
  var certifiedSentence: String {
    guard
      let first = certified.min(by: {
        ($0.accuracy.value, -$0.epsilon) < ($1.accuracy.value, -$1.epsilon)
      }), contradiction == nil
    else {
      return ""
    }
    let inBall = certified.filter { $0.norm == first.norm && $0.epsilon == first.epsilon }
    let best = inBall.max { $0.accuracy.value < $1.accuracy.value } ?? first
    let slack = best.slack > 0 ? String(format: ", rounding of %.0e taken off", best.slack) : ""
    if best.accuracy.value == 0 {
      let radii = certifiedRadii.filter { $0.norm == best.norm }.max { $0.halfCertified < $1.halfCertified }
      let half = radii.map(\.halfCertified) ?? 0
      return "  Nothing is proven at \(best.norm.symbol) ε = \(Self.short(best.epsilon))"
        + (half > 0 ? "; half of the examples up to ε = \(Self.short(half)).\n" : ".\n")
    }
    return "  Proven at \(best.norm.symbol) ε = \(Self.short(best.epsilon)): at least "
      + "\(percent(best.accuracy.value)), by \(best.method) bounds\(slack).\n"
  }
}
