import Foundation
import TestSupport
import Testing

/// Docs/architecture.svg says what is true: every folder is in it, and its arrows are imports.
@Suite(.inTurn) struct `The picture of the architecture` {
  /// The boxes of the picture: where each begins, from the top.
  private let heights: [String: Double]
  private let arrows: [(from: String, to: String)]

  init() throws {
    let picture = try `The registry of plugins`.read("Docs/architecture.svg")
    heights = Dictionary(
      uniqueKeysWithValues: picture.matches(of: /<rect [^>]*data-(?:module|group)="([^"]+)"[^>]* y="([\d.]+)"/).map {
        (String($0.output.1), Double($0.output.2) ?? .nan)
      })
    arrows = picture.matches(of: /data-from="([^"]+)" data-to="([^"]+)"/).map {
      (String($0.output.1), String($0.output.2))
    }
  }

  /// The groups of plugins, and the folder of each.
  private static let groups = [
    "attacks": "Plugins/Attacks", "certificates": "Plugins/Certificates", "metrics": "Plugins/Metrics",
    "samplers": "Plugins/Samplers",
  ]

  /// The box that a module of this package is drawn as.
  private static func box(of module: String) throws -> String? {
    if try `The registry of plugins`.modules()[module] != nil { return module }
    return try groups.first { try `The registry of plugins`.folders($0.value).contains(module) }?.key
  }

  /// The boxes whose modules the sources below a folder import.
  private static func imports(in folder: String) throws -> Set<String> {
    let root = Fixtures.packageRoot.appending(path: folder)
    let files = try #require(FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
    var boxes: Set<String> = []
    for case let file as URL in files where file.pathExtension == "swift" {
      let text = try String(contentsOf: file, encoding: .utf8)
      for match in text.matches(of: /(?m)^(?:@\w+ )?(?:public |package |internal |private )?import (\w+)/) {
        if let box = try box(of: String(match.output.1)) { boxes.insert(box) }
      }
    }
    return boxes
  }

  private static func folder(of box: String) throws -> String {
    if let group = groups[box] { return group }
    return try #require(`The registry of plugins`.modules()[box], "\(box) is no module")
  }

  @Test func `shows every folder of Sources, and nothing that is none`() throws {
    let folders = try `The registry of plugins`.modules().keys
    #expect(Set(folders).subtracting(heights.keys).sorted() == [], "folders that the picture lacks")
    #expect(
      Set(heights.keys).subtracting(folders).sorted() == Self.groups.keys.sorted(),
      "boxes that are no folder of Sources")
  }

  /// The legend has its folders in `<tspan class="word">`.
  @Test func `names every group of modules in its legend`() throws {
    let picture = try `The registry of plugins`.read("Docs/architecture.svg")
    let start = try #require(picture.range(of: "Folders of Sources:"), "the legend does not name the folders")
    let words = picture[start.lowerBound...].matches(of: /<tspan class="word">([^<]+)<\/tspan>/)
    #expect(words.map { String($0.output.1) }.sorted() == (try `The registry of plugins`.folders("Sources")))
  }

  @Test func `stands modules above what they import`() throws {
    for (box, height) in heights {
      for imported in try Self.imports(in: Self.folder(of: box)) where imported != box {
        let below = try #require(heights[imported], "\(imported) is not in the picture")
        #expect(below > height, "\(box) imports \(imported), which does not stand lower")
      }
    }
  }

  @Test func `draws no arrow that is no import`() throws {
    #expect(arrows.count > 30)
    for (from, to) in arrows {
      #expect(try Self.imports(in: Self.folder(of: from)).contains(to), "\(from) does not import \(to)")
    }
  }

  @Test func `says what plugins import`() throws {
    #expect(try Self.imports(in: "Plugins/Attacks") == ["RobustnessCore"])
    #expect(try Self.imports(in: "Plugins/Certificates") == ["RobustnessCore", "BoundPropagation"])
    #expect(try Self.imports(in: "Plugins/Metrics") == ["RobustnessCore"])
    #expect(try Self.imports(in: "Plugins/Samplers") == ["RobustnessCore", "NeuralNetworks"])
  }
}
