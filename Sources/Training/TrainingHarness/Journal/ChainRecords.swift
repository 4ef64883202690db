import Foundation
import Shell

/// The draws of one chain in an append-only file: each with what the sampler recorded, its length and its CRC-32.
///
/// A draw that equals the one before, as after a rejection, is a mark. The file begins with the names of the run and of
/// the chain; the first record holds the names of the statistics.
///
/// | bytes | |
/// |---|---|
/// | 4 | length of the content |
/// | 4 | CRC-32 of the content |
/// | 4 | CRC-32 of these two and of the record's number |
/// | … | kind (0: names, 1: a draw, 2: the draw before once more), statistics in double precision, weights in single precision |
struct ChainRecords {
  /// What names a chain's file.
  struct Identity: Hashable {
    /// The checksum of the run's description.
    let run: UInt32
    /// The chain, from 0.
    let chain: Int
    let parameterCount: Int

    var header: [UInt8] {
      var bytes = Array("bnndraw1".utf8)
      bytes.append(number: run)
      bytes.append(number: UInt32(chain))
      bytes.append(number: UInt64(parameterCount))
      bytes.append(number: checksum(bytes))
      return bytes
    }
  }

  /// Where a record's content lies.
  struct Place: Sendable {
    let offset: Int
    let length: Int
    let checksum: UInt32
    var end: Int { offset + length }
  }

  static let headerSize = 28
  static let recordHeadSize = 12

  let path: String
  let identity: Identity
  /// Names of the statistics; nil before the first draw.
  private(set) var names: [String]?
  /// Statistics of each draw.
  private(set) var statistics: [[Double]] = []
  /// For each draw, its own record.
  private var ends: [Int] = []
  /// For each draw, the record that holds its weights.
  private(set) var weights: [Place] = []
  /// Bytes that are whole records.
  private(set) var size = 0
  private var recordCount = 0

  var drawCount: Int { weights.count }

  // MARK: - Reading

  /// Reads what is there. A record that was not written to its end is left out.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - identity: What the file must belong to.
  ///   - synchronized: Bytes that are known to have reached the disk: what is wrong with them is damage. What comes
  ///     after may be anything if the machine lost its power, and is left out.
  /// - Throws: `BadDataError` for damage.
  init(_ path: String, _ identity: Identity, synchronized: Int) throws {
    self.path = path
    self.identity = identity
    guard FileManager.default.fileExists(atPath: path) else { return }
    let file = try PlainFile(path, O_RDONLY)
    let fileSize = try file.size
    guard fileSize >= Self.headerSize else { return }
    guard try file.read(Self.headerSize, at: 0) == identity.header else {
      throw BadDataError(
        "\(path) is damaged, or belongs to another run: its first bytes do not name this run and chain \(identity.chain + 1)"
      )
    }
    size = Self.headerSize
    while fileSize - size >= Self.recordHeadSize {
      let head = try file.read(Self.recordHeadSize, at: size)
      let place = Place(
        offset: size + Self.recordHeadSize, length: Int(head.number(UInt32.self, at: 0)),
        checksum: head.number(UInt32.self, at: 4))
      let isHead = Self.headChecksum(head, recordCount) == head.number(UInt32.self, at: 8)
      if isHead, place.end > fileSize { break }
      let content = isHead ? try file.read(place.length, at: place.offset) : []
      guard isHead, checksum(content) == place.checksum, take(content, at: place) else {
        if size < synchronized {
          throw BadDataError(
            "\(path) is damaged: record \(recordCount + 1) at byte \(size) does not have its CRC-32. "
              + "Restore the file from a copy, or remove it and the states of chain \(identity.chain + 1) beside it to begin this chain again"
          )
        }
        break
      }
    }
  }

  private static func headChecksum(_ head: [UInt8], _ number: Int) -> UInt32 {
    var bytes = Array(head[..<8])
    bytes.append(number: UInt64(number))
    return checksum(bytes)
  }

  /// Takes a record's content into the index; false when it makes no sense.
  private mutating func take(_ content: [UInt8], at place: Place) -> Bool {
    guard let kind = content.first else { return false }
    if kind == 0 {
      guard names == nil, let list = try? BinaryDecoder.decode([String].self, from: Array(content.dropFirst())) else {
        return false
      }
      names = list
    } else {
      guard let names, kind <= 2, kind == 1 || !weights.isEmpty,
        content.count == 1 + 8 * names.count + (kind == 1 ? 4 * identity.parameterCount : 0)
      else { return false }
      statistics.append(names.indices.map { Double(bitPattern: content.number(UInt64.self, at: 1 + 8 * $0)) })
      weights.append(kind == 1 ? place : weights[weights.count - 1])
      ends.append(place.end)
    }
    size = place.end
    recordCount += 1
    return true
  }

  /// The weights of a draw.
  ///
  /// - Throws: `BadDataError` when the record is not what it was.
  func read(draw: Int, from file: PlainFile, into buffer: UnsafeMutableBufferPointer<Float>) throws {
    let place = weights[draw]
    let content = try file.read(place.length, at: place.offset)
    guard content.count == place.length, checksum(content) == place.checksum else {
      throw BadDataError("\(path) is damaged: the record of draw \(draw + 1) does not have its CRC-32")
    }
    let start = 1 + 8 * (names?.count ?? 0)
    content.withUnsafeBytes {
      UnsafeMutableRawBufferPointer(buffer).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: $0[start..<start + 4 * buffer.count]))
    }
  }

  // MARK: - Writing

  /// Leaves the first `count` draws only.
  mutating func keep(_ count: Int) {
    guard count < drawCount else { return }
    if count == 0 {
      self = ChainRecords(path: path, identity: identity)
    } else {
      recordCount -= drawCount - count
      statistics.removeLast(drawCount - count)
      ends.removeLast(ends.count - count)
      weights.removeLast(drawCount - count)
      size = ends[count - 1]
    }
  }

  private init(path: String, identity: Identity) {
    self.path = path
    self.identity = identity
  }

  /// The bytes that add a draw.
  ///
  /// - Parameter draw: Weights; nil for those of the draw before.
  mutating func append(_ draw: [Float]?, _ values: [(name: String, value: Double)]) throws -> [UInt8] {
    var bytes: [UInt8] = []
    func record(_ content: [UInt8], _ self: inout ChainRecords) {
      var head: [UInt8] = []
      head.append(number: UInt32(content.count))
      head.append(number: checksum(content))
      let place = Place(
        offset: self.size + Self.recordHeadSize, length: content.count, checksum: head.number(UInt32.self, at: 4))
      head.append(number: Self.headChecksum(head, self.recordCount))
      bytes += head
      bytes += content
      precondition(self.take(content, at: place), "a record that reads as it was written")
    }
    if size == 0 {
      bytes = identity.header
      size = bytes.count
    }
    if names == nil { record([0] + (try BinaryEncoder.encode(values.map(\.name))), &self) }
    guard names == values.map(\.name) else {
      throw RunError("the sampler records other statistics for draw \(drawCount + 1) than for the first one")
    }
    var content: [UInt8] = [draw == nil ? 2 : 1]
    content.reserveCapacity(1 + 8 * values.count + 4 * (draw?.count ?? 0))
    for value in values { content.append(number: value.value.bitPattern) }
    draw?.withUnsafeBytes { content.append(contentsOf: $0) }
    record(content, &self)
    return bytes
  }
}
