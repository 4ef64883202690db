import CRobustnessPlugin
import RobustnessCore

/// What a plugin says of one of its attacks, copied and checked.
struct ForeignAttackDescription: Sendable {
  typealias Perturb =
    @convention(c) (
      UnsafePointer<robustness_problem>?, UnsafeMutablePointer<Double>?, UnsafeMutablePointer<CChar>?, Int
    ) -> Int32

  let name: String
  let summary: String
  let capabilities: AttackCapabilities
  let options: [ForeignOption]
  let perturb: Perturb

  init(_ attack: robustness_attack, library: String) throws {
    name = try identifier(attack.name, "the name of an attack", library)
    summary = try line(attack.summary, "the summary of \(name)", library)
    let accesses: [AttackCapabilities.Access] = [.none, .decisions, .scores, .gradients]
    guard accesses.indices.contains(Int(attack.access)) else {
      throw CoreError("\(library): \(name) asks for access \(attack.access); there are 0 to 3")
    }
    let known: [(Int32, Norm)] = [(Int32(ROBUSTNESS_NORM_LINF), .linf), (Int32(ROBUSTNESS_NORM_L2), .l2)]
    let norms = known.filter { attack.norms & $0.0 != 0 }.map(\.1)
    guard !norms.isEmpty, attack.norms & ~known.reduce(0, { $0 | $1.0 }) == 0 else {
      throw CoreError(
        "\(library): \(name) has norms \(attack.norms), which is no sum of ROBUSTNESS_NORM_LINF and ROBUSTNESS_NORM_L2")
    }
    guard attack.minimum_classes >= 0, let perturb = attack.perturb else {
      throw CoreError("\(library): \(name) has no function perturb, or a negative number of classes")
    }
    self.perturb = perturb
    capabilities = AttackCapabilities(
      access: accesses[Int(attack.access)], norms: norms, targeted: attack.targeted != 0,
      minimumClasses: max(2, Int(attack.minimum_classes)))
    guard attack.option_count <= 64, attack.option_count == 0 || attack.options != nil else {
      throw CoreError("\(library): \(name) lists \(attack.option_count) options; an attack has at most 64")
    }
    let place = "\(library): \(name)"
    options = try UnsafeBufferPointer(start: attack.options, count: attack.option_count).map {
      try ForeignOption($0, place)
    }
    if let twice = Dictionary(grouping: options, by: \.name).first(where: { $1.count > 1 })?.key {
      throw CoreError("\(place) has two options named '\(twice)'")
    }
  }
}

/// One option of such an attack: a number between two others.
struct ForeignOption: Sendable {
  enum Kind: Int32 {
    case real = 0
    case integer = 1
    case boolean = 2
  }

  let name: String
  let help: String
  let kind: Kind
  let initial: Double
  let bounds: ClosedRange<Double>

  init(_ option: robustness_option, _ place: String) throws {
    name = try identifier(option.name, "the name of an option", place)
    help = try line(option.help, "the help of \(name)", place)
    guard name != "norm" else { throw CoreError("\(place): the option 'norm' is the program's own") }
    guard let kind = Kind(rawValue: option.kind) else {
      throw CoreError("\(place): the option \(name) is of kind \(option.kind); there are 0 to 2")
    }
    self.kind = kind
    initial = option.default_value
    // A boolean needs no bounds.
    let (low, high) = kind == .boolean ? (0, 1) : (option.minimum, option.maximum)
    guard low <= high, (low...high).contains(initial), initial.isFinite,
      kind == .real || initial == initial.rounded() && abs(initial) < 9e15
    else {
      throw CoreError(
        "\(place): the option \(name) has the default \(initial), which does not lie in [\(low), \(high)] or is no whole number where one is asked for"
      )
    }
    bounds = low...high
  }

  /// - Throws: `CoreError` for a number outside the bounds.
  func checked(_ value: Double) throws -> Double {
    guard bounds.contains(value) else {
      throw CoreError(
        "option '\(name)' must lie between \(text(bounds.lowerBound)) and \(text(bounds.upperBound)), not \(text(value))"
      )
    }
    return value
  }

  private func text(_ value: Double) -> String {
    kind == .integer && abs(value) < 9e15 ? "\(Int(value))" : "\(value)"
  }
}

/// Text of a plugin: at most `limit` bytes with the final 0.
private func text(_ pointer: UnsafePointer<CChar>?, limit: Int) -> String? {
  guard let pointer, let end = (0..<limit).first(where: { pointer[$0] == 0 }) else { return nil }
  return String(validating: UnsafeBufferPointer(start: pointer, count: end).map(UInt8.init(bitPattern:)), as: UTF8.self)
}

private func identifier(_ pointer: UnsafePointer<CChar>?, _ what: String, _ place: String) throws -> String {
  let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789-")
  guard let name = text(pointer, limit: 65), let first = name.first, first != "-", name.allSatisfy(allowed.contains)
  else {
    throw CoreError(
      "\(place): \(what) must be 1 to 64 lower-case letters, digits and hyphens, and begin with a letter or a digit")
  }
  return name
}

private func line(_ pointer: UnsafePointer<CChar>?, _ what: String, _ place: String) throws -> String {
  guard pointer != nil else { return "" }
  guard let line = text(pointer, limit: 513),
    !line.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
  else { throw CoreError("\(place): \(what) is not one line of at most 512 bytes in UTF-8") }
  return line
}
