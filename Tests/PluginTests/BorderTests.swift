import Foundation
import TestSupport
import Testing

/// What is the business of programs stays out of libraries: which plugins there are, and words of command lines.
@Suite(.inTurn) struct `The border between programs and libraries` {
  /// Targets of the manifest by name: whether it is a program, and what it depends on.
  private static func targets() throws -> [(name: String, isProgram: Bool, text: Substring)] {
    let manifest = try `The registry of plugins`.read("Package.swift")
    let starts = manifest.matches(of: /(?m)^ {4}(?:\.(executableTarget|target)\(\s*name: "([^"]+)"|\.?\w+\()/)
    return starts.indices.compactMap { index in
      guard let name = starts[index].output.2 else { return nil }
      let end = index + 1 < starts.count ? starts[index + 1].range.lowerBound : manifest.endIndex
      return (
        String(name), starts[index].output.1 == "executableTarget", manifest[starts[index].range.lowerBound..<end]
      )
    }
  }

  private static func sources(in folder: String) throws -> [(path: String, text: String)] {
    let root = Fixtures.packageRoot.appending(path: folder)
    let files = try #require(FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
    return try files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }.map {
      ("\(folder): \($0.lastPathComponent)", try String(contentsOf: $0, encoding: .utf8))
    }
  }

  @Test func `the manifest's targets are found`() throws {
    let targets = try Self.targets()
    #expect(targets.filter(\.isProgram).map(\.name).contains("evaluate"))
    #expect(targets.filter { !$0.isProgram }.map(\.name).contains("EvaluationHarness"))
    let folders = try `The registry of plugins`.modules()
    #expect(Set(folders.keys).subtracting(targets.map(\.name)).subtracting(["CHDF5", "CZlib"]).sorted() == [])
    #expect(targets.filter { $0.text.contains("\"BuiltInPlugins\"") }.count > 3)
  }

  @Test func `programs alone depend on the registry of plugins`() throws {
    let folders = try `The registry of plugins`.modules()
    for target in try Self.targets() where !target.isProgram && target.name != "BuiltInPlugins" {
      #expect(!target.text.contains("\"BuiltInPlugins\""), "\(target.name) depends on the registry")
      for source in try folders[target.name].map(Self.sources) ?? [] {
        #expect(!source.text.contains(/(?m)^(?:\w+ )*import BuiltInPlugins/), "\(source.path)")
      }
    }
  }

  @Test func `no library makes a list of the words of a command line`() throws {
    let folders = try `The registry of plugins`.modules()
    let libraries = try Self.targets().filter { !$0.isProgram }.compactMap { folders[$0.name] }
    #expect(libraries.count > 20)
    for source in try (libraries + ["Plugins"]).flatMap(Self.sources) {
      #expect(OptionWords(in: source.text).lines.isEmpty, "\(source.path)")
    }
  }

  @Test(
    arguments: [
      (#"run(["evaluate", "--threads", "2"])"#, [1]),
      (#"let a = [x,\#n"--\(name)"]"#, [2]),
      (##"f([#"a"#, "--b"])"##, [1]),
      (#"/* " */ ["--a"]"#, [1]),
      (#"[("--data", 1), f("--threads")]"#, []),
      (#"["a --b", "\(g(["c"])) --d"]"#, []),
      (#"// ["--a"]"#, []),
      (#"["a"].joined() + "--b""#, []),
    ] as [(String, [Int])])
  func `a list of words is found`(_ source: String, _ lines: [Int]) {
    #expect(OptionWords(in: source).lines == lines, "\(source)")
  }
}
