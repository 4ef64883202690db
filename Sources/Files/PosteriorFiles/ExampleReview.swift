/// What labelled examples say about themselves where they may not be what they were meant to be: classes that never
/// occur, examples that room was made for and that were never filled, and inputs in another scale than the network's.
package struct ExampleReview: Sendable, Hashable {
  private let labels: [Int]
  private let classCount: Int
  /// Number of examples at the end whose inputs and label are all zero.
  private let blankCount: Int
  /// The smallest and the largest input.
  private let range: ClosedRange<Double>?
  /// What the network takes.
  private let bounds: ClosedRange<Double>?

  /// Looks at labels, and at whether inputs are all zero.
  ///
  /// - Parameters:
  ///   - labels: One class for each example, from 0.
  ///   - classCount: Number of classes of the network.
  ///   - isZero: For each example, whether every number of its input is zero.
  ///   - range: The smallest and the largest number of all inputs; nil where nobody looked.
  ///   - bounds: The interval that inputs of the network lie in; nil where there is no network.
  package init(
    labels: [Int], classCount: Int, isZero: [Bool], range: ClosedRange<Double>? = nil,
    bounds: ClosedRange<Double>? = nil
  ) {
    self.labels = labels
    self.classCount = classCount
    self.range = range
    self.bounds = bounds
    blankCount = zip(labels, isZero).reversed().prefix { $0 == 0 && $1 }.count
  }

  /// The warnings.
  ///
  /// - Parameters:
  ///   - labelsPlace: Where the labels are.
  ///   - inputsPlace: Where the inputs are.
  package func warnings(labels labelsPlace: String, inputs inputsPlace: String) -> [PosteriorWarning] {
    var warnings: [PosteriorWarning] = []
    if let (sentence, advice) = classes {
      warnings.append(PosteriorWarning(place: labelsPlace, sentence: sentence, advice: advice))
    }
    // A black image of the first class is possible; several at the end look like room that was not used.
    if blankCount >= 2 {
      warnings.append(
        PosteriorWarning(
          place: inputsPlace,
          sentence: "holds only zeros in its last \(blankCount) of \(labels.count) examples, whose labels are 0: were "
            + "they ever filled?",
          advice: "Store as many examples as there are"))
    }
    if let sentence = narrowness {
      warnings.append(
        PosteriorWarning(
          place: inputsPlace, sentence: sentence,
          advice: "Store the inputs in the scale that the network was trained with; where they are in it, state the "
            + "bounds that its inputs have"))
    }
    return warnings
  }

  /// Fewer examples may be alike.
  private static let leastCount = 20

  /// Numbers from 0 to 1 for a network of −1 to 1, or of 0 to 255, leave half of the box empty, or nearly all.
  private var narrowness: String? {
    guard labels.count >= Self.leastCount, let range, let bounds,
      range.upperBound - range.lowerBound <= 0.5 * (bounds.upperBound - bounds.lowerBound)
    else { return nil }
    func short(_ value: Double) -> String { plain((value * 1000).rounded() / 1000) }
    return "holds inputs from \(short(range.lowerBound)) to \(short(range.upperBound)) only, no more than half of "
      + "input_bounds, \(plain(bounds.lowerBound)) to \(plain(bounds.upperBound)): is this the network's scale?"
  }

  /// Whether so many examples of equally frequent classes would miss a class by chance in fewer than one of a thousand
  /// files: C(1 − 1/C)ⁿ, which bounds that probability.
  private var isEnough: Bool {
    guard classCount >= 2 else { return false }
    let share = 1 / Double(classCount)
    var probability = Double(classCount)
    for _ in labels where probability >= 0.001 { probability *= 1 - share }
    return probability < 0.001
  }

  private var classes: (sentence: String, advice: String)? {
    guard isEnough else { return nil }
    let found = Set(labels)
    if found.count == 1, let only = found.first {
      return (
        "are \(only), all \(labels.count) of them: a constant answer is right on every example",
        "Give examples of every class"
      )
    }
    let missing = (0..<classCount).filter { !found.contains($0) }
    guard let first = missing.first else { return nil }
    if missing == [0] {
      return (
        "never are 0, in \(labels.count) examples of \(classCount) classes: do they count from 1?",
        "Labels count from 0, as the network's logits do"
      )
    }
    let others = missing.count == 1 ? "" : ", nor are \(missing.count - 1) other of the \(classCount) classes"
    return (
      "never are \(first) in \(labels.count) examples\(others)",
      "Look at the program that wrote them; where the examples are meant to be so, the numbers speak of the classes "
        + "that occur"
    )
  }
}
