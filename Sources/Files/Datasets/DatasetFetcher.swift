public import Foundation
import Shell

/// How far a file has come.
public struct FetchProgress: Sendable, Hashable {
  /// The name of the file.
  public let file: String
  /// Bytes that are there, those of an earlier attempt included.
  public let received: Int
  /// Bytes of the whole file.
  public let total: Int
}

/// Fetches the files of a data set from public mirrors.
///
/// A file arrives under a hidden name, goes on where an earlier attempt stopped if the server allows it, and gets its
/// own name once its SHA-256 is the one expected. Mirrors are tried in turn; whose bytes they are does not matter,
/// since the digest decides.
public struct DatasetFetcher: Sendable {
  /// Folders on servers, in the order in which they are tried.
  public var mirrors: [URL]
  /// The files.
  public var files: [RemoteFile]
  /// Seconds without a sign of life after which a server is given up.
  public var timeout: Double
  /// Transfers that a mirror may break off before the next one is tried.
  private static let attempts = 5

  /// Fetches any files from any mirrors.
  public init(files: [RemoteFile], mirrors: [URL], timeout: Double = 30) {
    self.files = files
    self.mirrors = mirrors
    self.timeout = timeout
  }

  /// Fetches a known data set from its public mirrors.
  public init(_ dataset: ImageDataset) {
    self.init(files: dataset.remoteFiles, mirrors: dataset.mirrors)
  }

  /// Fetches every file that is not there.
  ///
  /// - Parameters:
  ///   - folder: Where the files go; it is made if it does not exist.
  ///   - progress: Called while bytes arrive, from any thread.
  /// - Returns: The names of the files that were fetched; the others were there.
  /// - Throws: ``FetchError``. A file of the right name with another content is never replaced.
  @discardableResult
  public func fetch(
    into folder: String, progress: @escaping @Sendable (FetchProgress) -> Void = { _ in }
  ) async throws -> [String] {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw FetchError(
        kind: .cannotWrite, file: folder, reason: "cannot be made a folder (\(SystemError.words(of: error)))")
    }
    var fetched: [String] = []
    for file in files where try !isPresent(file, in: folder) {
      try await fetch(file, into: folder) { received in
        progress(FetchProgress(file: file.name, received: received, total: file.byteCount))
      }
      fetched.append(file.name)
    }
    return fetched
  }

  private func isPresent(_ file: RemoteFile, in folder: String) throws -> Bool {
    let path = "\(folder)/\(file.name)"
    guard FileManager.default.fileExists(atPath: path) else { return false }
    guard PartialFile.sha256(of: path) == file.sha256 else {
      throw FetchError(
        kind: .wrongContent, file: path, reason: "is there and is not the published file, so it was left alone",
        advice: "Use it as it is, move it away, or choose another folder with --data-folder")
    }
    return true
  }

  private func fetch(
    _ file: RemoteFile, into folder: String, progress: @escaping @Sendable (Int) -> Void
  ) async throws {
    let part = try PartialFile(folder: folder, name: file.name)
    defer { part.removeIfEmpty() }
    var failures: [(host: String, error: FetchError)] = []
    for mirror in mirrors {
      do {
        try await fetch(file, from: mirror, part: part, progress: progress)
        return
      } catch let error as FetchError {
        guard error.kind != .cannotWrite, error.kind != .cancelled else { throw error }
        failures.append((mirror.host() ?? mirror.absoluteString, error))
      }
    }
    let reasons = failures.map { "\($0.host): \($0.error.reason)" }.joined(separator: "; ")
    throw FetchError(
      kind: failures.last?.error.kind ?? .unreachable, file: file.name,
      reason: "could not be fetched: \(failures.isEmpty ? "there is no mirror" : reasons)",
      advice: advice(failures.map(\.error.kind), isResumable: part.byteCount > 0))
  }

  private func advice(_ kinds: [FetchError.Kind], isResumable: Bool) -> String? {
    if isResumable { return "What arrived is kept: fetch again to go on" }
    if !kinds.isEmpty, kinds.allSatisfy({ $0 == .unreachable }) {
      return "Check the network, or put the files into the folder yourself"
    }
    return nil
  }

  /// Fetches a file from one mirror, as often as the transfer breaks off after having got further.
  private func fetch(
    _ file: RemoteFile, from mirror: URL, part: PartialFile, progress: @escaping @Sendable (Int) -> Void
  ) async throws {
    let url = mirror.appending(path: file.name)
    var attempt = 0
    while true {
      attempt += 1
      if part.byteCount > file.byteCount { part.clear() }
      let start = part.byteCount
      if start < file.byteCount {
        do {
          try await Download.run(file, from: url, part: part, timeout: timeout, progress: progress)
        } catch let error as FetchError {
          switch error.kind {
          case .interrupted where part.byteCount > start && attempt < Self.attempts: continue
          case .wrongContent:
            part.clear()
            // The beginning came from elsewhere and may be to blame.
            if start > 0, attempt < Self.attempts { continue }
            throw error
          default: throw error
          }
        }
        guard part.byteCount >= file.byteCount else {
          // A server that does not announce the length can end early without an error.
          if part.byteCount > start, attempt < Self.attempts { continue }
          throw FetchError(
            kind: .interrupted, file: file.name,
            reason: "ended after \(part.byteCount) of \(file.byteCount) bytes")
        }
      }
      let digest = try part.sha256()
      if digest == file.sha256 { return try part.finish() }
      part.clear()
      if start == 0 || attempt >= Self.attempts {
        throw FetchError(
          kind: .wrongContent, file: file.name,
          reason: "sent another file: its SHA-256 is \(digest), and \(file.sha256) was expected")
      }
    }
  }
}
