import Foundation
import RobustnessCore
import Shell

/// What a run keeps of one chain while it goes on: its draws, and the state that the next step needs.
///
/// After every draw the record is appended, and then the state replaces the one before; a large state only about once a
/// second, since writing it can take longer than the draw. A state knows how many draws it follows, so that records
/// which came after it are cut and made again, with the same bits. About once a second both are forced to the disk; the
/// state of that moment is kept apart, for the case that the machine and not only the program fails.
final class ChainJournal<State: Codable & Sendable> {
  private struct Envelope: Codable {
    var run: UInt32
    var chain: Int
    var draws: Int
    var steps: Int
    /// Bytes of the records that had reached the disk.
    var synchronized: Int
    var state: State
  }

  /// The same without the state: whatever its type, this can be read.
  private struct EnvelopeHead: Codable {
    var run: UInt32
    var chain: Int
    var draws: Int
    var steps: Int
    var synchronized: Int
  }

  let files: JournalFiles
  let chain: Int
  private(set) var records: ChainRecords
  private var file: PlainFile?
  private var lastDraw: [Float]?
  private var synchronized = 0
  private var lastSynchronization = ContinuousClock.now
  private var lastSave: ContinuousClock.Instant?
  private var lastStateSize = 0

  /// States of more bytes are not written after every draw. Those of mean-field VI, which draws in microseconds, are
  /// some fifty bytes for each weight.
  static var largeStateSize: Int { 1 << 20 }

  /// The state that the chain goes on from, and how many steps were made; nil at the beginning.
  private(set) var restored: (state: State, steps: Int)?

  /// Opens what there is of a chain, cut to what the newest usable state follows.
  ///
  /// - Throws: `BadDataError` for damage.
  init(_ files: JournalFiles, chain: Int) throws {
    self.files = files
    self.chain = chain
    let candidates = try [files.state(chain), files.checkpoint(chain)].compactMap { try Self.payload($0) }
    var envelopes: [(EnvelopeHead, [UInt8])] = []
    for case .valid(let bytes, let path) in candidates {
      guard let head = try? BinaryDecoder.decode(EnvelopeHead.self, from: bytes) else {
        throw BadDataError("\(path) is not the state of a chain that this program wrote")
      }
      guard head.run == files.run, head.chain == chain else { throw BadDataError("\(path) belongs to another run") }
      envelopes.append((head, bytes))
    }
    if envelopes.isEmpty, case .damaged(let path)? = candidates.first {
      throw BadDataError(
        "\(path) is damaged: it does not have its CRC-32. Restore it from a copy, or remove the files of chain \(chain + 1) in \(files.folder) to begin this chain again"
      )
    }
    synchronized = envelopes.map(\.0.synchronized).max() ?? 0
    records = try ChainRecords(files.records(chain), files.identity(chain), synchronized: synchronized)
    let available = records.drawCount
    if let (head, bytes) = envelopes.filter({ $0.0.draws <= available }).max(by: { $0.0.steps < $1.0.steps }) {
      let envelope: Envelope
      do {
        envelope = try BinaryDecoder.decode(Envelope.self, from: bytes)
      } catch {
        throw BadDataError("the state of chain \(chain + 1) in \(files.folder) is not one of this version's sampler")
      }
      restored = (envelope.state, head.steps)
      records.keep(head.draws)
    } else {
      records.keep(0)
    }
    // A state that is ahead of the records must not be found again once these have grown.
    for path in [files.state(chain), files.checkpoint(chain)] where restored == nil { unlink(path) }
  }

  var drawCount: Int { records.drawCount }

  private enum Payload {
    case valid([UInt8], path: String)
    case damaged(String)
  }

  private static func payload(_ path: String) throws -> Payload? {
    guard let bytes = try PlainFile.contents(path) else { return nil }
    guard bytes.count >= 16, bytes.starts(with: "bnnstat1".utf8),
      bytes.number(UInt64.self, at: 8) == UInt64(bytes.count - 20), bytes.count >= 20,
      checksum(Array(bytes[..<(bytes.count - 4)])) == bytes.number(UInt32.self, at: bytes.count - 4)
    else { return .damaged(path) }
    return .valid(Array(bytes[16..<(bytes.count - 4)]), path: path)
  }

  // MARK: - Writing

  /// Opens the records for writing, cut to what was restored.
  func beginWriting() throws {
    let file = try PlainFile(files.records(chain), O_RDWR | O_CREAT)
    try file.cut(to: records.size)
    self.file = file
    if drawCount > 0 {
      var draw = [Float](repeating: 0, count: records.identity.parameterCount)
      try draw.withUnsafeMutableBufferPointer { try records.read(draw: drawCount - 1, from: file, into: $0) }
      lastDraw = draw
    }
  }

  /// Adds a draw. The state that follows it is saved next.
  func append(_ draw: [Float], _ statistics: [(name: String, value: Double)]) throws {
    let isRepeated = lastDraw.map { Self.sameBits($0, draw) } ?? false
    let before = records
    do {
      try file?.write(try records.append(isRepeated ? nil : draw, statistics))
    } catch {
      // Part of the record may be there: the next one must not follow it.
      records = before
      try? file?.cut(to: records.size)
      throw error
    }
    lastDraw = draw
  }

  /// Saves the state after a step.
  ///
  /// - Parameters:
  ///   - isDue: Whether it should be saved now, if it is not large; otherwise that is done about every second.
  ///   - now: The time, for tests.
  func save(_ state: State, steps: Int, isDue: Bool, now: ContinuousClock.Instant = .now) throws {
    if !isDue || lastStateSize > Self.largeStateSize, let lastSave, now - lastSave < .seconds(1) { return }
    lastSave = now
    let bytes = try encoded(state, steps)
    lastStateSize = bytes.count
    try PlainFile.replace(files.state(chain), with: bytes, isSynchronized: false)
    if now - lastSynchronization > .seconds(1) { try synchronize(state, steps: steps) }
  }

  /// Forces everything to the disk.
  func synchronize(_ state: State, steps: Int) throws {
    try file?.synchronize()
    synchronized = records.size
    try PlainFile.replace(files.checkpoint(chain), with: try encoded(state, steps), isSynchronized: true)
    lastSynchronization = .now
  }

  private func encoded(_ state: State, _ steps: Int) throws -> [UInt8] {
    let envelope = Envelope(
      run: files.run, chain: chain, draws: drawCount, steps: steps, synchronized: synchronized, state: state)
    let payload = try BinaryEncoder.encode(envelope)
    var bytes = Array("bnnstat1".utf8)
    bytes.append(number: UInt64(payload.count))
    bytes += payload
    bytes.append(number: checksum(bytes))
    return bytes
  }

  /// Equal as numbers is not enough: zero has two signs.
  private static func sameBits(_ a: [Float], _ b: [Float]) -> Bool {
    a.count == b.count
      && a.withUnsafeBytes { a in b.withUnsafeBytes { b in memcmp(a.baseAddress!, b.baseAddress!, a.count) == 0 } }
  }
}

/// How much of the records is known to have reached the disk, whatever the sampler's state is.
enum SynchronizedBytes {
  private struct Head: Codable {
    var run: UInt32
    var synchronized: Int
  }

  static func of(_ files: JournalFiles, chain: Int) -> Int {
    [files.state(chain), files.checkpoint(chain)].compactMap { path -> Int? in
      guard let bytes = try? PlainFile.contents(path), bytes.count >= 20,
        checksum(Array(bytes[..<(bytes.count - 4)])) == bytes.number(UInt32.self, at: bytes.count - 4),
        let head = try? BinaryDecoder.decode(Head.self, from: Array(bytes[16..<(bytes.count - 4)])),
        head.run == files.run
      else { return nil }
      return head.synchronized
    }.max() ?? 0
  }
}
