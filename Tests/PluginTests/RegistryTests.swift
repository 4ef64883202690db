import BuiltInPlugins
import Foundation
import RobustnessCore
import TestSupport
import Testing

/// Folders, the manifest and the registry name the same plugins.
@Suite struct `The registry of plugins` {
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

  /// The strings of `let name = [ … ]` in the manifest.
  static func manifestList(_ name: String) throws -> [String] {
    let manifest = try read("Package.swift")
    let start = try #require(manifest.range(of: "let \(name) = ["))
    let end = try #require(manifest.range(of: "]", range: start.upperBound..<manifest.endIndex))
    return manifest[start.upperBound..<end.lowerBound].split(separator: "\"").enumerated()
      .filter { $0.offset % 2 == 1 }.map { String($0.element) }
  }

  static func importedModules() throws -> [String] {
    try read("Sources/BuiltInPlugins/Registry.swift").split(separator: "\n")
      .filter { $0.hasPrefix("import ") }.map { String($0.dropFirst("import ".count)) }
  }

  @Test(arguments: [("Plugins/Attacks", "attacks"), ("Plugins/Metrics", "metrics"), ("Plugins/Samplers", "samplers")])
  func `folders are the manifest's list, which is sorted`(_ folder: String, _ list: String) throws {
    #expect(try Self.folders(folder) == Self.manifestList(list))
  }

  @Test func `the registry imports every plugin`() throws {
    let folders = try ["Attacks", "Metrics", "Samplers"].flatMap { try Self.folders("Plugins/\($0)") }
    #expect(try Self.importedModules().sorted() == folders.sorted())
  }

  @Test func `every type that conforms is listed, in order`() throws {
    for (folder, conformance, listed) in [
      ("Plugins/Attacks", ": Attack {", [any Attack.Type].builtIn.map { "\($0)" }),
      ("Plugins/Metrics", ": RobustnessMetric {", [any RobustnessMetric.Type].builtIn.map { "\($0)" }),
      ("Plugins/Samplers", ": PosteriorSampler {", [any PosteriorSampler.Type].builtIn.map { "\($0)" }),
    ] {
      var declared: [String] = []
      let root = Fixtures.packageRoot.appending(path: folder)
      let files = try #require(FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
      for case let file as URL in files where file.pathExtension == "swift" {
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
          guard line.hasSuffix(conformance), let name = line.dropLast(conformance.count).split(separator: " ").last
          else { continue }
          declared.append(String(name))
        }
      }
      #expect(declared.sorted() == listed)
    }
  }

  @Test func `names are unique and in kebab case`() {
    let names = [any Attack.Type].builtIn.map { $0.name } + [any RobustnessMetric.Type].builtIn.map { $0.name }
    #expect(Set(names).count == names.count)
    #expect(names.allSatisfy { $0.allSatisfy { $0 == "-" || $0.isASCII && ($0.isLowercase || $0.isNumber) } })
  }

  @Test func `every plugin has a summary`() {
    #expect([any Attack.Type].builtIn.filter { $0.summary.isEmpty }.map { $0.name } == [])
    #expect([any RobustnessMetric.Type].builtIn.filter { $0.summary.isEmpty }.map { $0.name } == [])
  }

  @Test(arguments: ["Plugins/Attacks", "Plugins/Metrics"]) func `every plugin has a README`(_ folder: String) throws {
    let sections = ["Detailed design", "Formula", "Options", "Complexity", "Comparison"]
    for plugin in try Self.folders(folder) {
      let readme = try Self.read("\(folder)/\(plugin)/README.md")
      for section in sections { #expect(readme.contains("## \(section)"), "\(plugin): \(section)") }
    }
  }
}
