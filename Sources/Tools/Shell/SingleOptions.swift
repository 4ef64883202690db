package import ArgumentParser
import Foundation

/// Options that a command takes once: of a second one the parser silently forgets the first.
package enum SingleOptions {
  /// The first option that is there twice and is not repeatable; nil when there is none.
  ///
  /// The command's description is only made when some word is there twice.
  package static func given(twiceIn words: [String], of command: any ParsableCommand.Type) -> String? {
    var counts: [String: Int] = [:]
    for word in words.prefix(while: { $0 != "--" }) where word.count > 1 && word.hasPrefix("-") {
      counts[String(word.prefix { $0 != "=" }), default: 0] += 1
    }
    let twice = counts.filter { $0.value > 1 }.keys
    guard !twice.isEmpty,
      var described = try? JSONDecoder().decode(Tool.self, from: Data(command._dumpHelp().utf8)).command
    else { return nil }
    while let next = described.subcommands?.first(where: { $0.commandName == words.first { !$0.hasPrefix("-") } }) {
      // Of nested subcommands the next word counts.
      guard next.subcommands?.isEmpty ?? true else { return nil }
      described = next
    }
    let single = (described.arguments ?? []).filter { $0.kind == "option" && $0.isRepeating == false }
    let names = Set(single.flatMap { $0.names ?? [] }.map { ($0.kind == "long" ? "--" : "-") + $0.name })
    return words.lazy.map { String($0.prefix { $0 != "=" }) }.first { twice.contains($0) && names.contains($0) }
  }

  /// What the parser's description says, as far as it matters here.
  private struct Tool: Decodable {
    struct Name: Decodable {
      var kind: String
      var name: String
    }
    struct Argument: Decodable {
      var kind: String
      var isRepeating: Bool?
      var names: [Name]?
    }
    struct Command: Decodable {
      var commandName: String
      var subcommands: [Command]?
      var arguments: [Argument]?
    }
    var command: Command
  }
}
