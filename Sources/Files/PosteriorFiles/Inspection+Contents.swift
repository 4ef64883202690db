import Crypto
import Foundation
import HDF5
import NeuralNetworks
import RobustnessCore

extension Inspection {
  /// Reads every value of every acceptable data set: checks them, and computes the digests and the number of distinct
  /// draws.
  ///
  /// - Returns: nil when there are problems, which make digests meaningless.
  func readContents() -> ContentReport? {
    var digests: [String: String] = [:]
    let isSound = problems.isEmpty
    var draws = DistinctDraws(count: isSound ? structure.chainCount * structure.drawsPerChain : 0)
    var unfilled = UnfilledDraws(
      chainCount: isSound ? structure.chainCount : 0, drawsPerChain: structure.drawsPerChain)
    var ranges: [String: ClosedRange<Double>] = [:]
    var zeroShared: Set<String> = []
    var fit = VariationalFit(drawCount: isSound ? structure.chainCount * structure.drawsPerChain : 0)
    // Parameters in one fixed order, so that the hashes of draws mean the same everywhere.
    for path in structure.items.keys.sorted() {
      guard let dataset = structure.datasets[path], let role = structure.role(of: path),
        case .number(let element) = dataset.type
      else { continue }
      let before = problems.count
      var hasher = SHA256()
      var check = ValueCheck(role: role, element: element, structure: structure, path: path)
      var standardized: StandardizedDraws?
      if role == .parameter, fit.isWanted {
        standardized = attempt { () throws(HDF5Error) in try standardizedDraws(of: dataset) } ?? nil
      }
      let drawSize = dataset.shape.map { $0.dropFirst(2).reduce(1, *) * element.byteCount } ?? 0
      var isZero = true
      let result: Void? = attempt { () throws(HDF5Error) in
        try dataset.forEachBlock(leadingAxes: role == .parameter ? 2 : 1, element: element) { block, first in
          hasher.update(bufferPointer: block)
          check.examine(block, firstElement: first)
          if role == .shared, isZero { isZero = block.allSatisfy { $0 == 0 } }
          if role == .parameter {
            let firstDraw = first * element.byteCount / max(drawSize, 1)
            draws.add(block, drawSize: drawSize, firstDraw: firstDraw)
            unfilled.add(path, block, drawSize: drawSize, firstDraw: firstDraw, fill: dataset.fillValue)
            standardized?.add(block, element)
          }
        }
      }
      ranges[path] = check.range
      if role == .shared, isZero { zeroShared.insert(path) }
      if result != nil, let standardized { fit.add(standardized) }
      if let reason = check.problem { report(path, reason, advice: check.advice) }
      if result != nil, problems.count == before { digests[path] = ContentDigest.hexadecimal(hasher.finalize()) }
    }
    if isSound, problems.isEmpty, structure.holds(.parameter), let (reason, advice) = unfilled.problem {
      report("/posterior", reason, advice: advice)
    }
    guard problems.isEmpty, var findings = contentFindings(unfilled, ranges, fit), problems.isEmpty else { return nil }
    findings.zeroSharedParameters = zeroShared
    return report(
      digests, distinctDraws: draws.distinctCount,
      warnings: StatementReview(structure: structure, findings: findings).warnings)
  }

  /// What is absent from the values of a file without problems; nil when it can no longer be read, which is reported.
  private func contentFindings(
    _ unfilled: UnfilledDraws, _ ranges: [String: ClosedRange<Double>], _ fit: VariationalFit
  ) -> ContentFindings? {
    attempt { () throws(HDF5Error) in
      var findings = ContentFindings()
      findings.zeroDrawCounts = unfilled.zeroDrawCounts
      findings.variationalFit = fit
      var statistics: [String: [Double]] = [:]
      for (path, item) in structure.items {
        guard let dataset = structure.datasets[path] else { continue }
        switch item.role {
        case .statistic:
          let name = String(path.dropFirst(item.parent.count + 1))
          let values = try dataset.readAll(as: Double.self)
          statistics[name] = values
          checkDrawWeights(name, values)
        case .variationalScale:
          let scales = try dataset.readAll(as: Double.self)
          findings.variationalScaleIsZero = findings.variationalScaleIsZero && scales.allSatisfy { $0 == 0 }
          findings.hasVariationalScale = true
        default: break
        }
      }
      findings.absences = RecordedStatistics(statistics, chainCount: structure.chainCount).absences
      findings.examples = try exampleReview(ranges)
      return findings
    }
  }

  /// Reports draws that count differently: everything here takes each of them once.
  private func checkDrawWeights(_ name: String, _ values: [Double]) {
    let finite = values.filter { !$0.isNaN }
    guard SampleStatistic.weightNames.contains(name.lowercased()), let least = finite.min(),
      let greatest = finite.max(),
      least != greatest, least.isInfinite || greatest - least > 1e-6 * max(abs(least), abs(greatest))
    else { return }
    report(
      "/sample_stats/\(name)",
      "runs from \(plain(least)) to \(plain(greatest)): draws that count differently are not supported, each counts "
        + "once",
      advice: "Resample the draws in proportion to these weights, and leave them out")
  }

  private func exampleReview(_ ranges: [String: ClosedRange<Double>]) throws(HDF5Error) -> ExampleReview? {
    guard let inputs = structure.dataset("/evaluation_data/inputs"), case .number(let element) = inputs.type,
      let labels = structure.dataset("/evaluation_data/labels"), let shape = inputs.shape,
      let architecture = structure.architecture
    else { return nil }
    let classes = try labels.readAll(as: Int64.self).map { Int($0) }
    let scale = element == .uint8 ? 255.0 : 1
    let range = ranges[inputs.path].map { $0.lowerBound / scale...$0.upperBound / scale }
    var isZero = [Bool](repeating: false, count: classes.count)
    // Inputs are looked at a second time only where it could matter.
    if classes.suffix(2) == [0, 0] {
      let size = shape.dropFirst().reduce(1, *)
      try inputs.forEachBlock(leadingAxes: 1, element: element) { block, first in
        for row in 0..<(block.count / (size * element.byteCount)) {
          let bytes = (row * size * element.byteCount)..<((row + 1) * size * element.byteCount)
          isZero[first / size + row] = block[bytes].allSatisfy { $0 == 0 }
        }
      }
    }
    return ExampleReview(
      labels: classes, classCount: architecture.classCount, isZero: isZero, range: range, bounds: structure.inputBounds)
  }

  private func report(
    _ digests: [String: String], distinctDraws: Int, warnings: [PosteriorWarning]
  ) -> ContentReport {
    var file = FileDigests()
    for (path, sha256) in digests {
      guard let dataset = structure.datasets[path], let item = structure.items[path], let shape = dataset.shape else {
        continue
      }
      // numpy's name of what h5py reads.
      let type = dataset.isEnumeration ? "|b1" : dataset.type.description
      file.add(item, path: path, type: type, shape: shape, sha256: sha256)
    }
    for (group, attributes) in structure.attributes {
      for attribute in attributes {
        guard let item = FormatSchema.item("\(group)@\(attribute.name)", .attribute) else { continue }
        file.add(item, attribute, of: group)
      }
    }
    let computed = file.texts
    let changed = FormatDigest.allCases.filter { digest in
      guard let stored = structure.text("/@\(digest.rawValue)") else { return false }
      return Self.unpadded(stored).lowercased() != computed[digest.rawValue]
    }
    let isSigned = structure.attribute("/@\(FormatDigest.content.rawValue)") != nil
    return ContentReport(
      digests: computed, distinctDrawCount: distinctDraws, warnings: warnings,
      changedDigests: changed.map(\.rawValue).sorted(),
      integrity: changed.isEmpty ? (isSigned ? .verified : .unsigned) : .changed)
  }

  /// One problem for every digest that the file holds and that is not that of its content.
  func changeProblems(_ report: ContentReport?) -> [PosteriorFileError] {
    guard let report else { return [] }
    return report.changedDigests.map { name in
      let covered = FormatDigest(rawValue: name)?.covered ?? "content"
      return PosteriorFileError(
        file: path, path: "/@\(name)",
        reason: "is not the digest of the \(covered): the file has changed since it was written",
        advice: "Get the original file, or let evaluate or posterior copy read it all the same with --accept-changed",
        writtenBy: writtenBy)
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
