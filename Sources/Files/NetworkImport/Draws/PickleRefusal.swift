import Foundation

/// PyTorch's own files are programs that Python runs when it reads them, and hold no network: they are recognised, and
/// refused with what exports one.
enum PickleRefusal {
  static func check(_ path: String) throws(ImportError) {
    guard let handle = FileHandle(forReadingAtPath: path) else { return }
    defer { try? handle.close() }
    let head = [UInt8]((try? handle.read(upToCount: 1 << 16)) ?? Data())
    let isZip = head.starts(with: [0x50, 0x4B, 0x03, 0x04])
    // A .safetensors begins with the length of its header, whose first bytes may be those of a pickle.
    let isSafetensors = head.count > 8 && head[8] == 0x7B && head[4..<8].allSatisfy { $0 == 0 }
    let isPickle = head.count > 2 && head[0] == 0x80 && (2...5).contains(head[1]) && !isSafetensors
    let holdsPickle = isZip && Data(head).range(of: Data("/data.pkl".utf8)) != nil
    guard isPickle || holdsPickle else { return }
    throw ImportError(file: path, "is a file of PyTorch: Python's pickle, which is a program and is not run. \(export)")
  }

  /// Three lines of Python that write what is read here.
  static let export = """
    In Python, for each draw:
      model.load_state_dict(state); model.eval()
      example = torch.zeros(1, *input_shape)
      torch.onnx.export(model, (example,), "draw0.onnx", dynamo=False, opset_version=17, \
    input_names=["x"], dynamic_axes={"x": {0: "n"}})
    """
}
