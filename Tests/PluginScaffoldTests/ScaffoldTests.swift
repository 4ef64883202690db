import Foundation
import TestSupport
import Testing

@testable import PluginScaffold

/// The edits that `swift package new-attack` makes. Building what it makes takes minutes and is not part of the tests:
/// Plugins/README.md has the commands.
@Suite(.inTurn) struct `Scaffolding a plugin` {
  /// A copy of what the scaffold reads, in a folder of its own.
  func withPackage<R>(_ body: (URL) throws -> R) throws -> R {
    let root = try makeFolder()
    defer { try? FileManager.default.removeItem(at: root) }
    for path in [
      "Package.swift", "Plugins", "Sources/Evaluation/BuiltInPlugins", "Sources/Core/RobustnessCore",
      "Tests/PluginTests",
      "Tests/SamplerTests",
    ] {
      let target = root.appending(path: path)
      try FileManager.default.createDirectory(
        at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
      try FileManager.default.copyItem(at: Fixtures.packageRoot.appending(path: path), to: target)
    }
    return try body(root)
  }

  func read(_ path: String, in root: URL) throws -> [String] {
    try String(contentsOf: root.appending(path: path), encoding: .utf8).components(separatedBy: "\n")
  }

  /// Lines that the second text has more than the first.
  func added(_ before: [String], _ after: [String]) -> [String] {
    after.difference(from: before).insertions.map {
      guard case .insert(_, let line, _) = $0 else { return "" }
      return line
    }
  }

  @Test(arguments: [
    (PluginKind.attack, "Attacks", "Attack"), (.metric, "Metrics", "RobustnessMetric"),
    (.sampler, "Samplers", "PosteriorSampler"),
  ])
  func `adds the folder, the test, one line to the list and two to the registry`(
    _ kind: PluginKind, _ folder: String, _ conformance: String
  ) throws {
    try withPackage { root in
      let registry = "Sources/Evaluation/BuiltInPlugins/Registry.swift"
      let manifestBefore = try read("Package.swift", in: root)
      let registryBefore = try read(registry, in: root)
      let message = try Scaffold(kind, named: "OwnIdea", in: root).make()
      #expect(message.contains("own-idea"))
      #expect(try added(manifestBefore, read("Package.swift", in: root)) == ["  \"OwnIdea\","])
      let registryAfter = try read(registry, in: root)
      // A list of one has no comma until there are two.
      let completed = registryBefore.map { $0.hasPrefix("      ") && $0.hasSuffix(".self") ? $0 + "," : $0 }
      #expect(
        added(completed, registryAfter).filter { !$0.hasSuffix("HamiltonianMonteCarlo.self") } == [
          "import OwnIdea", "      OwnIdea.self,",
        ])
      let listed = registryAfter.filter { $0.hasPrefix("      ") && $0.contains(".self") }
      #expect(listed.allSatisfy { $0.hasSuffix(",") || kind != .sampler })
      #expect(registryAfter.count == registryBefore.count + 2)
      let source = try read("Plugins/\(folder)/OwnIdea/OwnIdea.swift", in: root)
      #expect(source.contains("public struct OwnIdea: \(conformance) {"))
      #expect(source.contains("  public static let name = \"own-idea\""))
      #expect(try read("Plugins/\(folder)/OwnIdea/README.md", in: root).contains("# OwnIdea: `own-idea`"))
      let test = try read("\(kind.testFolder)/OwnIdeaTests.swift", in: root)
      #expect(test.contains("import OwnIdea"))
      #expect(test.contains("    try expectConformance(of: OwnIdea.self)"))
    }
  }

  @Test(arguments: ["AAA", "Middle", "ZZZ"]) func `keeps lists sorted`(_ name: String) throws {
    try withPackage { root in
      _ = try Scaffold(.attack, named: name, in: root).make()
      let manifest = try read("Package.swift", in: root)
      let start = try #require(manifest.firstIndex(of: "let attacks = ["))
      let list = manifest[(start + 1)...].prefix { $0 != "]" }
      #expect(list.contains("  \"\(name)\","))
      #expect(Array(list) == list.sorted())
      let registry = try read("Sources/Evaluation/BuiltInPlugins/Registry.swift", in: root)
      let modules = registry.compactMap { line in
        line.range(of: "import ").map { String(line[$0.upperBound...]) }
      }
      #expect(modules.contains(name))
      #expect(modules == modules.sorted())
      let types = registry.drop { $0 != "extension Array where Element == any Attack.Type {" }
        .prefix { $0 != "}" }.filter { $0.hasSuffix(".self,") }
      #expect(types.contains("      \(name).self,"))
      #expect(Array(types) == types.sorted())
      let imports = try read("Tests/PluginTests/\(name)Tests.swift", in: root).prefix { $0.hasPrefix("import ") }
      #expect(imports.contains("import \(name)"))
      #expect(Array(imports) == imports.sorted())
    }
  }

  @Test(arguments: [
    ("", "is no name"), ("mine", "perhaps Mine"), ("my-attack", "perhaps MyAttack"), ("3D", "is no name"),
    ("My Attack", "perhaps MyAttack"), ("../Evil", "perhaps Evil"), ("Ünik", "is no name"), ("Mine.self", "is no name"),
    ("String", "already means something"), ("Type", "already means something"),
    (String(repeating: "A", count: 61), "is no name"), ("X", "is no name"),
  ])
  func `bad names are refused, with what was perhaps meant`(_ name: String, _ says: String) throws {
    let root = Fixtures.packageRoot
    let error = #expect(throws: ScaffoldError.self) { try Scaffold(.attack, named: name, in: root) }
    #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [
    ("PGD", "'PGD' is in Package.swift already: "), ("Pgd", "which is Pgd but for the case of letters"),
    ("Calibration", "is in Package.swift already"), ("robustnesscore", "is no name"),
    ("RobustnessCORE", "but for the case of letters"), ("Random", "has the name 'random' already"),
    ("FastGradientSignMethod", "declares FastGradientSignMethod already"), ("Tensor", "declares Tensor already"),
    ("BrierSCORE", "declares BrierScore already, which is BrierSCORE but for the case of letters"),
    ("Metric", "Tests/PluginTests/MetricTests.swift exists already"), ("Evaluate", "'evaluate' is in Package.swift"),
  ])
  func `names in use are refused without regard to case`(_ name: String, _ says: String) throws {
    try withPackage { root in
      for kind in PluginKind.allCases {
        let error = #expect(throws: ScaffoldError.self) { try Scaffold(kind, named: name, in: root).make() }
        #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
      }
    }
  }

  @Test func `the second of two equal names is refused and changes nothing`() throws {
    try withPackage { root in
      _ = try Scaffold(.attack, named: "OwnIdea", in: root).make()
      let before = try read("Package.swift", in: root)
      #expect(throws: ScaffoldError.self) { try Scaffold(.metric, named: "OwnIDEA", in: root).make() }
      #expect(try read("Package.swift", in: root) == before)
      #expect(!FileManager.default.fileExists(atPath: root.appending(path: "Plugins/Metrics/OwnIDEA").path))
    }
  }

  @Test func `a manifest without the list is refused and nothing is made`() throws {
    try withPackage { root in
      try Data("// another package\n".utf8).write(to: root.appending(path: "Package.swift"))
      let error = #expect(throws: ScaffoldError.self) { try Scaffold(.attack, named: "OwnIdea", in: root).make() }
      #expect(error?.description.contains("has no line 'let attacks = ['") == true)
      #expect(!FileManager.default.fileExists(atPath: root.appending(path: "Plugins/Attacks/OwnIdea").path))
    }
  }

  /// CI compiles and tests the example, and with it what `new-sampler` makes.
  @Test func `a sampler is made as in the example`() throws {
    let source = Template(kind: .sampler, name: try PluginName("RandomWalk")).source()
    let example = try String(
      contentsOf: Fixtures.packageRoot.appending(path: "Docs/Examples/OutsideLab/Sources/OutsideLab/RandomWalk.swift"),
      encoding: .utf8)
    #expect(
      source.replacing(" (Say what your sampler does: authors, venue, year, equation.)", with: "") == example)
  }

  @Test(arguments: [
    ("SteadyClimb", "steady-climb"), ("MIFGSM", "mifgsm"), ("FGSMPlus", "fgsm-plus"), ("APGD2", "apgd2"),
    ("PGDInL2", "pgd-in-l2"),
  ])
  func `the name on the command line is in kebab case`(_ type: String, _ commandLine: String) throws {
    #expect(try PluginName(type).commandLine == commandLine)
  }
}
