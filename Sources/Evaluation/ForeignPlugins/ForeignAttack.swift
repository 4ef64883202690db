import RobustnessCore

/// A number of a loaded attack as a type. An attack is named by its type, and a library is known only when the program
/// runs: so types are counted, each one around the one before.
protocol AttackSlot: Sendable {
  static var index: Int { get }
}

enum FirstSlot: AttackSlot {
  static var index: Int { 0 }
}

enum SlotAfter<Before: AttackSlot>: AttackSlot {
  static var index: Int { Before.index + 1 }
}

extension AttackSlot {
  static var description: ForeignAttackDescription { LoadedAttacks[index] }
}

/// A loaded attack among those in Swift.
struct ForeignAttack<Slot: AttackSlot>: Attack {
  typealias Options = ForeignOptions<Slot>

  static var name: String { Slot.description.name }
  static var summary: String { Slot.description.summary }
  static var capabilities: AttackCapabilities { Slot.description.capabilities }

  private let options: Options

  init(_ options: Options) throws { self.options = options }

  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    let conversation = OracleConversation(oracle, examples, threat, random)
    defer { oracle = conversation.oracle }
    return try conversation.run(Slot.description, options: options.values)
  }
}

/// The options of a loaded attack; their names come from the library.
struct ForeignOptions<Slot: AttackSlot>: PluginOptions {
  /// In the order of the attack's list.
  var values: [Double]

  static var help: [String: String] {
    Dictionary(Slot.description.options.filter { !$0.help.isEmpty }.map { ($0.name, $0.help) }) { first, _ in first }
  }

  init() { values = Slot.description.options.map(\.initial) }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: OptionName.self)
    values = try Slot.description.options.map { option in
      let key = OptionName(stringValue: option.name)
      guard container.contains(key) else { return option.initial }
      let value =
        switch option.kind {
        case .real: try container.decode(Double.self, forKey: key)
        case .integer: Double(try container.decode(Int.self, forKey: key))
        case .boolean: try container.decode(Bool.self, forKey: key) ? 1.0 : 0
        }
      return try option.checked(value)
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: OptionName.self)
    for (option, value) in zip(Slot.description.options, values) {
      let key = OptionName(stringValue: option.name)
      switch option.kind {
      case .real: try container.encode(value, forKey: key)
      case .integer: try container.encode(Int(value), forKey: key)
      case .boolean: try container.encode(value != 0, forKey: key)
      }
    }
  }

  private struct OptionName: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}
