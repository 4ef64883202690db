/// Looks in Swift for lists of words as on a command line: array literals with a string that begins with `--`.
struct OptionWords {
  /// The lines, from 1, on which such a string stands directly in square brackets.
  private(set) var lines: [Int] = []
  private let text: [Character]
  private var place = 0

  /// Reads a source.
  init(in source: String) {
    text = Array(source)
    var brackets: [Character] = []
    while place < text.count {
      switch text[place] {
      case _ where isNext("//"): skip { $0.text[$0.place].isNewline }
      case _ where isNext("/*"):
        skip { $0.isNext("*/") }
      case "\"", "#":
        if brackets.last == "[", isNext("\"--") { lines.append(line) }
        skipString()
        continue
      case "(", "[", "{": brackets.append(text[place])
      case ")", "]", "}": _ = brackets.popLast()
      default: break
      }
      place += 1
    }
  }

  private var line: Int { 1 + text[..<place].count(where: \.isNewline) }

  private func isNext(_ word: String) -> Bool { text[place...].starts(with: word) }

  private mutating func skip(until isThere: (OptionWords) -> Bool) {
    while place < text.count, !isThere(self) { place += 1 }
  }

  /// Goes past a string of any form and what is interpolated in it; past one character where none begins.
  private mutating func skipString() {
    let start = place
    while place < text.count, text[place] == "#" { place += 1 }
    let hashes = String(repeating: "#", count: place - start)
    guard place < text.count, text[place] == "\"" else {
      place = start + 1
      return
    }
    let quote = isNext("\"\"\"") ? "\"\"\"" : "\""
    place += quote.count
    while place < text.count, !isNext(quote + hashes) {
      if isNext("\\" + hashes + "(") {
        place += hashes.count + 2
        skipInterpolation()
      } else {
        place += isNext("\\" + hashes) ? hashes.count + 2 : 1
      }
    }
    place += quote.count + hashes.count
  }

  private mutating func skipInterpolation() {
    var depth = 1
    while place < text.count, depth > 0 {
      switch text[place] {
      case "\"":
        skipString()
        continue
      case "(": depth += 1
      case ")": depth -= 1
      default: break
      }
      place += 1
    }
  }
}
