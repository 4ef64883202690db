/// Tensors in a `.safetensors` file, of whichever framework.
///
/// Eight bytes with the length of a header, the header in JSON, and the values, which it divides among the tensors
/// without a gap. The format has no checksum: what is found is a header that contradicts itself or the file.
public struct SafetensorsFile: ArrayArchive {
  /// The names of the tensors in the order in which their values lie.
  public let names: [String]
  /// Texts about the file as a whole, by name.
  public let metadata: [String: String]
  private let file: FileBytes
  private let tensors: [String: SafetensorsHeader.Tensor]
  private let start: Int

  /// Longest header, that of the format's own implementation.
  static let headerLimit = 100_000_000

  /// Reads the header of a file.
  ///
  /// - Throws: ``ArrayFileError`` when it is damaged.
  public init(_ path: String) throws(ArrayFileError) {
    file = try FileBytes(path)
    guard file.count >= 10, let length = try file.read(at: 0, count: 8).integer(0, bytes: 8),
      length <= Self.headerLimit, length <= file.count - 8
    else {
      throw file.error(
        "is no safetensors file, or ends within its header", advice: "Copy it again, or write it with safetensors")
    }
    start = 8 + length
    let text = try file.read(at: 8, count: length)
    let header: SafetensorsHeader
    do throws(SafetensorsHeader.Refusal) {
      header = try SafetensorsHeader(text)
    } catch {
      throw file.error("has a header that is damaged: \(error.reason)", advice: "Copy or write the file again")
    }
    metadata = header.metadata
    // Empty tensors share their place with the next one.
    let ordered = header.tensors.sorted {
      ($0.value.begin, $0.value.end, $0.key) < ($1.value.begin, $1.value.end, $1.key)
    }
    var position = 0
    for (name, tensor) in ordered {
      guard tensor.begin == position, tensor.end >= position else {
        throw file.error(
          "begins at byte \(tensor.begin) of the values, where byte \(position) comes next: values overlap or have gaps",
          at: name, advice: "Copy or write the file again")
      }
      position = tensor.end
    }
    guard position == file.count - start else {
      throw file.error(
        "holds \(file.count - start) bytes of values; its header describes \(position)",
        advice: "Copy or write the file again")
    }
    names = ordered.map(\.key)
    tensors = header.tensors
  }

  /// A text of the metadata.
  public func text(_ name: String) -> String? { metadata[name] }

  /// The tensor of this name.
  public func array(_ name: String) throws(ArrayFileError) -> ForeignArray {
    guard let tensor = tensors[name] else {
      throw file.error("holds no tensor '\(name)'; it holds \(names.prefix(20).joined(separator: ", "))")
    }
    guard let element = Self.elements[tensor.type] else {
      throw file.error(
        "holds \(tensor.type), which is not read", at: name,
        advice: "Convert it first, in PyTorch with .float()")
    }
    return try ForeignArray(
      name: name, shape: tensor.shape, element: element, file: file.path, byteCount: tensor.end - tensor.begin
    ) { [file, offset = start + tensor.begin, size = tensor.end - tensor.begin] () throws(ArrayFileError) in
      try file.read(at: offset, count: size)
    }
  }

  private static let elements: [String: ForeignArray.ElementType] = [
    "BOOL": .bool, "I8": .int8, "I16": .int16, "I32": .int32, "I64": .int64, "U8": .uint8, "U16": .uint16,
    "U32": .uint32, "U64": .uint64, "F16": .float16, "BF16": .bfloat16, "F32": .float32, "F64": .float64,
  ]
}
