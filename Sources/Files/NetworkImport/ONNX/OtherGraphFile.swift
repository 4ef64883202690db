import Foundation

/// What a file is that was given as a graph and is none: which option takes it, or what writes a graph of it.
enum OtherGraphFile {
  /// Refuses what is recognised as something else.
  ///
  /// - Parameter takesDescription: Whether a description in JSON would do.
  static func check(_ path: String, takesDescription: Bool = false) throws(ImportError) {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      guard FileManager.default.fileExists(atPath: path + "/saved_model.pb") else { return }
      throw ImportError(file: path, savedModel)
    }
    guard let file = try? MappedFile(path) else { return }
    let head = Array(file.bytes.prefix(4096))
    guard let words = words(head, path) ?? text(head, takesDescription) else { return }
    throw ImportError(file: path, words)
  }

  private static let savedModel =
    "is a SavedModel of TensorFlow, and no graph in ONNX: python -m tf2onnx.convert --saved-model FOLDER --output net.onnx writes one"

  private static func words(_ head: [UInt8], _ path: String) -> String? {
    func begins(_ text: String) -> Bool { head.starts(with: text.utf8) }
    let arrays = "and holds arrays, not a network: give it as --draws, with the graph as --network"
    if head.starts(with: [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]) {
      return
        "is HDF5, and no graph in ONNX: an InferenceData goes with --posterior, a posterior file needs no import, and of a "
        + "network of Keras tf2onnx makes a graph (python -m tf2onnx.convert --keras FILE --output net.onnx)"
    }
    if begins("CDF") {
      return "is netCDF, and no graph in ONNX: an InferenceData goes with --posterior, and is saved as netCDF-4"
    }
    if head.starts(with: [0x93]), head.dropFirst().starts(with: "NUMPY".utf8) { return "is a .npy of NumPy, \(arrays)" }
    if head.starts(with: [0x50, 0x4B, 0x03, 0x04]) || head.starts(with: [0x50, 0x4B, 0x05, 0x06]) {
      return Data(head).range(of: Data(".npy".utf8)) != nil
        ? "is an .npz of NumPy, \(arrays)" : "is a ZIP archive, and no graph in ONNX: unpack it first"
    }
    if head.count > 8, head[8] == UInt8(ascii: "{"), head[5..<8].allSatisfy({ $0 == 0 }) {
      return "is a .safetensors, \(arrays)"
    }
    if head.dropFirst(4).starts(with: "TFL3".utf8) {
      return
        "is of TensorFlow Lite, and no graph in ONNX: python -m tf2onnx.convert --tflite FILE --output net.onnx writes one"
    }
    return path.hasSuffix("saved_model.pb") ? savedModel : nil
  }

  /// ONNX in its text forms, and the format's own description of a network.
  private static func text(_ head: [UInt8], _ takesDescription: Bool) -> String? {
    let start = String(decoding: head.prefix(2000).filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }, as: UTF8.self)
    let write = "in Python, onnx.save(onnx.load(FILE, format=FORMAT), \"net.onnx\") writes it as bytes"
    if start.hasPrefix("<ir_version") { return "is ONNX as text: \(write.replacing("FORMAT", with: "\"onnxtxt\""))" }
    if start.hasPrefix("ir_version:") { return "is ONNX as text: \(write.replacing("FORMAT", with: "\"textproto\""))" }
    guard start.hasPrefix("{") else { return nil }
    if start.contains("\"irVersion\"") { return "is ONNX as JSON: \(write.replacing("FORMAT", with: "\"json\""))" }
    return !takesDescription && start.contains("\"layers\"")
      ? "is a description of a network in JSON, without weights: give it as --network, with --draws or --posterior"
      : nil
  }
}
