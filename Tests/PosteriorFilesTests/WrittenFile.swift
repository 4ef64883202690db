import Foundation
import HDF5
import TestSupport

@testable import PosteriorFiles

/// A small posterior file as somebody else's program writes it, group by group: one dense layer from four inputs to
/// three classes.
struct WrittenFile {
  static let architecture = """
    {"input_shape": [4], "class_count": 3, "layers": [
      {"type": "dense", "name": "output", "units": 3, "activation": "identity"}]}
    """

  var chains = 2
  var draws = 5
  var kind: String? = "mcmc"
  var architecture = Self.architecture
  var bounds = [0.0, 1.0]
  var boundsShape: [Int]?
  var boundsElement = ElementType.float64
  var weightElement = ElementType.float32
  var inputs = (0..<24).map { Double($0 % 7) / 7 }
  var inputElement = ElementType.float32
  var labels = [0.0, 1, 2, 0, 1, 2]
  var labelElement = ElementType.int64
  var version = "1.0"
  var hasWeight = true
  var hasBias = true

  /// Weights without a pattern, the same each time.
  func weights(_ count: Int, from first: Int = 0) -> [Double] {
    (first..<first + count).map { (index: Int) -> Double in Double((index * 7919 + 13) % 997) / 250 - 2 }
  }

  /// Writes the file, then whatever `further` adds.
  func write(to path: String, _ further: (HDF5File) throws -> Void = { _ in }) throws {
    let file = try HDF5File.create(path)
    try file.setAttribute("format", of: "/", to: "bnn-posterior")
    try file.setAttribute("format_version", of: "/", to: version)
    try file.createGroup("/model")
    try file.setAttribute("architecture", of: "/model", to: architecture)
    try file.put("input_bounds", of: "/model", bounds, boundsElement, shape: boundsShape)
    try file.createGroup("/provenance")
    if let kind { try file.setAttribute("kind", of: "/provenance", to: kind) }
    try file.createGroup("/posterior")
    if hasWeight {
      try file.put("/posterior/output.weight", weights(chains * draws * 12), [chains, draws, 3, 4], weightElement)
    }
    if hasBias {
      try file.put(
        "/posterior/output.bias", weights(chains * draws * 3, from: 5000), [chains, draws, 3], weightElement)
    }
    try file.createGroup("/evaluation_data")
    try file.put("/evaluation_data/inputs", inputs, [labels.count, 4], inputElement)
    try file.put("/evaluation_data/labels", labels, [labels.count], labelElement)
    try further(file)
    try file.close()
  }

  /// The problems and the warnings of the file, which is written first.
  func findings(
    _ further: (HDF5File) throws -> Void = { _ in }
  ) throws -> (problems: [PosteriorFileError], warnings: [PosteriorWarning]) {
    try withFolder { folder in
      let path = folder.appendingPathComponent("foreign.h5").path
      try write(to: path, further)
      return PosteriorFile.verification(path, probe: nil)
    }
  }

  /// The same as places and sentences.
  func verified(
    _ further: (HDF5File) throws -> Void = { _ in }
  ) throws -> (problems: [String], warnings: [String]) {
    let (problems, warnings) = try findings(further)
    return (problems.map { "\($0.path) \($0.reason)" }, warnings.map { "\($0.place) \($0.sentence)" })
  }
}

extension HDF5File {
  /// Writes numbers in any representation.
  func put(_ path: String, _ values: [Double], _ shape: [Int], _ element: ElementType) throws {
    let dataset = try createDataset(path, element: element, shape: shape, chunk: nil)
    try values.withUnsafeBytes {
      try dataset.write(start: shape.map { _ in 0 }, count: shape, as: .float64, from: $0)
    }
    try dataset.close()
  }

  /// Writes an attribute of numbers, floating-point ones in any precision, others as `<i8`.
  func put(
    _ name: String, of object: String, _ values: [Double], _ element: ElementType = .float64, shape: [Int]? = nil
  ) throws {
    let bytes: [UInt8] =
      switch element {
      case .float32: values.map { Float($0) }.withUnsafeBytes { Array($0) }
      case .float64: values.withUnsafeBytes { Array($0) }
      default: values.map { Int64($0) }.withUnsafeBytes { Array($0) }
      }
    let type = element == .float32 || element == .float64 ? element : .int64
    try setAttribute(name, of: object, to: bytes, element: type, shape: shape ?? [values.count])
  }

  /// Gives the axes of a data set dimension scales of these names, in its own group.
  func name(axesOf path: String, _ names: [String], extents: [Int]) throws {
    let group = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
    for (axis, (name, extent)) in zip(names, extents).enumerated() {
      let scale = "\(group)/\(name)"
      if try kind(of: scale) == nil {
        try put(scale, (0..<extent).map(Double.init), [extent], .int64)
        try makeDimensionScale(scale, name: name)
      }
      try attachScale(scale, to: path, axis: axis)
    }
  }
}
