import BuiltInPlugins
import Foundation
import RobustnessCore
import TestSupport
import Testing

/// Folders, the manifest and the registry name the same plugins.
@Suite(.inTurn) struct `The registry of plugins` {
  static func read(_ path: String) throws -> String {
    try String(contentsOf: Fixtures.packageRoot.appending(path: path), encoding: .utf8)
  }

  static func folders(_ path: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(
      at: Fixtures.packageRoot.appending(path: path), includingPropertiesForKeys: [.isDirectoryKey],
      options: .skipsHiddenFiles
    )
    .filter(\.hasDirectoryPath).map(\.lastPathComponent).sorted()
  }

  /// The modules below `Sources`, which has a folder for each group of them, and the folder of each.
  static func modules() throws -> [String: String] {
    var modules: [String: String] = [:]
    for group in try folders("Sources") {
      for module in try folders("Sources/\(group)") { modules[module] = "Sources/\(group)/\(module)" }
    }
    return modules
  }

  /// The strings of `let name = [ … ]` in the manifest.
  static func manifestList(_ name: String) throws -> [String] {
    let manifest = try read("Package.swift")
    let start = try #require(manifest.range(of: "let \(name) = ["))
    let end = try #require(manifest.range(of: "]", range: start.upperBound..<manifest.endIndex))
    return manifest[start.upperBound..<end.lowerBound].split(separator: "\"").enumerated()
      .filter { $0.offset % 2 == 1 }.map { String($0.element) }
  }

  static func importedModules() throws -> [String] {
    try read("Sources/Evaluation/BuiltInPlugins/Registry.swift").split(separator: "\n")
      .filter { $0.hasPrefix("import ") }.map { String($0.dropFirst("import ".count)) }
  }

  @Test(arguments: [
    ("Plugins/Attacks", "attacks"), ("Plugins/Certificates", "certificates"), ("Plugins/Metrics", "metrics"),
    ("Plugins/Samplers", "samplers"),
  ])
  func `folders are the manifest's list, which is sorted`(_ folder: String, _ list: String) throws {
    #expect(try Self.folders(folder) == Self.manifestList(list))
  }

  @Test func `the registry imports every plugin`() throws {
    let folders = try ["Attacks", "Certificates", "Metrics", "Samplers"].flatMap { try Self.folders("Plugins/\($0)") }
    #expect(try Self.importedModules().sorted() == folders.sorted())
  }

  /// Every kind of plugin, with its protocol, its folder, and what the registry lists.
  struct Kind: Sendable, CustomTestStringConvertible {
    let name: String
    let folder: String
    let types: [String]
    let names: [String]
    let summaries: [String]
    var testDescription: String { name }
  }

  static let kinds = [
    Kind(
      name: "Attack", folder: "Plugins/Attacks", types: [any Attack.Type].builtIn.map { "\($0)" },
      names: [any Attack.Type].builtIn.map { $0.name }, summaries: [any Attack.Type].builtIn.map { $0.summary }),
    Kind(
      name: "RobustnessCertificate", folder: "Plugins/Certificates",
      types: [any RobustnessCertificate.Type].builtIn.map { "\($0)" },
      names: [any RobustnessCertificate.Type].builtIn.map { $0.name },
      summaries: [any RobustnessCertificate.Type].builtIn.map { $0.summary }),
    Kind(
      name: "RobustnessMetric", folder: "Plugins/Metrics", types: [any RobustnessMetric.Type].builtIn.map { "\($0)" },
      names: [any RobustnessMetric.Type].builtIn.map { $0.name },
      summaries: [any RobustnessMetric.Type].builtIn.map { $0.summary }),
    Kind(
      name: "PosteriorSampler", folder: "Plugins/Samplers", types: [any PosteriorSampler.Type].builtIn.map { "\($0)" },
      names: [any PosteriorSampler.Type].builtIn.map { $0.name },
      summaries: [any PosteriorSampler.Type].builtIn.map { $0.summary }),
  ]

  @Test(arguments: kinds) func `every type that conforms is listed, in order`(_ kind: Kind) throws {
    let root = Fixtures.packageRoot.appending(path: kind.folder)
    let files = try #require(FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
    let sources = try files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
      .map { try String(contentsOf: $0, encoding: .utf8) }
    #expect(DeclaredConformances(in: sources).types(to: kind.name) == kind.types)
  }

  @Test func `names are unique and in kebab case`() {
    let names = Self.kinds.flatMap(\.names)
    #expect(Set(names).count == names.count)
    #expect(names.allSatisfy { $0.allSatisfy { $0 == "-" || $0.isASCII && ($0.isLowercase || $0.isNumber) } })
  }

  @Test(arguments: kinds) func `every plugin has a summary`(_ kind: Kind) {
    #expect(zip(kind.names, kind.summaries).filter { $0.1.isEmpty }.map(\.0) == [])
  }

  @Test(arguments: kinds) func `every plugin has a README`(_ kind: Kind) throws {
    let sections = ["Detailed design", "Formula", "Options", "Complexity", "Comparison"]
    for plugin in try Self.folders(kind.folder) {
      let readme = try Self.read("\(kind.folder)/\(plugin)/README.md")
      for section in sections { #expect(readme.contains("## \(section)"), "\(plugin): \(section)") }
    }
  }
}
