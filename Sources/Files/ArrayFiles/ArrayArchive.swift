/// Named arrays in a file of another program.
///
/// Opening one reads what says where the arrays are; values are read, and checked, when they are asked for.
public protocol ArrayArchive: Sendable {
  /// The names of the arrays in the order of the file, each once.
  var names: [String] { get }

  /// The array of this name, with its shape and the type of its numbers.
  ///
  /// - Throws: ``ArrayFileError`` when there is none, or it is of a kind that is not read.
  func array(_ name: String) throws(ArrayFileError) -> ForeignArray

  /// A text beside the arrays; nil where there is none of this name.
  func text(_ name: String) throws(ArrayFileError) -> String?
}

extension ArrayArchive {
  /// None, where a kind of file has no texts.
  public func text(_ name: String) throws(ArrayFileError) -> String? { nil }
}

/// The kinds of files with arrays that are read.
public enum ArrayFormat: String, Sendable, Hashable, CaseIterable {
  /// One array of NumPy, `.npy`.
  case numPyFile = "npy"
  /// Several arrays of NumPy in a zip file, `.npz`.
  case numPyArchive = "npz"
  /// Tensors of any framework, `.safetensors`.
  case safetensors

  /// The kind that a file begins like; nil where it is none of them.
  ///
  /// - Throws: ``ArrayFileError`` when the file cannot be read.
  public init?(beginningOf path: String) throws(ArrayFileError) {
    let file = try FileBytes(path)
    let start = try file.read(at: 0, count: min(9, file.count))
    if start.starts(with: NumPyHeader.magic) {
      self = .numPyFile
    } else if start.starts(with: [0x50, 0x4B, 0x03, 0x04]) || start.starts(with: [0x50, 0x4B, 0x05, 0x06]) {
      self = .numPyArchive
    } else if start.count == 9, start[8] == UInt8(ascii: "{"),
      let length = start.integer(0, bytes: 8), length <= file.count - 8
    {
      self = .safetensors
    } else {
      return nil
    }
  }

  /// Opens a file as what it begins like, whatever it is called.
  ///
  /// - Throws: ``ArrayFileError`` when it is none of these kinds, or is damaged.
  public static func open(_ path: String) throws(ArrayFileError) -> any ArrayArchive {
    switch try ArrayFormat(beginningOf: path) {
    case .numPyFile: return try NumPyFile(path)
    case .numPyArchive: return try NumPyArchive(path)
    case .safetensors: return try SafetensorsFile(path)
    case nil:
      let file = try FileBytes(path)
      let start = try file.read(at: 0, count: min(2, file.count))
      // The beginning of every pickle of protocol 2 and later.
      if start.count == 2, start[0] == 0x80, (2...5).contains(start[1]) { throw pickle(path) }
      throw ArrayFileError(
        file: path, reason: "is no .npy, .npz or .safetensors file",
        advice: "In numpy: numpy.savez(\"file.npz\", name=array)")
    }
  }

  static func pickle(_ path: String) -> ArrayFileError {
    ArrayFileError(
      file: path, reason: "is a pickle, which is a program that Python runs when it reads the file",
      advice: "Write the tensors instead: safetensors.torch.save_file(model.state_dict(), \"draw.safetensors\")")
  }
}
