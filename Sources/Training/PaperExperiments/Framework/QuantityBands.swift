import Foundation
import Reporting

/// Compares the numbers of a run with those of another one within their statistical errors.
public enum QuantityBands {
  /// How many standard errors of the difference a number may be away. Of two hundred numbers without any change, one in
  /// a hundred runs has one beyond.
  public static let width = 4.0

  /// A number that is not where it should be.
  public struct Departure: Sendable, CustomStringConvertible {
    /// The number in the run; nil when the run should have it and has not.
    public let found: Quantity?
    /// The number that it is compared with; nil when there is none.
    public let reference: Quantity?

    /// A sentence.
    public var description: String {
      guard let found else { return "\(reference?.name ?? "a number"): the run does not have it" }
      guard let reference else { return "\(found.name): there is nothing to compare it with" }
      let half = QuantityBands.halfWidth(found, reference)
      return String(
        format: "%@: %.6g is outside %.6g ± %.3g", found.name, found.value, reference.value, half)
    }
  }

  /// Half the width of the band around the difference of two numbers.
  public static func halfWidth(_ a: Quantity, _ b: Quantity) -> Double {
    width * (a.error * a.error + b.error * b.error).squareRoot()
  }

  /// The numbers of `run` that leave the bands around `reference`, those that have no band, and those that the
  /// experiments of the run have in `reference` only.
  public static func departures(of run: [Quantity], from reference: [Quantity]) -> [Departure] {
    let known = Dictionary(reference.map { ($0.name, $0) }) { first, _ in first }
    let names = Set(run.map(\.name))
    let experiments = Set(names.map(experiment(of:)))
    let missing = reference.filter { experiments.contains(experiment(of: $0.name)) && !names.contains($0.name) }
    let changed = run.compactMap { quantity -> Departure? in
      guard let other = known[quantity.name] else { return Departure(found: quantity, reference: nil) }
      // Not above, rather than at most: NaN is a departure.
      guard abs(quantity.value - other.value) <= halfWidth(quantity, other) else {
        return Departure(found: quantity, reference: other)
      }
      return nil
    }
    return changed + missing.map { Departure(found: nil, reference: $0) }
  }

  /// Names begin with the experiment's.
  private static func experiment(of name: String) -> Substring { name.prefix { $0 != "/" } }

  /// As a file: quantity, value, standard error.
  public static func csv(_ quantities: [Quantity]) -> String {
    var text = CSVText(header: ["quantity", "value", "standard_error"])
    for q in quantities { text.append([q.name, String(format: "%.8g", q.value), String(format: "%.4g", q.error)]) }
    return text.text
  }

  /// Reads such a file; lines that are none are left out.
  public static func parse(_ text: String) -> [Quantity] {
    text.split(separator: "\n").dropFirst().compactMap { line in
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      guard fields.count == 3, let value = Double(fields[1]), let error = Double(fields[2]) else { return nil }
      return Quantity(String(fields[0]), value, error: error)
    }
  }
}
