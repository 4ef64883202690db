import Foundation
import RobustnessCore

/// Whether an author's answers are this network's in another order, or something that was made of them.
struct ReferenceMatching {
  let comparison: ReferenceComparison
  /// This network's answers of all draws at the inputs that are compared.
  let own: ReferenceComparison.Answers
  let logits: [Double]
  /// Draws whose answers differ.
  let differing: [Int]
  let chainCount: Int

  typealias Cause = (cause: String, advice: String)

  private var classes: Int { comparison.classes }
  private var perDraw: Int { own.inputs.count * classes }

  private func row(_ draw: Int, _ position: Int) -> Range<Int> {
    let start = draw * perDraw + position * classes
    return start..<start + classes
  }

  private func given(_ draw: Int, _ position: Int) -> ArraySlice<Double> {
    let start = (draw * comparison.question.count + own.inputs[position]) * classes
    return logits[start..<start + classes]
  }

  private func isNear(_ given: Double, _ index: Int) -> Bool {
    abs(given - own.numbers[index]) <= Tolerance.largest * own.squares[index].squareRoot()
  }

  /// Whether other numbers than the network's explain the answers, and much better, for a draw and an input,
  /// with the squares of their deviations.
  private func fits(_ other: (_ draw: Int, _ position: Int) -> [(number: Double, square: Double)]) -> Bool {
    fit(other) != nil
  }

  /// How far the answers are from other numbers that explain them; nil where these do not.
  private func fit(_ other: (_ draw: Int, _ position: Int) -> [(number: Double, square: Double)]) -> Agreement? {
    var agreement = Agreement()
    var before = Agreement()
    for draw in differing {
      for position in own.inputs.indices {
        for ((given, mine), other) in zip(zip(given(draw, position), row(draw, position)), other(draw, position)) {
          agreement.add(given - other.number, square: other.square)
          before.add(given - own.numbers[mine], square: own.squares[mine])
        }
      }
    }
    return agreement.isExplained && agreement.rootMeanSquare <= before.rootMeanSquare / 4 ? agreement : nil
  }

  /// The network's answers, with their deviations.
  private func mine(_ indices: some Sequence<Int>) -> [(number: Double, square: Double)] {
    indices.map { (own.numbers[$0], own.squares[$0]) }
  }

  // MARK: - Draws

  /// The draw whose answers these are, for each input; of draws that are alike, the first.
  private func owner(of answers: (_ position: Int) -> ArraySlice<Double>) -> Int? {
    own.draws.first { candidate in
      own.inputs.indices.allSatisfy { position in
        zip(answers(position), row(candidate, position)).allSatisfy { isNear($0, $1) }
      }
    }
  }

  func draws() -> Cause? {
    let count = own.draws.count
    guard count > 1 else { return nil }
    let perChain = count / chainCount
    if chainCount > 1, perChain > 1 {
      // The other axis first: as many chains as draws look alike.
      if fits({ draw, position in mine(row(draw % chainCount * perChain + draw / chainCount, position)) }) {
        return (
          "chains and draws are exchanged", "The first two axes are (chain, draw): numpy's swapaxes(0, 1) turns them."
        )
      }
    }
    var owners: [(draw: Int, owner: Int)] = []
    for draw in differing {
      guard let found = owner(of: { given(draw, $0) }) else { return nil }
      owners.append((draw, found))
    }
    let ownerOfDraw = Dictionary(owners.map { ($0.draw, $0.owner) }) { first, _ in first }
    guard fits({ draw, position in mine(row(ownerOfDraw[draw] ?? draw, position)) }) else { return nil }
    let example = owners[0]
    // An order has every draw once: its answers only change places.
    let places = differing.compactMap { draw in owner(of: { own.numbers[row(draw, $0)] }) }
    guard owners.map(\.owner).sorted() == places.sorted() else { return repeated(owners, perChain) }
    return (
      "draws are in another order: the answers of \(Self.name(example.draw, perChain)) are those of "
        + "\(Self.name(example.owner, perChain)) here",
      "Answers are in the order of the weights, (chain, draw, …)."
    )
  }

  /// Draws that answer in the place of others.
  private func repeated(_ owners: [(draw: Int, owner: Int)], _ perChain: Int) -> Cause {
    let first = owners[0]
    guard Set(owners.map(\.owner)).count == 1 else {
      return (
        "some draws answer for others: the answers of \(Self.name(first.draw, perChain)) are those of "
          + "\(Self.name(first.owner, perChain)) here",
        "Answers are in the order of the weights, (chain, draw, …), those of every draw once."
      )
    }
    return (
      "\(Self.name(first.owner, perChain)) answers for "
        + (owners.count == 1 ? "another draw too" : "\(owners.count) other draws too"),
      "Answer with the weights of every draw, not with those of one again and again."
    )
  }

  /// A draw as people count in files.
  static func name(_ draw: Int, _ perChain: Int) -> String {
    "chain \(draw / perChain), draw \(draw % perChain)"
  }

  // MARK: - Classes and inputs

  /// Classes in another order, the same for every draw and input.
  func classOrder() -> Cause? {
    guard classes > 1 else { return nil }
    let columns = (0..<classes).map { given in
      (0..<classes).filter { mine in
        differing.allSatisfy { draw in
          own.inputs.indices.allSatisfy { position in
            isNear(
              self.given(draw, position)[self.given(draw, position).startIndex + given],
              row(draw, position).lowerBound + mine)
          }
        }
      }
    }
    guard let found = Self.describe(columns, classes) else { return nil }
    let order = columns.map { $0[0] }
    return fits { draw, position in mine(order.map { row(draw, position).lowerBound + $0 }) } ? found : nil
  }

  static func describe(_ columns: [[Int]], _ classes: Int) -> Cause? {
    let order = columns.compactMap(\.first)
    guard order.count == classes, Set(order).count == classes, order != Array(0..<classes) else { return nil }
    let shift = (order[0] + classes) % classes
    let isShifted = order.indices.allSatisfy { order[$0] == ($0 + shift) % classes }
    let words =
      isShifted && (shift == 1 || shift == classes - 1)
      ? "classes are shifted by one"
      : "classes are in another order (" + order.prefix(20).map(String.init).joined(separator: ", ")
        + (classes > 20 ? ", …" : "") + ")"
    return (words, "Reorder the rows of the last layer, or the labels: both count classes alike.")
  }

  func inputOrder() -> Cause? {
    guard own.inputs.count > 1, own.inputs.count == comparison.question.count, let draw = differing.first else {
      return nil
    }
    let owners = own.inputs.indices.compactMap { position in
      own.inputs.indices.first { candidate in
        zip(given(draw, position), row(draw, candidate)).allSatisfy { isNear($0, $1) }
      }
    }
    guard owners.count == own.inputs.count, Set(owners).count == owners.count else { return nil }
    guard fits({ draw, position in mine(row(draw, owners[position])) }) else { return nil }
    return ("inputs are in another order", "Answers are in the order of /reference/inputs.")
  }

  // MARK: - What was made of them

  /// Probabilities in place of logits.
  func softmax() -> Cause? {
    let isSoftmax = fits { draw, position in
      let answers = mine(row(draw, position))
      let spread = answers.reduce(0) { max($0, $1.square) }
      return Predictive.logSoftmax(answers.map(\.number)).map { (exp($0), exp(2 * $0) * 4 * spread + 1e-14) }
    }
    guard isSoftmax else { return nil }
    return ("a softmax follows the last layer", "Answers are logits: take the softmax at the end of the model away.")
  }

  /// A factor of all logits.
  ///
  /// - Parameter least: How far from one it must be: cut digits make every product a little smaller.
  func factor(least: Double) -> Cause? {
    var (dot, square) = (0.0, 0.0)
    for draw in differing {
      for position in own.inputs.indices {
        for (a, index) in zip(given(draw, position), row(draw, position)) {
          dot += a * own.numbers[index]
          square += own.numbers[index] * own.numbers[index]
        }
      }
    }
    guard square > 0 else { return nil }
    let factor = dot / square
    let isFactor = fits { draw, position in
      mine(row(draw, position)).map { (factor * $0.number, factor * factor * $0.square) }
    }
    guard isFactor, abs(factor) > 1e-6, abs(factor - 1) > least else { return nil }
    return (
      String(format: "logits are multiplied by %.6g", factor),
      "Put the temperature into the weights and biases of the last layer, or take it away."
    )
  }

  /// Logits that differ by one number a row say the same of every class: how far they are from it otherwise.
  func shiftedByRows() -> Agreement? {
    guard classes > 1 else { return nil }
    return fit { draw, position in
      let answers = mine(row(draw, position))
      let shift =
        zip(given(draw, position), answers).reduce(0) { $0 + $1.0 - $1.1.number } / Double(classes)
      return answers.map { ($0.number + shift, $0.square + 0x1p-48 * shift * shift) }
    }
  }

  /// Whether the answers are logarithms of probabilities, which sum to one: to the digits of bfloat16.
  func areLogProbabilities() -> Bool {
    differing.allSatisfy { draw in
      own.inputs.indices.allSatisfy { position in abs(logSumExp(given(draw, position))) <= 0.02 }
    }
  }
}
