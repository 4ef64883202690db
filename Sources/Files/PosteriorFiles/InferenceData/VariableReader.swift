import HDF5
import Synchronization

/// The values of one variable, draw by draw, in blocks as the file has them: a chunk is inflated once, however many
/// draws lie in it.
final class VariableReader: Sendable {
  let dataset: HDF5Dataset
  private let shape: [Int]
  private let conversion: StatedConversion
  /// Draws of one chain that are read at once.
  private let blockLength: Int
  private let block = Mutex<(chain: Int, first: Int, values: [Float])?>(nil)

  /// Numbers of a block where the file has no chunks.
  private static let contiguousCount = 1 << 22

  /// - Throws: Why its numbers are no weights.
  init(_ file: HDF5File, _ dataset: HDF5Dataset, _ shape: [Int], byteCount: UInt64) throws(PosteriorFileError) {
    func refusal(_ place: String, _ reason: String, _ advice: String? = nil) -> PosteriorFileError {
      PosteriorFileError(file: file.path, path: place, reason: reason, advice: advice)
    }
    self.dataset = dataset
    self.shape = shape
    do throws(ConversionRefusal) {
      // Packed numbers have another type because they mean other numbers, which comes first.
      conversion = try StatedConversion(file, dataset, .parameter)
    } catch {
      throw refusal(error.place, error.reason, error.advice)
    }
    guard case .number(let element) = dataset.type, [.float32, .float64].contains(element) else {
      let type = TypeRefusal(dataset, role: .parameter, types: [.float32, .float64])
      throw refusal(dataset.path, type.reason, type.advice)
    }
    if let reason = Inspection.storageProblem(dataset, element, role: .parameter, fileSize: byteCount) {
      throw refusal(dataset.path, reason)
    }
    let size = max(1, shape.dropFirst(2).reduce(1, *))
    var length = max(1, Self.contiguousCount / size)
    if case .chunked(let chunk) = dataset.layout { length = chunk[1] * max(1, length / chunk[1]) }
    blockLength = min(length, max(1, shape[1]))
  }

  /// The numbers of one draw.
  func floats(chain: Int, draw: Int) throws(PosteriorFileError) -> [Float] {
    let size = shape.dropFirst(2).reduce(1, *)
    guard size > 0 else { return [] }
    return try block.withLock { (block) throws(PosteriorFileError) in
      if block?.chain != chain || !((block?.first ?? 0)..<(block?.first ?? 0) + blockLength).contains(draw) {
        let first = draw / blockLength * blockLength
        block = (chain, first, try read(chain, first, size))
      }
      let (first, values) = (block?.first ?? 0, block?.values ?? [])
      return Array(values[(draw - first) * size..<(draw - first + 1) * size])
    }
  }

  /// Reads and checks every value.
  func readThrough() throws(PosteriorFileError) {
    let size = shape.dropFirst(2).reduce(1, *)
    guard size > 0 else { return }
    for chain in 0..<shape[0] {
      for first in stride(from: 0, to: shape[1], by: blockLength) { _ = try read(chain, first, size) }
    }
  }

  private func read(_ chain: Int, _ first: Int, _ size: Int) throws(PosteriorFileError) -> [Float] {
    let draws = min(blockLength, shape[1] - first)
    var values = [Float](repeating: 0, count: draws * size)
    let result = values.withUnsafeMutableBytes { buffer in
      Result { () throws(HDF5Error) in
        try dataset.read(
          start: [chain, first] + shape.dropFirst(2).map { _ in 0 }, count: [1, draws] + shape.dropFirst(2),
          as: .float32, into: buffer)
      }
    }
    if case .failure(let error) = result {
      throw PosteriorFileError(
        file: dataset.file, path: dataset.path, reason: "cannot be read: \(error.reason)",
        advice: "The file is probably damaged or incomplete: copy it again")
    }
    for (index, value) in values.enumerated() {
      guard let objection = value.isFinite ? conversion.objection(to: Double(value)) : "which is no number" else {
        continue
      }
      throw PosteriorFileError(
        file: dataset.file, path: dataset.path,
        reason: "has \(value) in draw \(first + index / size) of chain \(chain), \(objection)")
    }
    return values
  }
}
