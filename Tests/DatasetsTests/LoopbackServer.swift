import Dispatch
import Foundation
import Synchronization

/// A small HTTP server on 127.0.0.1 that answers as a test wants, one request after the other.
final class LoopbackServer: Sendable {
  /// What a client asked for.
  struct Request: Sendable, Hashable {
    /// The path, with its slash.
    var path: String
    /// The first byte asked for; nil for the whole.
    var start: Int?
  }

  /// What the server does.
  struct Answer: Sendable {
    var status = 200
    var headers: [String] = []
    /// What `Content-Length` says; nil to leave it away.
    var announced: Int?
    /// What is sent before the connection is closed.
    var body: [UInt8] = []
    /// How many pieces the body is sent in, with a second between them.
    var pieces = 1
    /// Seconds to wait before the connection is closed.
    var pause = 0.0

    /// All of `body`, or the part that was asked for.
    static func file(_ body: [UInt8], _ request: Request) -> Answer {
      guard let start = request.start else { return Answer(announced: body.count, body: body) }
      return Answer(
        status: 206, headers: ["Content-Range: bytes \(start)-\(body.count - 1)/\(body.count)"],
        announced: body.count - start, body: Array(body[start...]))
    }

    /// The same, broken off after so many bytes.
    func cut(after count: Int) -> Answer {
      var answer = self
      answer.body = Array(body.prefix(count))
      return answer
    }
  }

  private let listener: Int32
  private let isStopped = Atomic(false)
  private let log = Mutex<[Request]>([])
  private let closed = DispatchSemaphore(value: 0)
  private let port: UInt16
  /// The server's root folder.
  var url: URL { URL(string: "http://127.0.0.1:\(port)")! }

  /// Every request so far, in order.
  var requests: [Request] { log.withLock { $0 } }

  /// Starts the server; `answer` gets each request and how many came before it.
  init(_ answer: @escaping @Sendable (Request, Int) -> Answer) throws {
    let listener = Self.openSocket()
    var address = Self.address(port: 0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &size) == 0
      }
    }
    guard isListening else { throw POSIXError(.EADDRNOTAVAIL) }
    self.listener = listener
    port = UInt16(bigEndian: address.sin_port)
    // Holds the server: it answers until it is stopped or the tests end, even when the test itself no longer names it.
    Thread.detachNewThread { self.run(answer) }
  }

  /// Returns once nobody listens at the address any more.
  func stop() {
    isStopped.store(true, ordering: .sequentiallyConsistent)
    // Wakes the thread; closing the socket here could close that of another server, which got its number meanwhile.
    let connection = Self.openSocket()
    var address = Self.address(port: port)
    _ = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    close(connection)
    closed.wait()
  }

  private func run(_ answer: (Request, Int) -> Answer) {
    while true {
      let connection = accept(listener, nil, nil)
      if connection < 0, errno == EINTR || errno == ECONNABORTED { continue }
      guard connection >= 0 else { break }
      let isLast = isStopped.load(ordering: .sequentiallyConsistent)
      if !isLast { serve(connection, answer) }
      close(connection)
      if isLast { break }
    }
    close(listener)
    closed.signal()
  }

  private static func openSocket() -> Int32 {
    #if canImport(Darwin)
    socket(AF_INET, SOCK_STREAM, 0)
    #else
    socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #endif
  }

  private static func address(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return address
  }

  private func serve(_ connection: Int32, _ answer: (Request, Int) -> Answer) {
    guard let request = Self.receive(connection) else { return }
    let number = log.withLock { log in
      log.append(request)
      return log.count - 1
    }
    let answer = answer(request, number)
    let length = answer.announced.map { ["Content-Length: \($0)"] } ?? []
    let lines = ["HTTP/1.1 \(answer.status) Answer"] + answer.headers + length + ["Connection: close", "", ""]
    Self.send(connection, Array(lines.joined(separator: "\r\n").utf8))
    let size = (answer.body.count - 1) / answer.pieces + 1
    for piece in 0..<answer.pieces {
      if piece > 0 { Thread.sleep(forTimeInterval: 1) }
      Self.send(connection, Array(answer.body.dropFirst(piece * size).prefix(size)))
    }
    if answer.pause > 0 { Thread.sleep(forTimeInterval: answer.pause) }
  }

  private static func receive(_ connection: Int32) -> Request? {
    var text = ""
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !text.contains("\r\n\r\n") {
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      text += String(decoding: buffer[..<count], as: UTF8.self)
    }
    let lines = text.components(separatedBy: "\r\n")
    let range = lines.first { $0.lowercased().hasPrefix("range: bytes=") }
    let words = lines[0].split(separator: " ")
    guard words.count > 1 else { return nil }
    return Request(
      path: String(words[1]), start: range.flatMap { Int($0.dropFirst("range: bytes=".count).dropLast()) })
  }

  private static func send(_ connection: Int32, _ bytes: [UInt8]) {
    #if canImport(Darwin)
    let flags: Int32 = 0
    var yes: Int32 = 1
    setsockopt(connection, SOL_SOCKET, SO_NOSIGPIPE, &yes, socklen_t(MemoryLayout<Int32>.size))
    #else
    // A client that has gone must not end the tests.
    let flags = Int32(MSG_NOSIGNAL)
    #endif
    bytes.withUnsafeBytes { buffer in
      var sent = 0
      while sent < buffer.count {
        #if canImport(Darwin)
        let count = Darwin.send(connection, buffer.baseAddress! + sent, buffer.count - sent, flags)
        #else
        let count = Glibc.send(connection, buffer.baseAddress! + sent, buffer.count - sent, flags)
        #endif
        guard count > 0 else { return }
        sent += count
      }
    }
  }
}
