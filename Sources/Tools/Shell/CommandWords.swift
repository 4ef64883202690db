package import ArgumentParser
import Foundation

/// The words of a command line, before a parser reads them: what it would misunderstand is said, or put so that it is
/// understood.
package enum CommandWords {
  /// The words behind the program's name.
  ///
  /// Of an option that counts once and is there twice, the last one counts, as scripts expect that put their own words
  /// behind others; it is said on standard error.
  ///
  /// - Parameters:
  ///   - command: Whose words they are.
  ///   - single: Options of which nobody can mean a second one.
  ///   - optional: Options that may stand without a value, and the value that is then meant.
  /// - Throws: ``UsageError``.
  package static func ofThisProgram(
    for command: any ParsableCommand.Type, single: [String] = [], optional: [String: String] = [:]
  ) throws(UsageError) -> [String] {
    let words = completed(try checked(asGiven(), single: single), optional)
    if let option = SingleOptions.given(twiceIn: words, of: command) {
      ProgramEnd.say("note: \(option) is given twice; the last one counts")
    }
    return words
  }

  /// The words behind the program's name as they stand, for a program that reads them by itself.
  ///
  /// - Throws: ``UsageError`` for words that are not UTF-8.
  package static func asGiven() throws(UsageError) -> [String] {
    try checkEncoding()
    return Array(CommandLine.arguments.dropFirst())
  }

  /// The words, with negative numbers joined to their options: `--epsilon -1` becomes `--epsilon=-1`, of which a parser
  /// says what is wrong with it, and not that the value is missing.
  ///
  /// - Throws: ``UsageError`` for one of `single` that is there twice, and for a seed below 0.
  package static func checked(_ words: [String], single: [String] = []) throws(UsageError) -> [String] {
    var joined: [String] = []
    for (index, word) in words.enumerated() {
      // What follows is no option any more.
      if word == "--" { return joined + words[index...] }
      if isNegative(word), let option = joined.last, option.hasPrefix("--"), !option.contains("=") {
        joined[joined.count - 1] = "\(option)=\(word)"
      } else {
        joined.append(word)
      }
    }
    for option in single {
      guard joined.count(where: { $0 == option || $0.hasPrefix("\(option)=") }) < 2 else {
        throw UsageError("\(option) is given twice: which one is meant? Give it once")
      }
    }
    // Of a whole number without sign a parser only says that the value is invalid.
    if let seed = joined.first(where: { $0.hasPrefix("--seed=-") && isNegative($0.dropFirst(7)) }) {
      throw UsageError("--seed must not be negative, not \(seed.dropFirst(7))")
    }
    return joined
  }

  /// The words, with the value that is meant behind options that stand alone: behind the last word, or before another
  /// option.
  package static func completed(_ words: [String], _ optional: [String: String]) -> [String] {
    var result: [String] = []
    for (index, word) in words.enumerated() {
      if word == "--" { return result + words[index...] }
      result.append(word)
      guard let value = optional[word] else { continue }
      if index + 1 == words.count || words[index + 1].hasPrefix("-") { result.append(value) }
    }
    return result
  }

  /// Whether a word is a number below 0, or a fraction: `-1`, `-0.5`, `-8/255`.
  private static func isNegative(_ word: some StringProtocol) -> Bool {
    word.hasPrefix("-") && word.dropFirst().first.map { $0.isNumber || $0 == "." } == true
      && word.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { Double($0) != nil }
  }

  /// The names of files are bytes, and text here: another name would be looked for in their place.
  private static func checkEncoding() throws(UsageError) {
    let arguments = CommandLine.unsafeArgv
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let word = arguments[index] else { return }
      let bytes = UnsafeBufferPointer(start: word, count: strlen(word)).map { UInt8(bitPattern: $0) }
      guard String(validating: bytes, as: UTF8.self) == nil else { continue }
      throw UsageError(
        "'\(String(decoding: bytes, as: UTF8.self))' is not UTF-8: rename the file, or give it a symbolic link with "
          + "another name")
    }
  }
}
