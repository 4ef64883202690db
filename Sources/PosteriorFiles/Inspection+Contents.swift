import Crypto
import Foundation
import HDF5
import NeuralNetworks

extension Inspection {
  /// Reads every value of every acceptable data set: checks them, and computes the digests and the number of distinct
  /// draws.
  ///
  /// - Returns: nil when there are problems, which make digests meaningless.
  func readContents() -> ContentReport? {
    var digests: [String: String] = [:]
    var draws = DistinctDraws(count: problems.isEmpty ? structure.chainCount * structure.drawsPerChain : 0)
    // Parameters in one fixed order, so that the hashes of draws mean the same everywhere.
    for path in structure.roles.keys.sorted() {
      guard let dataset = structure.datasets[path], let role = structure.roles[path],
        case .number(let element) = dataset.type
      else { continue }
      let before = problems.count
      var hasher = SHA256()
      var check = ValueCheck(role: role, element: element, structure: structure, path: path)
      let drawSize = dataset.shape.map { $0.dropFirst(2).reduce(1, *) * element.byteCount } ?? 0
      let result: Void? = attempt { () throws(HDF5Error) in
        try dataset.forEachBlock(leadingAxes: role == .parameter ? 2 : 1, element: element) { block, first in
          hasher.update(bufferPointer: block)
          check.examine(block, firstElement: first)
          if role == .parameter {
            draws.add(block, drawSize: drawSize, firstDraw: first * element.byteCount / max(drawSize, 1))
          }
        }
      }
      if let reason = check.problem { report(path, reason) }
      if result != nil, problems.count == before { digests[path] = ContentDigest.hexadecimal(hasher.finalize()) }
    }
    guard problems.isEmpty else { return nil }
    return report(digests, distinctDraws: draws.distinctCount, warnings: StatementReview(structure: structure).warnings)
  }

  private func report(
    _ digests: [String: String], distinctDraws: Int, warnings: [PosteriorWarning]
  ) -> ContentReport {
    var posterior = ContentDigest()
    var data = ContentDigest()
    var content = ContentDigest()
    var hasData = false
    for (path, sha256) in digests {
      guard let dataset = structure.datasets[path], let role = structure.roles[path], let shape = dataset.shape else {
        continue
      }
      let type = dataset.type.description
      content.add(path: path, type: type, shape: shape, sha256: sha256)
      if role == .parameter { posterior.add(path: path, type: type, shape: shape, sha256: sha256) }
      if role == .inputs || role == .labels {
        data.add(path: path, type: type, shape: shape, sha256: sha256)
        hasData = true
      }
    }
    for attribute in structure.modelAttributes {
      content.add(attribute, of: "/model")
      if attribute.name == "architecture" || attribute.name == "input_bounds" {
        posterior.add(attribute, of: "/model")
      }
    }
    for attribute in structure.referenceAttributes { content.add(attribute, of: Self.reference) }
    for attribute in structure.provenanceAttributes { content.add(attribute, of: "/provenance") }

    let computed = [
      "posterior_sha256": posterior.sha256, "data_sha256": hasData ? data.sha256 : nil,
      "content_sha256": content.sha256,
    ]
    let changed = computed.keys.sorted().filter { name in
      guard let stored = structure.rootAttributes[name]?.text else { return false }
      return stored.lowercased() != computed[name] ?? nil
    }
    let isSigned = structure.rootAttributes["content_sha256"] != nil
    return ContentReport(
      posteriorSHA256: posterior.sha256, dataSHA256: hasData ? data.sha256 : nil, contentSHA256: content.sha256,
      distinctDrawCount: distinctDraws, warnings: warnings, changedDigests: changed,
      integrity: changed.isEmpty ? (isSigned ? .verified : .unsigned) : .changed)
  }

  /// One problem for every digest that the file holds and that is not that of its content.
  func changeProblems(_ report: ContentReport?) -> [PosteriorFileError] {
    guard let report else { return [] }
    return report.changedDigests.map { name in
      let covered =
        switch name {
        case "posterior_sha256": "weights and the model"
        case "data_sha256": "evaluation data"
        default: "content"
        }
      return PosteriorFileError(
        file: path, path: "/@\(name)",
        reason: "is not the digest of the \(covered): the file has changed since it was written",
        advice: "Get the original file, or pass --accept-changed to read it all the same", writtenBy: writtenBy)
    }
  }
}

extension HDF5Dataset {
  /// Calls `body` with every value in C order, in blocks of whole rows.
  ///
  /// - Parameters:
  ///   - leadingAxes: A block is a range along this axis (counted from 1), whole in the axes after it.
  ///   - body: Gets the bytes of a block and the index of its first value.
  func forEachBlock(
    leadingAxes: Int, element: ElementType, _ body: (UnsafeRawBufferPointer, Int) -> Void
  ) throws(HDF5Error) {
    guard let shape, let count = elementCount, count > 0 else { return }
    let axis = min(leadingAxes, shape.count) - 1
    let rowSize = shape.dropFirst(axis + 1).reduce(1, *)
    let rows = axis < 0 ? 1 : shape[axis]
    let rowsPerBlock = max(1, min(rows, (8 << 20) / (rowSize * element.byteCount)))
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: rowsPerBlock * rowSize * element.byteCount, alignment: 16)
    defer { buffer.deallocate() }
    let prefixCount = count / (rows * rowSize)
    for prefix in 0..<prefixCount {
      var row = 0
      while row < rows {
        let blockRows = min(rowsPerBlock, rows - row)
        var start = shape.map { _ in 0 }
        var extent = shape
        if axis >= 0 {
          var remainder = prefix
          for earlier in stride(from: axis - 1, through: 0, by: -1) {
            start[earlier] = remainder % shape[earlier]
            remainder /= shape[earlier]
            extent[earlier] = 1
          }
          start[axis] = row
          extent[axis] = blockRows
        }
        let block = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(blockRows * rowSize * element.byteCount)])
        try read(start: start, count: extent, as: element, into: block)
        body(UnsafeRawBufferPointer(block), (prefix * rows + row) * rowSize)
        row += blockRows
      }
    }
  }
}
