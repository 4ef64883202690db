import HDF5

extension Inspection {
  /// Deflate cannot shrink by more than this factor.
  private static let deflateLimit: UInt64 = 1032
  /// A chunk is read whole, so its size is the least memory that reading takes.
  private static let chunkLimit: UInt64 = 1 << 30
  /// Dimensions without coordinates are often declared and never written; this much of nothing is read as zeros.
  private static let unwrittenLimit: UInt64 = 1 << 26

  /// Why the file cannot hold what the data set claims, decided from sizes alone, before anything is allocated.
  static func storageProblem(
    _ dataset: HDF5Dataset, _ element: ElementType, role: DatasetRole, fileSize: UInt64
  ) -> String? {
    guard let shape = dataset.shape else { return "has an empty data space" }
    guard let count = dataset.elementCount else { return "has sizes whose product overflows: \(tuple(shape))" }
    guard count > 0 else { return nil }
    let bytes = UInt64(count) * UInt64(element.byteCount)
    let claim = "claims \(bytes) bytes, more than the file can hold"

    let isUnwritten = dataset.storedByteCount == 0
    if isUnwritten, role == .dimension || role == .other, bytes <= unwrittenLimit { return nil }
    guard dataset.storedByteCount <= fileSize else {
      return "claims to take \(dataset.storedByteCount) bytes of a file of \(fileSize)"
    }
    switch dataset.layout {
    case .contiguous, .compact:
      if isUnwritten { return bytes > fileSize ? claim : "was never written" }
      return bytes > fileSize || bytes > dataset.storedByteCount ? claim : nil
    case .chunked(let chunk):
      let expansion = dataset.isCompressed ? deflateLimit : 1
      let (capacity, _) = fileSize.multipliedReportingOverflow(by: expansion)
      guard bytes <= capacity else { return claim }
      var chunkBytes = UInt64(element.byteCount)
      var chunkCount = 1
      for (extent, size) in zip(shape, chunk) {
        let (product, overflow) = chunkBytes.multipliedReportingOverflow(by: UInt64(size))
        guard !overflow, product <= chunkLimit else { return "has chunks of more than 1 GiB: \(tuple(chunk))" }
        chunkBytes = product
        // No overflow: there are no more chunks than values.
        chunkCount *= (extent - 1) / size + 1
      }
      guard chunkBytes <= capacity else { return "has chunks larger than the file can hold: \(tuple(chunk))" }
      if let stored = dataset.storedChunkCount, stored < chunkCount {
        return "misses \(chunkCount - stored) of its \(chunkCount) chunks"
      }
      return nil
    }
  }
}
