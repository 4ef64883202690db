/// The name of a new plugin: a Swift type, its target and folder; and in lower case with hyphens what is typed on
/// command lines.
public struct PluginName: Sendable, Hashable {
  /// Name of type, target and folder, for instance `SteadyClimb`.
  public let type: String
  /// What `--attack` or `--metric` takes, for instance `steady-climb`.
  public let commandLine: String

  /// Checks that a name can be a type and a target.
  ///
  /// - Throws: `ScaffoldError` that says what a name looks like.
  public init(_ text: String) throws {
    let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
    guard isPlain, text.first?.isUppercase == true, text.count > 1, text.count <= 60 else {
      let meant = Self.upperCamel(text)
      let suggestion = meant.count > 1 && meant.count <= 60 ? ": perhaps \(meant)" : ""
      throw ScaffoldError(
        "'\(text)' is no name for a plugin. It names a Swift type and a folder: letters and digits, beginning with a "
          + "capital letter, 2 to 60 of them\(suggestion)")
    }
    guard !Self.taken.contains(text.lowercased()) else {
      throw ScaffoldError("'\(text)' already means something in Swift or in this package: choose another name")
    }
    type = text
    commandLine = Self.kebab(text)
  }

  /// `steady_climb 2` as `SteadyClimb2`.
  static func upperCamel(_ text: String) -> String {
    let words = text.split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    let joined = words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    return String(joined.drop { !$0.isLetter })
  }

  /// `SteadyClimb` as `steady-climb`, `FGSMPlus` as `fgsm-plus`, `MIFGSM` as `mifgsm`.
  static func kebab(_ text: String) -> String {
    let characters = Array(text)
    var result = ""
    for (index, character) in characters.enumerated() {
      let next = index + 1 < characters.count ? characters[index + 1] : nil
      let startsWord =
        index > 0 && character.isUppercase && (!characters[index - 1].isUppercase || next?.isLowercase == true)
      result += (startsWord ? "-" : "") + character.lowercased()
    }
    return result
  }

  /// Types and keywords that a plugin of the same name would hide or collide with, in lower case.
  private static let taken: Set<String> = [
    "any", "anyobject", "array", "arrayslice", "bool", "character", "codable", "collection", "comparable", "data",
    "date",
    "decodable", "decoder", "dictionary", "double", "encodable", "encoder", "equatable", "error", "false", "float",
    "foundation", "glibc", "hashable", "identifiable", "int", "issue", "mutex", "never", "nil", "optional", "package",
    "plugin", "plugins", "process", "protocol", "range", "result", "self", "sendable", "sequence", "set", "string",
    "substring", "suite", "swift", "tag", "task", "test", "testing", "testsupport", "thread", "trait", "true", "type",
    "uint", "url", "uuid", "void",
  ]
}
