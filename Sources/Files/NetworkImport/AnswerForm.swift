import Foundation
import RobustnessCore

/// How an author's answers lie in their array: with an axis of draws or two of chains and draws, or of one draw without,
/// and with a number for each class or one for both of two.
struct AnswerForm {
  /// Number of inputs.
  let count: Int
  private let classes: Int
  private let isOneNumber: Bool

  /// - Throws: ``ImportError`` for any other shape.
  init(_ shape: [Int], draws: Int, classes: Int, file: String) throws {
    var rest = shape[...]
    self.classes = classes
    if classes == 2, rest.last == 1, rest.count >= 2 {
      isOneNumber = true
      rest = rest.dropLast()
    } else {
      isOneNumber = rest.last != classes
      if !isOneNumber { rest = rest.dropLast() }
    }
    let axes = Array(rest.dropLast())
    guard !isOneNumber || classes == 2, let count = rest.last, count >= 1,
      axes == [draws] || axes.count == 2 && axes[0] * axes[1] == draws || axes.isEmpty && draws == 1
    else {
      throw ImportError(
        file: file, "logits has the shape \(shape), not (\(draws), inputs, \(classes)): draw, input, class")
    }
    self.count = count
  }

  /// The numbers as logits of all classes: what a graph gives that ends in a softmax or a sigmoid are probabilities.
  func logits(_ stored: StoredNumbers, _ ending: NetworkEnding, _ file: String) throws -> StoredNumbers {
    if isOneNumber {
      let numbers = stored.values
      guard ending == .sigmoid else { return .doubles(numbers.flatMap { [0, $0] }) }
      guard numbers.allSatisfy({ $0 > 0 && $0 < 1 }) else { throw rounded(file) }
      return .doubles(numbers.flatMap { [log1p(-$0), log($0)] })
    }
    guard ending == .softmax else { return stored }
    let numbers = stored.values
    let isProbability = stride(from: 0, to: numbers.count, by: classes).allSatisfy { row in
      let own = numbers[row..<row + classes]
      return own.allSatisfy { $0 >= 0 } && abs(own.reduce(0, +) - 1) < 1e-4
    }
    guard isProbability else { return stored }
    guard numbers.allSatisfy({ $0 > 0 }) else { throw rounded(file) }
    return .doubles(numbers.map { log($0) })
  }

  private func rounded(_ file: String) -> ImportError {
    ImportError(
      file: file,
      "logits has probabilities that are rounded to 0 or 1, which say nothing of logits: save what enters the "
        + "softmax or sigmoid at the end of the network")
  }
}
