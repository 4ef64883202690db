public import RobustnessCore
import Shell

/// An attack by its name, with its options: what can be written down, before any program says what the name means.
///
/// ``resolve(among:)`` finds the attack; `init(_:_:norm:)` makes a specification of an attack that is at hand.
public struct AttackSpecification: Codable, Hashable, Sendable {
  /// The attack's name, for instance `pgd`.
  public var name: String
  /// Options that differ from the defaults, by name as on the command line: `["random-start": "false"]`.
  public var options: [String: String]
  /// The norm; nil for the first that the attack supports.
  public var norm: Norm?

  /// An attack by its name.
  public init(_ name: String, options: [String: String] = [:], norm: Norm? = nil) {
    self.name = name
    self.options = options
    self.norm = norm
  }

  /// An attack with typed options, of which those are written down that differ from the defaults.
  ///
  /// - Throws: `CoreError` when an option has no text.
  public init<A: Attack>(_ attack: A.Type, _ options: A.Options, norm: Norm? = nil) throws {
    let defaults = try A.Options().described()
    let changed = try options.described().filter { option in
      option.value != defaults.first { $0.name == option.name }?.value
    }
    self.init(
      A.name, options: Dictionary(changed.compactMap { option in option.value.map { (option.name, $0) } }) { $1 },
      norm: norm)
  }

  /// Reads `{"name": "pgd"}` with or without `options` and `norm`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    options = try container.decodeIfPresent([String: String].self, forKey: .options) ?? [:]
    norm = try container.decodeIfPresent(Norm.self, forKey: .norm)
  }

  /// Finds the attack and checks every option, down to the values.
  ///
  /// - Throws: An error of exit code 64 with what is wrong and what was perhaps meant.
  public func resolve(among attacks: [any Attack.Type]) throws -> AttackRequest {
    let attack = try Self.attack(named: name, among: attacks)
    if let norm { _ = try Self.norm(norm.rawValue, attack) }
    try Self.check(options, attack)
    return AttackRequest(attack, assignments: options, norm: norm)
  }
}

// MARK: - As on the command line

extension AttackSpecification {
  /// Reads an attack as written on the command line, `pgd:steps=40,restarts=5,norm=l2`, and checks it.
  ///
  /// - Throws: `UsageError` with what is wrong and what was perhaps meant.
  package init(_ text: String, among attacks: [any Attack.Type]) throws {
    let given = try OptionText(text)
    let attack = try Self.attack(named: given.name, among: attacks)
    self.init(attack.name)
    for (name, value) in given.pairs {
      if name == "norm" { norm = try Self.norm(value, attack) } else { options[name] = value }
    }
    try Self.check(options, attack)
  }

  private static func attack(named name: String, among attacks: [any Attack.Type]) throws -> any Attack.Type {
    guard let attack = attacks.first(where: { $0.name.lowercased() == name.lowercased() }) else {
      let names = attacks.map { $0.name }
      throw UsageError(
        "no attack named '\(name)'.\(Suggestion.didYouMean(name, among: names)) Available: "
          + "\(names.joined(separator: ", ")). Details: evaluate --list-attacks")
    }
    return attack
  }

  private static func norm(_ text: String, _ attack: any Attack.Type) throws -> Norm {
    guard let norm = Norm(rawValue: text.lowercased()), attack.capabilities.norms.contains(norm) else {
      let norms = attack.capabilities.norms.map(\.rawValue)
      throw UsageError(
        "\(attack.name) has no norm '\(text)'; it has \(norms.joined(separator: ", "))."
          + Suggestion.didYouMean(text, among: norms))
    }
    return norm
  }

  private static func check<A: Attack>(_ assignments: [String: String], _ attack: A.Type) throws {
    let known = try A.Options().described().map(\.name) + ["norm"]
    for name in assignments.keys.sorted() where !known.contains(name) {
      throw UsageError(
        "\(A.name) has no option '\(name)'.\(Suggestion.didYouMean(name, among: known)) Options: "
          + "\(try A.describedOptions())")
    }
    do {
      _ = try A(A.Options(assignments: assignments))
    } catch {
      throw UsageError("\(A.name): \(error)".replacing("\(A.name): \(A.name): ", with: "\(A.name): "))
    }
  }
}

extension Attack {
  /// `steps=15 restarts=1 norm=linf …`
  static func describedOptions() throws -> String {
    var texts = try Options().described().map { name, value in
      "\(name)=\(value ?? Options.describedDefaults[name] ?? "")"
    }
    texts.append("norm=\(capabilities.norms.map(\.rawValue).joined(separator: "|"))")
    return texts.joined(separator: " ")
  }
}
