import ArgumentParser
import RobustnessCore
import Shell

/// A value as the command line gives it: what the word means, or the word that means nothing.
///
/// The parser would end the program at a word that it cannot read, with a sentence of its own. Kept until the request
/// is made, it is named together with what there is, and what was perhaps meant.
enum Word<Value: ReadableOption>: ExpressibleByArgument {
  case meaning(Value)
  case nothing(String)

  init?(argument: String) {
    self = Value(option: argument).map { .meaning($0) } ?? .nothing(argument)
  }

  var defaultValueDescription: String {
    switch self {
    case .meaning(let value): value.optionText
    case .nothing(let word): word
    }
  }

  /// What the word means.
  ///
  /// - Parameter sentence: What is wrong with a word that means nothing.
  func value(else sentence: (String) -> String) throws(UsageError) -> Value {
    switch self {
    case .meaning(let value): return value
    case .nothing(let word): throw UsageError(sentence(word))
    }
  }
}

/// A radius as a number or a fraction, `8/255`.
struct Radius: ExpressibleByArgument {
  let value: Double

  init?(argument: String) {
    guard let value = Double.reading(numberOrFraction: argument) else { return nil }
    self.value = value
  }
}

/// Numbers or fractions with commas between: `1,1/2,0.25`.
struct Factors: ReadableOption {
  let values: [Double]

  init?(option: String) {
    let values = option.split(separator: ",", omittingEmptySubsequences: false).map {
      Double.reading(numberOrFraction: $0)
    }
    guard values.allSatisfy({ $0 != nil }) else { return nil }
    self.values = values.compactMap(\.self)
  }

  var optionText: String { values.map { "\($0)" }.joined(separator: ",") }
}

/// One of a few names, which the parser lists.
struct Choice<Value: RawRepresentable<String> & CaseIterable & Sendable>: ExpressibleByArgument {
  let value: Value

  init(_ value: Value) { self.value = value }

  init?(argument: String) {
    guard let value = Value(rawValue: argument) else { return nil }
    self.value = value
  }

  static var allValueStrings: [String] { Value.allCases.map(\.rawValue) }

  static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }

  var defaultValueDescription: String { value.rawValue }
}

/// The value of an option.
protocol ReadableOption: Sendable {
  init?(option: String)
  var optionText: String { get }
}

extension ReadableOption where Self: LosslessStringConvertible {
  init?(option: String) { self.init(option) }
  var optionText: String { description }
}

extension ReadableOption where Self: RawRepresentable, RawValue == String {
  init?(option: String) { self.init(rawValue: option) }
  var optionText: String { rawValue }
}

extension Decision: ReadableOption {}
extension AttackDraws: ReadableOption {}
extension Arithmetic: ReadableOption {}
extension CheckLevel: ReadableOption {}
extension GradientRule: ReadableOption {}
extension SurrogateRule: ReadableOption {}
extension RejectionRule: ReadableOption {}
extension EvaluationRequest.Precision: ReadableOption {}

extension TargetRule: ReadableOption {
  // Without the option there is no target; with it there is one.
  init?(option: String) {
    self.init(option)
    if self == .untargeted { return nil }
  }
}

/// One objective, or all.
enum ObjectiveChoice: ReadableOption, Equatable {
  case one(Objective)
  case all

  static let names = Objective.allCases.map(\.rawValue) + ["all"]

  init?(option: String) {
    if option == "all" {
      self = .all
    } else if let objective = Objective(rawValue: option) {
      self = .one(objective)
    } else {
      return nil
    }
  }

  var optionText: String {
    switch self {
    case .one(let objective): objective.rawValue
    case .all: "all"
    }
  }
}

/// `400MB`, `2GB`, `1.5 GiB`, or bytes.
struct ByteCount: ReadableOption {
  let bytes: Int

  init?(option text: String) {
    let units: [(String, Double)] = [
      ("gib", 1_073_741_824), ("mib", 1_048_576), ("kib", 1024), ("gb", 1e9), ("mb", 1e6), ("kb", 1e3), ("g", 1e9),
      ("m", 1e6), ("k", 1e3), ("b", 1), ("", 1),
    ]
    let lowered = text.lowercased().replacing(" ", with: "")
    for (unit, factor) in units where lowered.hasSuffix(unit) {
      guard let number = Double(lowered.dropLast(unit.count)), number.isFinite, number > 0, number * factor < 9e18
      else {
        continue
      }
      bytes = Int(number * factor)
      return
    }
    return nil
  }

  var optionText: String { "\(bytes)" }
}
