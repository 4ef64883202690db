import Crypto
import HDF5

extension StoredEvaluationData {
  /// The digest that the format calls `data_sha256`: the same for a file and for the arrays that were, or will be,
  /// written to it.
  ///
  /// - Parameter inputShape: Shape of one input.
  /// - Returns: 64 hexadecimal digits.
  public func sha256(inputShape: [Int]) -> String {
    precondition(inputs.count == labels.count * inputShape.reduce(1, *), "one input of the shape for each label")
    var digest = ContentDigest()
    let (type, bytes): (ElementType, String) =
      switch inputs {
      case .bytes(let values): (.uint8, ContentDigest.sha256(of: values))
      case .floats(let values): (.float32, ContentDigest.sha256(of: values))
      }
    digest.add(
      path: "/evaluation_data/inputs", type: type.rawValue, shape: [labels.count] + inputShape, sha256: bytes)
    digest.add(
      path: "/evaluation_data/labels", type: ElementType.int64.rawValue, shape: [labels.count],
      sha256: ContentDigest.sha256(of: labels.map { Int64($0) }))
    return digest.sha256
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
