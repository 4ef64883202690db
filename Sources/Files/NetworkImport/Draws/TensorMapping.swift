import Foundation
import Shell

/// Where a tensor of the network comes from, as a command says it: `fc1.weight=w1.T`.
struct TensorMapping: Hashable, Sendable {
  /// In which order an array's axes are those of the tensor.
  enum Arrangement: Hashable, Sendable {
    /// As the shapes tell.
    case unsaid
    case asItIs
    case transposed
    /// Axis `axes[i]` of the array is axis i of the tensor, as in numpy's transpose.
    case axes([Int])

    /// What was said, in words that follow the array's name; empty for nothing.
    var words: String {
      switch self {
      case .unsaid: ""
      case .asItIs: " as it is"
      case .transposed: " transposed"
      case .axes(let axes): " with its axes as \(axes)"
      }
    }
  }

  /// The tensor's name, or its beginning and `*`; empty where the network does not use the array.
  let tensor: String
  /// The array's name; nil where the network's own numbers are those of all draws.
  let array: String?
  var arrangement = Arrangement.unsaid

  /// Whether it speaks of a tensor of this name.
  func covers(_ name: String) -> Bool {
    tensor == name || array == nil && tensor.hasSuffix("*") && name.hasPrefix(tensor.dropLast())
  }

  /// Whether it says that the network does not use an array of this name, which may end in `*`.
  func leavesOut(_ name: String) -> Bool {
    guard tensor.isEmpty, let array else { return false }
    return array == name || array.hasSuffix("*") && name.hasPrefix(array.dropLast())
  }

  // MARK: - Spelling

  /// Reads `TENSOR=VARIABLE`, several of them separated by commas. Without VARIABLE all draws have the network's own
  /// numbers; without TENSOR the network does not use the variable.
  static func list(_ words: [String]) throws -> [TensorMapping] {
    var result: [TensorMapping] = []
    for word in words {
      for part in parts(word) {
        guard let sign = part.firstIndex(of: "=") else {
          try add(part, to: &result)
          continue
        }
        let mapping = try TensorMapping(
          tensor: String(part[..<sign]), source: String(part[part.index(after: sign)...]))
        if let other = result.first(where: { $0.tensor == mapping.tensor && !$0.tensor.isEmpty }) {
          throw UsageError("--map names \(other.tensor) twice")
        }
        result.append(mapping)
      }
    }
    return result
  }

  private init(tensor: String, source: String) throws {
    guard !tensor.isEmpty || !source.isEmpty else { throw UsageError("--map takes TENSOR=VARIABLE, not \"=\"") }
    self.tensor = tensor
    if tensor.isEmpty {
      array = source
    } else if source.isEmpty {
      array = nil
    } else if source.hasSuffix(".T"), source.count > 2 {
      (array, arrangement) = (String(source.dropLast(2)), .transposed)
    } else if source.hasSuffix(")"), let call = source.range(of: ".transpose(", options: .backwards) {
      let axes = source[call.upperBound...].dropLast().split(separator: ",").map {
        Int($0.trimmingCharacters(in: .whitespaces)) ?? -1
      }
      guard axes.sorted() == Array(axes.indices), !axes.isEmpty else {
        throw UsageError("--map: \(source) names each axis once, from 0: w.transpose(3,2,0,1)")
      }
      (array, arrangement) = (String(source[..<call.lowerBound]), .axes(axes))
    } else {
      array = source
    }
  }

  /// A word behind a comma.
  private static func add(_ word: String, to list: inout [TensorMapping]) throws {
    guard let last = list.last, last.array != nil, last.arrangement == .unsaid else {
      throw UsageError("--map takes TENSOR=VARIABLE, not \"\(word)\"")
    }
    switch word {
    case "transposed": list[list.count - 1].arrangement = .transposed
    case "as-is": list[list.count - 1].arrangement = .asItIs
    default:
      throw UsageError(
        "--map takes TENSOR=VARIABLE, and behind it transposed or as-is, not \"\(word)\"")
    }
  }

  /// What stands between commas that are in no parentheses.
  private static func parts(_ word: String) -> [String] {
    var result = [""]
    var depth = 0
    for character in word {
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      if character == ",", depth == 0 { result.append("") } else { result[result.count - 1].append(character) }
    }
    return result.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }
}
