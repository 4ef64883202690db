import Foundation
import HDF5
import TestSupport

@testable import PosteriorFiles

/// A file with one of everything that the table of the format has, item by item, so that one of them can be changed.
struct CompleteFile {
  enum Content: Sendable {
    case group
    case text(String)
    case numbers([Double], [Int], ElementType)
  }

  struct Item: Sendable {
    var path: String
    var kind: FormatItem.Kind
    var content: Content
    /// Whether it names an axis.
    var isScale = false
  }

  private(set) var items: [Item]

  /// The file of the table, with names of its own where the table leaves them open.
  init() {
    items = FormatSchema.items.map { item in
      Item(
        path: Self.path(of: item), kind: item.kind, content: Self.content(of: item),
        isScale: item.role == .coordinate || item.role == .dimension)
    }
  }

  /// The same as a file of the first version, which has its bias for each draw.
  var ofFirstVersion: CompleteFile {
    var file = self
    file["/@format_version"] = .text("1.0")
    for item in FormatSchema.items where item.parent == "/shared" { file.remove(Self.path(of: item)) }
    let values = (0..<Self.chains * Self.draws * 3).map { Double($0 % 7) }
    file.items.append(
      Item(
        path: "/posterior/output.bias", kind: .dataset,
        content: .numbers(values, [Self.chains, Self.draws, 3], .float32)))
    for name in ["mean", "scale"] {
      file.items.append(
        Item(path: "/variational/output.bias.\(name)", kind: .dataset, content: .numbers([1, 2, 3], [3], .float32)))
    }
    return file
  }

  /// Where this file has the item of a line.
  static func path(of item: FormatItem) -> String {
    // The weight is stored for each draw, the bias once.
    let name = item.parent == "/variational" ? "output.weight" : "output"
    let role = item.parent == "/shared" ? "bias" : "weight"
    // Two lines may have one wildcard: a statistic, and a dimension.
    let further = item.role == .statistic ? "further_statistic" : "further"
    return item.path.replacing("NAME", with: name).replacing("ROLE", with: role).replacing("*", with: further)
  }

  subscript(path: String) -> Content? {
    get { items.first { $0.path == path }?.content }
    set {
      guard let index = items.firstIndex(where: { $0.path == path }) else { return }
      if let newValue { items[index].content = newValue } else { remove(path) }
    }
  }

  /// Leaves an item out, and what lies in it.
  mutating func remove(_ path: String) {
    items.removeAll { $0.path == path || $0.path.hasPrefix(path + "/") || $0.path.hasPrefix(path + "@") }
  }

  /// Puts something of another kind in the place of a data set or of a group.
  mutating func replace(_ path: String, by kind: FormatItem.Kind) {
    remove(path)
    items.append(
      Item(path: path, kind: kind, content: kind == .group ? .group : .numbers([1, 2], [2], .float32)))
  }

  func write(to path: String) throws {
    let file = try HDF5File.create(path)
    for item in items where item.kind == .group { try file.createGroup(item.path) }
    for item in items where item.kind == .dataset {
      guard case .numbers(let values, let shape, let element) = item.content else { continue }
      try file.put(item.path, values, shape, element)
      if item.isScale, let name = item.path.split(separator: "/").last {
        try file.makeDimensionScale(item.path, name: String(name))
      }
    }
    for item in items where item.kind == .attribute {
      let parts = item.path.split(separator: "@").map(String.init)
      switch item.content {
      case .text(let text): try file.setAttribute(parts[1], of: parts[0], to: text)
      case .numbers(let values, let shape, _):
        try file.setAttribute(
          parts[1], of: parts[0], to: values.withUnsafeBytes { Array($0) }, element: .float64, shape: shape)
      case .group: break
      }
    }
    try file.close()
  }

  /// The same without digests.
  var unsigned: CompleteFile {
    var unsigned = self
    for digest in FormatDigest.allCases { unsigned.remove("/@\(digest.rawValue)") }
    return unsigned
  }

  /// The same with the digests that belong to it.
  func signed() throws -> CompleteFile {
    let texts = try unsigned.opened { $0.structureDigests }
    var signed = self
    for (name, text) in texts { signed["/@\(name)"] = .text(text) }
    return signed
  }

  /// What `body` finds in the file, which is written first.
  func opened<Value>(_ body: (PosteriorFile) throws -> Value) throws -> Value {
    try withPath { try body(PosteriorFile.open($0, acceptChanged: true, probe: nil)) }
  }

  /// The places of everything that is wrong with the file.
  func problems() throws -> [String] {
    try withPath { path in PosteriorFile.verify(path, probe: nil).map(\.path) }
  }

  private func withPath<Value>(_ body: (String) throws -> Value) throws -> Value {
    try withFolder { folder in
      let path = folder.appendingPathComponent("complete.h5").path
      try write(to: path)
      return try body(path)
    }
  }

  // MARK: - Contents

  private static let chains = 2
  private static let draws = 3
  private static let examples = 4
  private static let texts = [
    "/@format": "bnn-posterior", "/@format_version": "1.1", "/model@architecture": WrittenFile.architecture,
    "/provenance@kind": "mcmc", "/provenance@exactness": "exact", "/reference@precision": "float64",
    "/reference@logits_are": "logits",
    "/sample_stats/diverging@dtype": "bool",
  ]

  private static func content(of item: FormatItem) -> Content {
    switch (item.kind, item.content) {
    case (.group, _): return .group
    case (_, .text): return .text(texts[item.path] ?? "a text")
    case (.attribute, .numbers): return .numbers([0, 1], [2], .float64)
    case (.attribute, _): return .numbers([0.5], [], .float64)
    case (.dataset, _): break
    }
    let shape = (item.shape ?? [.length]).flatMap { axis -> [Int] in
      switch axis {
      case .chain: [chains]
      case .draw: [draws]
      case .example: [examples]
      case .class: [3]
      case .parameter: item.role == .shared ? [3] : [3, 4]
      case .input: [4]
      case .channel: [4]
      case .bound: [2]
      case .length: [5]
      }
    }
    let count = shape.reduce(1, *)
    let isTruth = item.elements == [.uint8, .int8]
    let element: ElementType = isTruth ? .uint8 : item.elements.contains(.float32) ? .float32 : .int64
    // Inputs lie within 0 and 1, labels within three classes, and coordinates increase.
    let values = (0..<count).map { index -> Double in
      switch item.role {
      case .coordinate: Double(index)
      case .labels: Double(index % 3)
      case .inputs, .referenceInputs: Double(index % 7) / 14
      default: isTruth ? Double(index % 2) : Double((index * 7 + 3) % 11) / 8
      }
    }
    return .numbers(values, shape, element)
  }
}

extension PosteriorFile {
  /// The digests of the content by the names of their attributes.
  fileprivate var structureDigests: [String: String] {
    var texts = ["posterior_sha256": posteriorSHA256, "content_sha256": contentSHA256]
    texts["data_sha256"] = dataSHA256
    return texts
  }
}
