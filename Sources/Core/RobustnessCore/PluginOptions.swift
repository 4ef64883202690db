/// Options of a plugin: a `Codable` struct of numbers, booleans, strings and enumerations of strings, whose `init()`
/// gives every default.
///
/// A property `randomStart` is written `random-start=true` on the command line. An optional property has no value
/// unless one is given.
public protocol PluginOptions: Codable, Sendable {
  /// The defaults.
  init()
  /// What the default of an option is when it has no value of its own, for instance `["step": "2.5·ε/steps"]`; for help
  /// only.
  static var describedDefaults: [String: String] { get }
  /// A line of help for an option, for instance `["step": "length of a step"]`; those without one are listed by name
  /// alone.
  static var help: [String: String] { get }
  /// The same options with nothing left open: what a result records, so that it can be repeated when a default changes.
  ///
  /// - Throws: `CoreError` when the options make no sense together.
  func resolved(for norm: Norm) throws -> Self
}

extension PluginOptions {
  /// Nothing to add.
  public static var describedDefaults: [String: String] { [:] }

  /// No help.
  public static var help: [String: String] { [:] }

  /// Nothing is left open.
  public func resolved(for norm: Norm) throws -> Self { self }

  /// Every option with its value as text (nil where it has none), in the order of declaration.
  public func described() throws -> [(name: String, value: String?)] {
    let encoder = OptionEncoder()
    try encode(to: encoder)
    return encoder.storage.entries
  }

  /// The defaults, with the options in `assignments` set.
  ///
  /// - Throws: `CoreError` for a value of the wrong kind; the name of every key must be one of `described()`.
  public init(assignments: [String: String]) throws {
    var values: [String: String] = [:]
    for (name, value) in try Self().described() {
      if let value { values[name] = value }
    }
    values.merge(assignments) { $1 }
    do {
      self = try Self(from: OptionDecoder(values: values))
    } catch let error as CoreError {
      throw error
    } catch {
      throw CoreError("\(error)")
    }
  }
}

/// The options of a plugin that has none.
public struct NoOptions: PluginOptions {
  /// No options.
  public init() {}
}

/// `randomStart` as `random-start`.
func kebabCase(_ name: String) -> String {
  name.reduce(into: "") { text, character in
    if character.isUppercase { text += "-" + character.lowercased() } else { text.append(character) }
  }
}
