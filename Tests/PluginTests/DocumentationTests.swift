import Foundation
import TestSupport
import Testing

/// The landing pages of the modules name every public symbol, and nothing else; `make docs`, which takes minutes,
/// checks the links themselves.
@Suite(.inTurn) struct `The documentation of modules` {
  /// The folders of all modules.
  static let folders = (try? `The registry of plugins`.modules()) ?? [:]

  /// The modules with a DocC catalogue.
  static let modules = folders.filter {
    FileManager.default.fileExists(
      atPath: Fixtures.packageRoot.appending(path: "\($0.value)/Documentation.docc").path)
  }.keys.sorted()

  static func read(_ path: String) throws -> String {
    try String(contentsOf: Fixtures.packageRoot.appending(path: path), encoding: .utf8)
  }

  /// The sources of a module.
  static func sources(of module: String) throws -> [String] {
    let folder = Fixtures.packageRoot.appending(path: try #require(folders[module]))
    let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
    return try files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
      .map { try String(contentsOf: $0, encoding: .utf8) }
  }

  /// The links below the heading `Topics`; those to extensions of another module's types without that module and
  /// without the suffix that tells overloads apart.
  static func topics(of page: String) throws -> [String] {
    let start = try #require(page.range(of: "\n## Topics\n"), "there is no section Topics")
    return page[start.upperBound...].matches(of: /(?m)^- ``(.+)``$/).map { match in
      let link = String(match.output.1).replacing(/-\(.*\)$/, with: "")
      guard let slash = link.firstIndex(of: "/") else { return link }
      return String(link[link.index(after: slash)...].replacing(/-[0-9a-z]+$/, with: ""))
    }
  }

  @Test func `every module of a library product has a catalogue`() throws {
    let products = try Self.read("Package.swift").matches(of: /\.library\(name: "\w+", targets: \[(.+)\]\)/)
    let targets = products.flatMap { $0.output.1.matches(of: /"(\w+)"/).map { String($0.output.1) } }
    #expect(!targets.isEmpty)
    #expect(Set(targets).subtracting(Self.modules).isEmpty)
  }

  @Test(arguments: modules) func `the landing page names every public symbol once, and no other`(
    _ module: String
  ) throws {
    let page = try Self.read("\(#require(Self.folders[module]))/Documentation.docc/Module.md")
    #expect(page.hasPrefix("# ``\(module)``\n"))
    let topics = try Self.topics(of: page)
    let symbols = try PublicSymbols(in: Self.sources(of: module))
    #expect(symbols.names.subtracting(topics).sorted() == [], "public symbols without a topic")
    #expect(Set(topics).subtracting(symbols.names).sorted() == [], "topics without a public symbol")
    let overloads = symbols.overloads
    for (topic, count) in Dictionary(topics.map { ($0, 1) }, uniquingKeysWith: +) {
      #expect(count == overloads[topic, default: 1], "\(topic)")
    }
  }

  @Test func `public symbols are found as DocC names them`() {
    let text = """
      public import Foundation

      /// public struct NotThisOne
      public struct Plain: Sendable {
        public struct Nested {}
        public func member() {}
      }
      struct Internal {}
      @propertyWrapper public struct Wrapper {}
      public final class Class: @unchecked Sendable {}
      public func noParameters() -> Int { 0 }
      public func evenly(_ count: Int, of total: Int = max(1, 2)) {}
      public func generic<A: Collection<Int>, B>(
        of first: A.Type, options: [String: (Int, Int)] = [:]
      ) throws {}
      extension Plain { public func other() {} }
      extension Array where Element == Int {
        public static var builtIn: [Int] { [] }
        var hidden: Int { 0 }
      }
      extension Array where Element == Bool {
        public static var builtIn: [Bool] { [] }
      }
      extension Dictionary {
        func hidden() {}
      }

      """
    let found = PublicSymbols(in: [text])
    #expect(
      found.names == [
        "Plain", "Wrapper", "Class", "noParameters()", "evenly(_:of:)", "generic(of:options:)",
        "Array/builtIn",
      ])
    #expect(found.overloads == ["Array/builtIn": 2])
  }
}

/// What a module offers at its top level, by a scan of its sources: declarations begin in the first column, as
/// `swift format` puts them.
private struct PublicSymbols {
  /// The names by which DocC links to them: `Tensor`, `evenlySpaced(_:of:)`; and what is added to another module's
  /// type, `Array/builtIn`.
  let names: Set<String>
  /// Number of declarations of those that there are several of under one name.
  let overloads: [String: Int]

  init(in sources: [String]) {
    let own = Set(
      sources.flatMap { text in
        text.matches(of: /\b(?:struct|class|enum|protocol|actor) (\w+)/).map { String($0.output.1) }
      })
    var found: [String] = []
    for text in sources {
      for match in text.matches(
        of: /(?m)^(?:@\S+ )*public (?:\w+ )*?(struct|class|enum|protocol|actor|func|typealias|let|var) (\w+)(.*)$/)
      {
        let name = String(match.output.2)
        let isFunction = match.output.1 == "func"
        found.append(isFunction ? name + Self.labels(of: text[match.output.3.startIndex...]) : name)
      }
      for match in text.matches(of: /(?ms)^extension (\w+)[^\n]*\{\n(.*?)^\}/)
      where !own.contains(String(match.output.1)) {
        found += match.output.2.matches(of: /(?m)^  public (?:\w+ )*?(func|let|var) (\w+)(.*)$/).map { member in
          let name = "\(match.output.1)/\(member.output.2)"
          return member.output.1 == "func" ? name + Self.labels(of: text[member.output.3.startIndex...]) : name
        }
      }
    }
    names = Set(found)
    overloads = Dictionary(found.map { ($0, 1) }, uniquingKeysWith: +).filter { $0.value > 1 }
  }

  /// `(_:of:)` for a signature that begins after the function's name, generic parameters and line breaks included.
  private static func labels(of signature: Substring) -> String {
    guard let open = signature.firstIndex(of: "(") else { return "" }
    var labels = ""
    var depth = 0
    var parameter = ""
    for character in signature[signature.index(after: open)...] {
      if depth == 0 && (character == "," || character == ")") {
        if let label = parameter.split(whereSeparator: { $0 == ":" || $0.isWhitespace }).first { labels += label + ":" }
        parameter = ""
        if character == ")" { break }
        continue
      }
      if "([".contains(character) { depth += 1 }
      if ")]".contains(character) { depth -= 1 }
      parameter.append(character)
    }
    return "(\(labels))"
  }
}
