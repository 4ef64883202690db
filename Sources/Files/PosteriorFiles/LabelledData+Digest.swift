import Crypto
import HDF5
public import RobustnessCore

extension LabelledData {
  /// The digest that the format calls `data_sha256`: the same for a file and for the arrays that were, or will be,
  /// written to it. 64 hexadecimal digits.
  public var sha256: String {
    let bytes =
      switch inputs {
      case .bytes(let values): ContentDigest.sha256(of: values)
      case .floats(let values): ContentDigest.sha256(of: values)
      case .doubles(let values): ContentDigest.sha256(of: values)
      }
    return sha256(inputs.element, bytes)
  }

  /// Names examples that no posterior file names: the same digest over ``values`` as float64, whatever they were
  /// stored as.
  public var valuesSHA256: String { sha256(.float64, ContentDigest.sha256(of: values)) }

  private func sha256(_ element: ElementType, _ inputs: String) -> String {
    var digests = FileDigests()
    func add(_ path: String, _ element: ElementType, shape: [Int], _ sha256: String) {
      digests.add(FormatSchema.named(path), path: path, type: element.rawValue, shape: shape, sha256: sha256)
    }
    add("/evaluation_data/inputs", element, shape: shape, inputs)
    add("/evaluation_data/labels", .int64, shape: [count], ContentDigest.sha256(of: labels.map { Int64($0) }))
    return digests[.data]
  }
}

extension ContentDigest {
  /// The digest of numbers as they lie in memory, which is little-endian on every platform of this package.
  fileprivate static func sha256(of values: [some BitwiseCopyable]) -> String {
    var hasher = SHA256()
    values.withUnsafeBytes { hasher.update(bufferPointer: $0) }
    return hexadecimal(hasher.finalize())
  }
}
