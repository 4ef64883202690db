import RobustnessCore

/// The words of a command line, taken apart: which sampler, which options with which values.
struct TrainWords {
  var sampler: String?
  /// Values by the option's name.
  var values: [String: String] = [:]
  /// The same in the order of the command line.
  private(set) var ordered: [(name: String, value: String)] = []
  var config: String?
  var resume: String?
  var listsSamplers = false
  var wantsHelp = false
  var wantsVersion = false

  /// Takes the words apart. Whether options exist is checked by the caller, who knows the sampler; only flags must be known to see which words are values.
  ///
  /// - Parameters:
  ///   - words: The command line without the program's name.
  ///   - isFlag: Whether an option stands without a value.
  /// - Throws: `UsageError`.
  init(_ words: [String], isFlag: (_ sampler: String?, _ option: String) -> Bool) throws {
    var rest = words[...]
    func value(_ option: String, _ inline: String?) throws -> String {
      if let inline { return inline }
      guard let next = rest.first, !next.hasPrefix("--") else { throw UsageError("--\(option) needs a value") }
      rest.removeFirst()
      return next
    }
    while let word = rest.popFirst() {
      guard word.hasPrefix("-"), word.count > 1 else {
        guard sampler == nil else {
          throw UsageError(
            "'\(word)' is one word too many: the sampler is '\(sampler ?? "")', and options begin with --")
        }
        sampler = word
        continue
      }
      if word == "-h" || word == "--help" {
        wantsHelp = true
        continue
      }
      var name: String
      var inline: String?
      if word == "-o" {
        name = "output"
      } else {
        guard word.hasPrefix("--") else { throw UsageError("'\(word)' is no option: options begin with --") }
        let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        name = String(parts[0])
        inline = parts.count == 2 ? String(parts[1]) : nil
      }
      switch name {
      case "list-samplers": listsSamplers = true
      case "version": wantsVersion = true
      case "config": config = try Self.once(config, try value(name, inline), name)
      case "resume": resume = try Self.once(resume, try value(name, inline), name)
      default:
        let text: String
        if isFlag(sampler, name) {
          text = inline ?? "true"
        } else if name.hasPrefix("no-"), isFlag(sampler, String(name.dropFirst(3))), inline == nil {
          name.removeFirst(3)
          text = "false"
        } else {
          text = try value(name, inline)
        }
        values[name] = try Self.once(values[name], text, name)
        ordered.append((name, text))
      }
    }
  }

  private static func once(_ old: String?, _ new: String, _ name: String) throws -> String {
    guard old == nil else { throw UsageError("--\(name) is given twice") }
    return new
  }
}
