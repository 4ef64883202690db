import Foundation
import HDF5
import RobustnessCore
import TestSupport
import Testing

@testable import NeuralNetworks
@testable import PosteriorFiles

/// `Docs/file-format.md` and the table that the programs use say the same, both ways.
@Suite(.inTurn) struct FormatDocumentationTests {
  static let page: String = {
    let url = Fixtures.packageRoot.appending(path: "Docs/file-format.md")
    guard let text = try? String(contentsOf: url, encoding: .utf8) else { fatalError("\(url.path) cannot be read") }
    return text
  }()

  /// What stands below a heading, up to the next one of its level or above.
  private static func section(_ heading: String) throws -> [Substring] {
    let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex { $0.hasPrefix(heading) }, "there is no \(heading)")
    let level = heading.prefix { $0 == "#" }.count
    return Array(
      lines[(start + 1)...].prefix { line in
        let depth = line.prefix { $0 == "#" }.count
        return depth == 0 || depth > level
      })
  }

  /// The cells of every table in some lines, the heads left out.
  private static func rows(_ lines: [Substring]) -> [[String]] {
    var rows: [[String]] = []
    for line in lines where line.hasPrefix("|") {
      // A bar inside a cell is written with a backslash.
      let cells = line.dropFirst().dropLast().replacing("\\|", with: "\u{1}").split(
        separator: "|", omittingEmptySubsequences: false
      ).map { $0.replacing("\u{1}", with: "|").trimmingCharacters(in: .whitespaces) }
      if cells.allSatisfy({ $0.allSatisfy { $0 == "-" } }) { rows.removeLast() } else { rows.append(cells) }
    }
    return rows
  }

  /// The words in code quotes.
  private static func quoted(_ text: some StringProtocol) -> [String] {
    String(text).matches(of: /`([^`]+)`/).map { String($0.output.1) }
  }

  // MARK: - The whole table

  @Test func `the page has every line of the table, and no other`() throws {
    let found = Self.rows(try Self.section("### Everything in one table"))
    let expected = FormatSchema.items.map(Self.cells)
    let table = expected.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
    #expect(found == expected, "as it should be:\n\(table)")
  }

  /// A line of the table as the page has it.
  private static func cells(_ item: FormatItem) -> [String] {
    let isText = item.kind == .attribute && item.content == .text
    return [
      "`\(item.path)`", item.kind.rawValue, words(item),
      isText || item.kind == .group ? "" : shape(item), item.isRequired ? "required" : "optional",
      item.since.rawValue,
      item.digests.sorted().map { String($0.rawValue.dropLast("_sha256".count)) }.joined(separator: ", "),
    ]
  }

  private static func words(_ item: FormatItem) -> String {
    switch item.content {
    case _ where item.kind == .group: item.isClosed ? "data sets of this table only" : "anything"
    case .text: "text"
    case .textOrNumbers: "text or numbers"
    case .anything: "anything"
    case .numbers(ElementType.allCases): "numbers"
    case .numbers(ElementType.littleEndian): "little-endian numbers"
    case .numbers(ElementType.integers): "whole numbers"
    case .numbers(let elements): elements.map { "\($0)" }.joined(separator: ", ")
    }
  }

  private static func shape(_ item: FormatItem) -> String {
    let shapes = [item.shape, item.otherShape].compactMap(\.self)
    guard !shapes.isEmpty else { return "any" }
    return shapes.map { "(" + $0.map(\.rawValue).joined(separator: ", ") + ")" }.joined(separator: " or ")
  }

  // MARK: - The sections

  @Test(arguments: ["/", "/model"]) func `the attributes of a section are those of the table`(
    _ group: String
  ) throws {
    let rows = Self.rows(try Self.section("### `\(group)`"))
    let names = rows.flatMap { Self.quoted($0[0]) }
    let items = FormatSchema.attributes(of: group)
    #expect(Set(names) == Set(items.map(\.name)) && names.count == items.count)
    guard group == "/" else { return }
    for row in rows {
      for name in Self.quoted(row[0]) {
        #expect(FormatSchema.named("/@\(name)").isRequired == row[2].hasPrefix("required"), "\(name)")
      }
    }
  }

  @Test func `the tables of reference answers are those of the table`() throws {
    let rows = Self.rows(try Self.section("### `/reference`"))
    let items = FormatSchema.items.filter { $0.parent == "/reference" && !$0.isWildcard }
    #expect(Set(rows.flatMap { Self.quoted($0[0]) }) == Set(items.map(\.name)))
    for row in rows {
      let name = try #require(Self.quoted(row[0]).first)
      let item = try #require(items.first { $0.name == name })
      switch item.kind {
      case .dataset:
        let types = row[1].matches(of: /u?(float|int)\d+/).map { String($0.output.0) }
        #expect(Set(types) == Set(item.elements.map { "\($0)" }))
        #expect(Self.quoted(row[2]).first == Self.shape(item))
      default: #expect(item.isRequired == row[2].hasPrefix("required"))
      }
    }
  }

  @Test(arguments: FormatSchema.groups) func `every name of a group is in its section`(_ group: FormatItem) throws {
    let section = try Self.section("### `\(group.path)`").joined(separator: "\n")
    let words = Set(Self.quoted(section))
    for item in FormatSchema.items
    where item.parent == group.path && !item.isWildcard && item.role != .coordinate {
      #expect(words.contains(item.name), "\(item.path)")
    }
    let heading = try Self.heading(group.path)
    #expect(group.isRequired == heading.contains("required"))
    #expect((group.since > .first) == heading.contains("from \(group.since.rawValue) on"))
  }

  private static func heading(_ group: String) throws -> Substring {
    try #require(page.split(separator: "\n").first { $0.hasPrefix("### `\(group)`") })
  }

  // MARK: - The network

  @Test func `every type of layer has a line, and every line a type`() throws {
    let tables = try Self.section("### Layers")
    let listed = Self.rows(tables).flatMap { Self.quoted($0[0]) }
    let types = LayerKinds.all.flatMap { $0.allTypes }
    #expect(Set(listed) == Set(types), "\(Set(types).symmetricDifference(listed).sorted())")
    #expect(listed.count == types.count)
  }

  @Test func `every activation of a layer with weights is listed`() throws {
    let words = Set(Self.quoted(try Self.section("### Activations").joined(separator: "\n")))
    #expect(Architecture.Activation.allCases.allSatisfy { words.contains($0.rawValue) })
  }

  @Test func `the examples of the page are architectures, the first of format 1.0`() throws {
    let blocks = Self.page.components(separatedBy: "```json\n").dropFirst().compactMap {
      $0.components(separatedBy: "\n```").first
    }
    #expect(blocks.count >= 2)
    let architectures = try blocks.map { try Architecture(json: $0) }
    #expect(architectures.first?.beyondFormat10 == nil)
    #expect(architectures.dropFirst().allSatisfy { $0.beyondFormat10 != nil })
  }

  @Test func `kinds and words of exactness are listed`() throws {
    let words = Set(Self.quoted(Self.page))
    #expect(PosteriorKind.allCases.allSatisfy { words.contains($0.rawValue) })
    #expect(Exactness.allCases.allSatisfy { words.contains($0.rawValue) })
  }

  // MARK: - Digests

  @Test func `the digests cover what the page says`() throws {
    let rows = Self.rows(try Self.section("## Digests")).filter { $0[0].hasSuffix("_sha256`") }
    #expect(rows.compactMap { Self.quoted($0[0]).first } == FormatDigest.allCases.map(\.rawValue))
    for row in rows {
      let digest = try #require(FormatDigest(rawValue: Self.quoted(row[0])[0]))
      let covered = FormatSchema.items.filter { $0.digests.contains(digest) }
      let words = Self.quoted(row[1])
      guard digest == .content else {
        #expect(Set(words) == Set(covered.map(\.path)))
        continue
      }
      // Every data set, and every attribute of the groups that are named.
      #expect(row[1].hasPrefix("every data set of the file"))
      #expect(FormatSchema.items.filter { $0.kind == .dataset }.allSatisfy { covered.contains($0) })
      let groups = Set(FormatSchema.items.filter { $0.kind == .attribute && words.contains($0.parent) }.map(\.path))
      #expect(groups == Set(covered.filter { $0.kind == .attribute }.map(\.path)))
      #expect(Set(words) == Set(covered.filter { $0.kind == .attribute }.map(\.parent)))
    }
  }
}
