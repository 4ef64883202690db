import Foundation
import HDF5

/// Writes named tensors.
enum TensorWriter {
  /// Numbers that have no pattern.
  static func numbers(_ count: Int, _ seed: Int) -> [Float] {
    (0..<count).map { Float(($0 * 7919 + seed * 104_729) % 1009) / 1009 - 0.4 }
  }

  /// A file of float32 tensors.
  static func safetensors(_ tensors: [(String, [Int], [Float])], _ folder: URL, _ name: String) throws -> String {
    var header: [String] = []
    var data: [UInt8] = []
    for (name, shape, values) in tensors {
      let bytes = values.withUnsafeBytes { Array($0) }
      header.append(
        #""\#(name)":{"dtype":"F32","shape":\#(shape),"data_offsets":[\#(data.count),\#(data.count + bytes.count)]}"#)
      data += bytes
    }
    let text = Array("{\(header.joined(separator: ","))}".utf8)
    let file = folder.appendingPathComponent(name)
    try Data(withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text + data).write(to: file)
    return file.path
  }

  /// An InferenceData with these variables, (chain, draw, …), and perhaps statistics.
  ///
  /// - Parameter attributes: Numbers, by the path of the variable and the name.
  static func inferenceData(
    _ variables: [(String, [Int], [Float])], statistics: [(String, [Int], [Float])] = [],
    attributes: [(path: String, name: String, value: Double)] = [], _ folder: URL, _ name: String = "idata.nc"
  ) throws -> String {
    let path = folder.appendingPathComponent(name).path
    let file = try HDF5File.create(path)
    for (group, sets) in [("/posterior", variables), ("/sample_stats", statistics)] where !sets.isEmpty {
      try file.createGroup(group)
      for (name, shape, values) in sets {
        let dataset = try file.createDataset("\(group)/\(name)", element: .float32, shape: shape, chunk: shape)
        try dataset.writeAll(values)
        try dataset.close()
      }
    }
    for attribute in attributes {
      let bytes = withUnsafeBytes(of: attribute.value) { Array($0) }
      try file.setAttribute(attribute.name, of: attribute.path, to: bytes, element: .float64, shape: [])
    }
    try file.close()
    return path
  }
}
