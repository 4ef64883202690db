import Foundation
import HDF5
import TestSupport
import Testing

@testable import PosteriorFiles

extension FormatItem: CustomTestStringConvertible {
  var testDescription: String { path + (role.map { " (\($0))" } ?? "") }
}

/// Every line of the table is obeyed: generated over the table, so that a new line is tested without a new test.
@Suite(.inTurn) struct FormatItemTests {
  static let datasets = FormatSchema.items.filter { $0.kind == .dataset }
  static let attributes = FormatSchema.items.filter { $0.kind == .attribute }

  @Test func `a file with one of everything is accepted`() throws {
    let file = CompleteFile()
    #expect(Set(file.items.map(\.path)).count == file.items.count)
    #expect(try file.signed().problems() == [])
    #expect(try file.signed().opened(\.integrity) == .verified)
  }

  // MARK: - Kinds, types and shapes

  @Test(arguments: FormatSchema.groups) func `a data set in the place of a group is refused`(
    _ item: FormatItem
  ) throws {
    var file = CompleteFile().unsigned
    file.replace(item.path, by: .dataset)
    #expect(try file.problems().first == item.path)
  }

  @Test(arguments: datasets) func `a group in the place of a data set is refused`(_ item: FormatItem) throws {
    var file = CompleteFile().unsigned
    let path = CompleteFile.path(of: item)
    file.replace(path, by: .group)
    // Beside the tables, a file may hold what it wants.
    #expect(try file.problems().first == (item.role == .other ? nil : path))
  }

  @Test(arguments: datasets) func `numbers in a representation that the table does not have are refused`(
    _ item: FormatItem
  ) throws {
    let path = CompleteFile.path(of: item)
    for element in ElementType.allCases where !item.elements.contains(element) {
      var file = CompleteFile().unsigned
      guard case .numbers(let values, let shape, _)? = file[path] else { return }
      file[path] = .numbers(values.map { $0.rounded() }, shape, element)
      #expect(try file.problems().first == path, "\(element)")
    }
  }

  @Test(arguments: datasets.filter { $0.shape != nil }) func `an axis too many is refused`(_ item: FormatItem) throws {
    var file = CompleteFile().unsigned
    let path = CompleteFile.path(of: item)
    guard case .numbers(let values, let shape, let element)? = file[path] else { return }
    file[path] = .numbers(values, shape + [1], element)
    #expect(try file.problems().first == path)
  }

  @Test(arguments: datasets.filter { $0.shape != nil && $0.shape != [.length] && $0.role != .parameter })
  func `another extent than the table's is refused`(_ item: FormatItem) throws {
    var file = CompleteFile().unsigned
    let path = CompleteFile.path(of: item)
    guard case .numbers(let values, let shape, let element)? = file[path] else { return }
    let last = shape.count - 1
    let shorter = shape.dropLast() + [shape[last] - 1]
    file[path] = .numbers(Array(values.prefix(shorter.reduce(1, *))), Array(shorter), element)
    #expect(try file.problems().first == path)
  }

  @Test(arguments: attributes) func `an attribute of another type than the table's is refused`(
    _ item: FormatItem
  ) throws {
    var file = CompleteFile()
    let path = CompleteFile.path(of: item)
    switch item.content {
    case .text: file[path] = .numbers([1], [], .float64)
    case .numbers: file[path] = .text("0, 1")
    // What is neither text nor numbers cannot be written from here: two files of Fixtures/malformed have it.
    case .textOrNumbers: return
    case .anything: return
    }
    #expect(try file.problems().first == path)
    guard case .numbers = item.content else { return }
    file[path] = .numbers([0, 1, 2], [3], .float64)
    #expect(try file.problems().first == path)
    guard item.otherShape != nil else { return }
    file[path] = .numbers((0..<8).map { Double($0 % 2) }, [4, 2], .float64)
    #expect(try file.unsigned.problems() == [])
    file[path] = .numbers((0..<6).map { Double($0 % 2) }, [3, 2], .float64)
    #expect(try file.unsigned.problems().first == path)
  }

  @Test(arguments: attributes.filter { $0.content == .textOrNumbers })
  func `further attributes of a group that is signed are texts or numbers`(_ item: FormatItem) throws {
    let malformed = RefusalTests.cases.filter { FormatSchema.item($0.path, .attribute) == item }
    #expect(malformed.contains { $0.reason.contains("needs to be one text, or numbers") })
  }

  // MARK: - Presence

  @Test(arguments: FormatSchema.items) func `what the table requires cannot be left out, and nothing else`(
    _ item: FormatItem
  ) throws {
    let path = CompleteFile.path(of: item)
    var file = try CompleteFile().signed()
    if !FormatDigest.allCases.contains(where: { "/@\($0.rawValue)" == path }) {
      file = file.unsigned
    }
    file.remove(path)
    guard item.path != "/shared", item.role != .shared else {
      // Where nothing is shared, the bias is missing for each draw, and so is its distribution.
      let missing = ["/posterior/output.bias", "/variational/output.bias.mean", "/variational/output.bias.scale"]
      #expect(try file.problems() == missing)
      return
    }
    #expect(try file.problems() == (item.isRequired ? [path] : []))
  }

  @Test(arguments: FormatSchema.items.filter { $0.since > .first })
  func `in a file of an earlier version, a name of a later one means nothing`(_ item: FormatItem) throws {
    var file = CompleteFile().unsigned.ofFirstVersion
    let path = CompleteFile.path(of: item)
    switch item.kind {
    case .group: file.replace(path, by: .dataset)
    case .dataset: file.replace(path, by: .group)
    case .attribute: file[path] = .numbers([7], [], .float64)
    }
    #expect(try file.problems() == [])
  }

  // MARK: - Digests

  /// The attributes that have one value only, and those that hold the digests themselves.
  private static let unchangeable: Set = ["/@format", "/sample_stats/diverging@dtype"]
  private static let changeable = FormatSchema.items.filter { item in
    item.kind != .group && !unchangeable.contains(item.path)
      && !FormatDigest.allCases.contains { "/@\($0.rawValue)" == item.path }
  }

  /// Another content that the format allows just as well.
  private static func changed(_ content: CompleteFile.Content, _ item: FormatItem) -> CompleteFile.Content {
    let others = [
      "/@format_version": "1.1.0", "/provenance@kind": "ensemble", "/provenance@exactness": "mini-batch",
      "/reference@precision": "float32", "/reference@logits_are": "log-probabilities",
      "/model@architecture": WrittenFile.architecture + " ",
    ]
    switch content {
    case .group: return content
    case .text(let text): return .text(others[item.path] ?? text + " changed")
    case .numbers(var values, let shape, let element):
      let last = values.count - 1
      switch item.role {
      case .labels: values[last] = Double((Int(values[last]) + 1) % 3)
      case .statistic where item.elements == [.uint8, .int8]: values[last] = 1 - values[last]
      default: values[last] += element == .float32 || element == .float64 ? 0.25 : 1
      }
      return .numbers(values, shape, element)
    }
  }

  @Test(arguments: changeable) func `an item that changes is found by the digests of its line, and by no other`(
    _ item: FormatItem
  ) throws {
    let signed = try CompleteFile().signed()
    let path = CompleteFile.path(of: item)
    var file = signed
    file[path] = Self.changed(try #require(signed[path]), item)
    #expect(try file.problems() == item.digests.map { "/@\($0.rawValue)" }.sorted())
    let (before, after) = (try signed.opened(Self.digests), try file.opened(Self.digests))
    let changed = FormatDigest.allCases.filter { before[$0] != after[$0] }
    #expect(Set(changed) == item.digests)
  }

  private static func digests(of file: PosteriorFile) -> [FormatDigest: String?] {
    [.posterior: file.posteriorSHA256, .data: file.dataSHA256, .content: file.contentSHA256]
  }

  @Test func `digests that are those of nothing are refused`() throws {
    for digest in FormatDigest.allCases {
      var file = try CompleteFile().signed()
      file["/@\(digest.rawValue)"] = .text(String(repeating: "0", count: 64))
      #expect(try file.problems() == ["/@\(digest.rawValue)"])
    }
  }

  // MARK: - What has no line

  @Test func `what has no line in the table can be neither read nor written`() async {
    await #expect(processExitsWith: .failure) { _ = FormatSchema.named("/@license") }
    await #expect(processExitsWith: .failure) { _ = FormatSchema.named("/evaluation_data/weights") }
    await #expect(processExitsWith: .failure) {
      try withFolder { folder in
        var contents = try Small.contents()
        contents.descriptions["license"] = "none"
        try PosteriorWriter.write(contents, to: folder.appendingPathComponent("a.h5").path)
      }
    }
  }

  @Test func `what describes a file is copied, and shown, by its line alone`() throws {
    let file = try CompleteFile().signed()
    try file.opened { original in
      let described = FormatSchema.attributes(of: "/").filter { $0.label != nil }
      #expect(original.descriptions == Dictionary(uniqueKeysWithValues: described.map { ($0.name, "a text") }))
      let copied = try PosteriorContents(copying: original)
      #expect(copied.descriptions == original.descriptions)
      #expect(Set(original.labelledDescriptions.map(\.label)) == Set(described.compactMap(\.label)))
    }
  }
}
