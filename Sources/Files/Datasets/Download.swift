import Foundation
import Synchronization

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// One request for one file, or for the rest of it.
///
/// The bytes go to the file as they arrive; a file larger than expected is given up at once.
final class Download: NSObject, URLSessionDataDelegate, Sendable {
  private struct State {
    var continuation: CheckedContinuation<Void, any Error>?
    var failure: FetchError?
    /// Whether the answer was acceptable, so that its bytes belong to the file.
    var isAccepted = false
  }

  private let file: RemoteFile
  private let part: PartialFile
  private let offset: Int
  private let progress: @Sendable (Int) -> Void
  private let state = Mutex(State())

  private init(_ file: RemoteFile, part: PartialFile, progress: @escaping @Sendable (Int) -> Void) {
    self.file = file
    self.part = part
    self.progress = progress
    offset = part.byteCount
  }

  /// Asks for what is missing of the file and adds it.
  ///
  /// - Parameter progress: Called with the number of bytes that are there.
  /// - Throws: ``FetchError``.
  static func run(
    _ file: RemoteFile, from url: URL, part: PartialFile, timeout: Double,
    progress: @escaping @Sendable (Int) -> Void
  ) async throws {
    let download = Download(file, part: part, progress: progress)
    let configuration = URLSessionConfiguration.ephemeral
    configuration.timeoutIntervalForRequest = timeout
    configuration.urlCache = nil
    let session = URLSession(configuration: configuration, delegate: download, delegateQueue: nil)
    // Sessions keep their delegates until then.
    defer { session.finishTasksAndInvalidate() }
    var request = URLRequest(url: url)
    // The files are compressed already, and a range counts bytes of the file as it is stored.
    request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
    if download.offset > 0 { request.setValue("bytes=\(download.offset)-", forHTTPHeaderField: "Range") }
    let task = session.dataTask(with: request)
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let isCancelled = download.state.withLock { state in
          state.continuation = continuation
          return state.failure != nil
        }
        if isCancelled { download.finish() } else { task.resume() }
      }
    } onCancel: {
      download.fail(FetchError(kind: .cancelled, file: file.name, reason: "was cancelled"))
      // Not left to the session, which does not tell about every task that is cancelled before it started.
      download.finish()
      task.cancel()
    }
  }

  /// The first failure is the one that counts.
  private func fail(_ failure: FetchError) {
    state.withLock { $0.failure = $0.failure ?? failure }
  }

  private var isOpen: Bool { state.withLock { $0.isAccepted && $0.failure == nil } }

  // MARK: - URLSessionDataDelegate

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
  ) {
    if let failure = judge(response) {
      fail(failure)
      completionHandler(.cancel)
      return
    }
    state.withLock { $0.isAccepted = true }
    completionHandler(.allow)
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    guard isOpen else { return }
    do throws(FetchError) {
      guard part.byteCount + data.count <= file.byteCount else {
        throw FetchError(
          kind: .wrongContent, file: file.name, reason: "is longer than the \(file.byteCount) bytes it should have")
      }
      try part.append(data)
      progress(part.byteCount)
    } catch {
      fail(error)
      dataTask.cancel()
    }
  }

  func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
    if let error {
      fail(
        FetchError(
          kind: isOpen ? .interrupted : .unreachable, file: file.name,
          reason: isOpen
            ? "ended after \(part.byteCount) of \(file.byteCount) bytes (\(error.localizedDescription))"
            : "no server answered (\(error.localizedDescription))"))
    } else if !state.withLock({ $0.isAccepted }) {
      fail(FetchError(kind: .unreachable, file: file.name, reason: "no server answered"))
    }
    finish()
  }

  /// Wakes whoever waits, once.
  private func finish() {
    let (continuation, failure) = state.withLock { state in
      defer { state.continuation = nil }
      return (state.continuation, state.failure)
    }
    continuation?.resume(with: failure.map { .failure($0) } ?? .success(()))
  }

  /// Why an answer is of no use; nil when its body belongs to the file.
  private func judge(_ response: URLResponse) -> FetchError? {
    guard let response = response as? HTTPURLResponse else {
      return FetchError(kind: .unreachable, file: file.name, reason: "the answer was not HTTP")
    }
    switch response.statusCode {
    case 206 where offset > 0:
      let range = response.value(forHTTPHeaderField: "Content-Range") ?? ""
      guard range.hasPrefix("bytes \(offset)-") else {
        return FetchError(kind: .wrongContent, file: file.name, reason: "the server sent another range than asked for")
      }
      return nil
    case 200:
      // A server that ignores ranges sends the file from its beginning.
      part.clear()
      return nil
    default:
      return FetchError(
        kind: .refused(status: response.statusCode), file: file.name,
        reason: "the server answered \(response.statusCode)"
      )
    }
  }
}
