/// Looks in Swift for lists of words as on a command line: array literals with a string that begins with `--`.
struct OptionWords {
  /// The lines, from 1, on which such a string stands directly in square brackets.
  private(set) var lines: [Int] = []
  private let text: [UInt8]
  private var place = 0
  private static let newline = UInt8(ascii: "\n")

  /// Reads a source.
  init(in source: String) {
    text = Array(source.utf8)
    var brackets: [UInt8] = []
    while place < text.count {
      switch text[place] {
      case _ where isNext("//"): skip { $0.text[$0.place] == Self.newline }
      case _ where isNext("/*"):
        skip { $0.isNext("*/") }
      case UInt8(ascii: "\""), UInt8(ascii: "#"):
        if brackets.last == UInt8(ascii: "["), isNext("\"--") { lines.append(line) }
        skipString()
        continue
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): brackets.append(text[place])
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): _ = brackets.popLast()
      default: break
      }
      place += 1
    }
  }

  private var line: Int { 1 + text[..<place].count { $0 == Self.newline } }

  private func isNext(_ word: String) -> Bool { text[place...].starts(with: word.utf8) }

  private mutating func skip(until isThere: (OptionWords) -> Bool) {
    while place < text.count, !isThere(self) { place += 1 }
  }

  /// Goes past a string of any form and what is interpolated in it; past one character where none begins.
  private mutating func skipString() {
    let start = place
    while place < text.count, text[place] == UInt8(ascii: "#") { place += 1 }
    let hashes = String(repeating: "#", count: place - start)
    guard place < text.count, text[place] == UInt8(ascii: "\"") else {
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
      case UInt8(ascii: "\""):
        skipString()
        continue
      case UInt8(ascii: "("): depth += 1
      case UInt8(ascii: ")"): depth -= 1
      default: break
      }
      place += 1
    }
  }
}
