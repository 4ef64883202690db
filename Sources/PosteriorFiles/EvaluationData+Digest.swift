extension EvaluationData {
  /// Names the examples where no posterior file does: the digest of the format over the values as float64, whatever
  /// they were stored as.
  public var sha256: String {
    var digest = ContentDigest()
    let bytes = inputs.withUnsafeBytes { Array($0) }
    digest.add(path: "/evaluation_data/inputs", type: "<f8", shape: shape, sha256: ContentDigest.sha256(bytes))
    let numbers = labels.map { Int64($0) }.withUnsafeBytes { Array($0) }
    digest.add(
      path: "/evaluation_data/labels", type: "<i8", shape: [labels.count], sha256: ContentDigest.sha256(numbers))
    return digest.sha256
  }
}
