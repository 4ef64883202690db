import Foundation
import Shell

/// The names in a journal: a folder beside the output.
///
/// | file | |
/// |---|---|
/// | `run.json` | the description of the run; a folder without it is no journal |
/// | `evaluation.data` | the examples that go into the posterior file |
/// | `starts.data` | where the chains begin, when that came from a file |
/// | `chain-1.records` | draws of the first chain |
/// | `chain-1.state`, `chain-1.checkpoint` | its newest state, and the newest that is known to be on the disk |
/// | `chain-1.gaussian` | the distribution that its draws come from, where there is one |
/// | `lock` | held by the process that works on the run |
struct JournalFiles: Sendable {
  let folder: String
  /// The checksum of the run's description, which all other files name.
  let run: UInt32
  let parameterCount: Int

  static func folder(of output: String) -> String { output + ".journal" }

  static func description(_ folder: String) -> String { folder + "/run.json" }
  static func lock(_ folder: String) -> String { folder + "/lock" }
  var evaluation: String { folder + "/evaluation.data" }
  var starts: String { folder + "/starts.data" }
  func records(_ chain: Int) -> String { "\(folder)/chain-\(chain + 1).records" }
  func state(_ chain: Int) -> String { "\(folder)/chain-\(chain + 1).state" }
  func checkpoint(_ chain: Int) -> String { "\(folder)/chain-\(chain + 1).checkpoint" }
  func gaussian(_ chain: Int) -> String { "\(folder)/chain-\(chain + 1).gaussian" }

  func identity(_ chain: Int) -> ChainRecords.Identity {
    ChainRecords.Identity(run: run, chain: chain, parameterCount: parameterCount)
  }

  /// Writes a value with its checksum, in one piece.
  func write(_ value: some Encodable, to path: String) throws {
    var bytes = Array("bnndata1".utf8)
    bytes.append(number: run)
    bytes += try BinaryEncoder.encode(value)
    bytes.append(number: checksum(bytes))
    try PlainFile.replace(path, with: bytes, isSynchronized: true)
  }

  /// Reads what `write` wrote; nil when there is no file.
  ///
  /// - Throws: `BadDataError` for damage.
  func read<T: Decodable>(_ type: T.Type, from path: String) throws -> T? {
    guard let bytes = try PlainFile.contents(path) else { return nil }
    guard bytes.count >= 16, bytes.starts(with: "bnndata1".utf8), bytes.number(UInt32.self, at: 8) == run,
      checksum(Array(bytes[..<(bytes.count - 4)])) == bytes.number(UInt32.self, at: bytes.count - 4),
      let value = try? BinaryDecoder.decode(type, from: Array(bytes[12..<(bytes.count - 4)]))
    else {
      throw BadDataError("\(path) is damaged, or belongs to another run: it does not have its CRC-32")
    }
    return value
  }
}

/// The right to work on a run, held until the process ends or lets go of it.
final class JournalLock {
  private let file: PlainFile

  /// - Throws: `RunError` when another process works on the run.
  init(_ folder: String) throws {
    file = try PlainFile(JournalFiles.lock(folder), O_RDWR | O_CREAT)
    // A process that was just killed, or one that another thread is about to start, may hold it for a moment.
    var isHeld = file.lock()
    for _ in 0..<20 where !isHeld {
      usleep(50_000)
      isHeld = file.lock()
    }
    guard isHeld else {
      throw RunError("\(folder): another process is working on this run. Wait for it, or stop it with Ctrl-C")
    }
  }
}
