import Foundation
import TestSupport
import Testing

/// The code in the tutorials is code that is compiled: every Swift block is a whole file of `Docs/Examples/OutsideLab`,
/// which CI builds, runs and tests.
@Suite(.inTurn) struct `The tutorials` {
  struct Block {
    let file: String
    let text: String
  }

  /// The Swift blocks of a page with the file that the comment before each names.
  static func blocks(_ page: String) throws -> [Block] {
    let docs = Fixtures.packageRoot.appending(path: "Docs")
    let lines = try String(contentsOf: docs.appending(path: page), encoding: .utf8).components(separatedBy: "\n")
    var blocks: [Block] = []
    for (number, line) in lines.enumerated() where line == "```swift" {
      let comment = number > 0 ? lines[number - 1] : ""
      let file = comment.hasPrefix("<!-- ") && comment.hasSuffix(" -->") ? comment.dropFirst(5).dropLast(4) : ""
      let text = lines[(number + 1)...].prefix { $0 != "```" }.joined(separator: "\n") + "\n"
      blocks.append(Block(file: String(file), text: text))
    }
    return blocks
  }

  @Test(arguments: ["write-an-attack.md", "write-a-sampler.md", "share-a-posterior.md", "run-the-benchmark.md"])
  func `show whole files of the example`(_ page: String) throws {
    let docs = Fixtures.packageRoot.appending(path: "Docs")
    for block in try Self.blocks(page) {
      if block.file.hasPrefix("from ") {
        try expectLines(
          of: block, in: String(contentsOf: docs.appending(path: block.file.dropFirst(5)), encoding: .utf8))
        continue
      }
      try #require(block.file.hasPrefix("Examples/OutsideLab/"), "\(page): a block without its file:\n\(block.text)")
      let file = try String(contentsOf: docs.appending(path: block.file), encoding: .utf8)
      #expect(block.text == file, "\(page) and \(block.file) differ")
    }
  }

  /// A file that is shown in part: every line, in order.
  private func expectLines(of block: Block, in file: String) {
    var rest = file.components(separatedBy: "\n")[...]
    for line in block.text.split(separator: "\n") {
      let place = rest.firstIndex { $0 == line }
      #expect(place != nil, "\(block.file) has no line like this, or not here: \(line)")
      if let place { rest = rest[(place + 1)...] }
    }
  }

  @Test func `the plugin in C is the example that tests compile`() throws {
    let docs = Fixtures.packageRoot.appending(path: "Docs")
    let page = try String(contentsOf: docs.appending(path: "write-a-plugin-in-c.md"), encoding: .utf8)
    let file = try String(contentsOf: docs.appending(path: "Examples/CPlugin/iterated_sign.c"), encoding: .utf8)
    #expect(page.contains("<!-- Examples/CPlugin/iterated_sign.c -->\n```c\n\(file)```\n"))
  }

  @Test func `an attack takes twenty lines, with options under thirty`() throws {
    let blocks = try Self.blocks("write-an-attack.md")
    func count(_ name: String) throws -> Int {
      try #require(blocks.first { $0.file.hasSuffix(name) }).text.split(
        separator: "\n", omittingEmptySubsequences: false
      )
      .count - 1
    }
    #expect(try count("/PlainMomentum.swift") <= 20)
    #expect(try count("/Momentum.swift") < 30)
  }
}
