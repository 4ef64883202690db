import Foundation

extension ReferenceFindings {
  /// What was found, in one sentence without its full stop.
  ///
  /// - Parameter author: Who answered: `PyTorch 2.15.0 (float64)`.
  package func sentence(author: String) -> String {
    let place =
      (compared == inputs ? "\(inputs) input\(inputs == 1 ? "" : "s")" : "\(compared) of \(inputs) inputs")
      + " through \(draws) draw\(draws == 1 ? "" : "s")"
    let sizes =
      "a \(quantity) differs by up to \(Self.short(largest)), where rounding explains \(Self.short(explained))"
    switch outcome {
    case .agrees:
      return "the network answers as \(author) did at \(place), to \(Self.short(largest)) in a \(quantity)"
        + (caution.map { ", which proves little, for \($0)" } ?? "")
    case .agreesBut(let reason, _):
      return "the answers of \(author) differ from the network's \(reason) (\(place); \(sizes))"
    case .differs:
      return "the network does not answer as \(author) did: \(sizes) (\(place))"
        + (cause.map { "; the answers agree when \($0)" } ?? "")
    }
  }

  /// What to do, with its full stop; empty when there is nothing to do.
  package var whatToDo: String {
    if case .agreesBut(_, let advice) = outcome { return advice }
    guard outcome == .agrees else { return advice }
    return caution == nil ? "" : "Give answers at several inputs that differ, such as some of the evaluation data."
  }

  private static func short(_ value: Double) -> String { String(format: "%.2g", value) }
}
