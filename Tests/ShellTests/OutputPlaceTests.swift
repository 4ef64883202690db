import Foundation
import Shell
import TestSupport
import Testing

@Suite(.inTurn) struct `What the name of an output leads to` {
  private func make(_ name: String, in folder: URL, _ text: String = "old") throws -> String {
    let path = folder.appending(path: name).path
    try Data(text.utf8).write(to: URL(filePath: path))
    return path
  }

  private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  private func kind(_ path: String) -> mode_t {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : 0
  }

  @Test func `a chain of links, relative and absolute, leads to the file at its end`() throws {
    try withFolder { folder in
      try FileManager.default.createDirectory(at: folder.appending(path: "inner"), withIntermediateDirectories: true)
      let target = try make("inner/target", in: folder)
      symlink("target", folder.appending(path: "inner/second").path)
      symlink(folder.appending(path: "inner/second").path, folder.appending(path: "first").path)
      symlink("inner", folder.appending(path: "alias").path)
      for name in ["first", "alias/second", "alias/target"] {
        let path = folder.appending(path: name).path
        try AtomicFile.replace(path, with: name.utf8)
        #expect(try text(target) == name)
      }
      #expect(kind(folder.appending(path: "first").path) == S_IFLNK)
      #expect(kind(folder.appending(path: "inner/second").path) == S_IFLNK)
      #expect(try names(in: folder.appending(path: "inner")) == ["second", "target"])
    }
  }

  @Test func `a link to nothing makes the file that it names`() throws {
    try withFolder { folder in
      symlink("new", folder.appending(path: "link").path)
      try AtomicFile.replace(folder.appending(path: "link").path, with: "text".utf8)
      #expect(try text(folder.appending(path: "new").path) == "text")
      #expect(kind(folder.appending(path: "link").path) == S_IFLNK)
    }
  }

  @Test func `links in a circle are an error in the system's words`() throws {
    try withFolder { folder in
      symlink("b", folder.appending(path: "a").path)
      symlink("a", folder.appending(path: "b").path)
      #expect(throws: SystemError(code: ELOOP)) { try OutputPlace(folder.appending(path: "a").path) }
      let error = #expect(throws: OutputError.self) { try OutputPlace.check(folder.appending(path: "a").path) }
      #expect(error?.description.contains("Too many levels of symbolic links") == true)
    }
  }

  @Test func `text goes through a pipe, which stays a pipe`() throws {
    try withFolder { folder in
      let path = folder.appending(path: "pipe").path
      #expect(mkfifo(path, 0o600) == 0)
      let reader = open(path, O_RDONLY | O_NONBLOCK)
      defer { close(reader) }
      try OutputPlace.check(path)
      try AtomicFile.replace(path, with: "through".utf8)
      var buffer = [UInt8](repeating: 0, count: 20)
      #expect(read(reader, &buffer, 20) == 7)
      #expect(String(decoding: buffer.prefix(7), as: UTF8.self) == "through")
      #expect(kind(path) == S_IFIFO)
      #expect(try names(in: folder) == ["pipe"])
    }
  }

  @Test func `a device is written into, and a link to it as well`() throws {
    try withFolder { folder in
      let link = folder.appending(path: "link").path
      symlink("/dev/null", link)
      #expect(try OutputPlace(link) == .stream("/dev/null", .device))
      try AtomicFile.replace(link, with: "gone".utf8)
      #expect(kind("/dev/null") == S_IFCHR)
      #expect(kind(link) == S_IFLNK)
      #expect(throws: OutputError.self) { try OutputPlace.requireFile(link) }
      #expect(throws: SystemError(code: ESPIPE)) { try AtomicFile.replace(link) { _ in } }
    }
  }

  @Test func `a path that stands for a descriptor is written to it, where the descriptor is`() throws {
    try withFolder { folder in
      let path = try make("log", in: folder, "")
      let descriptor = open(path, O_WRONLY)
      defer { close(descriptor) }
      for text in ["first ", "second"] { try AtomicFile.replace("/dev/fd/\(descriptor)", with: text.utf8) }
      #expect(try text(path) == "first second")
      #expect(try OutputPlace("/dev/fd/\(descriptor)") == .descriptor(descriptor))
      #expect(try OutputPlace("/dev/stdout") == .descriptor(1))
      let reading = open(path, O_RDONLY)
      defer { close(reading) }
      #expect(throws: OutputError.self) { try OutputPlace.check("/dev/fd/\(reading)") }
    }
  }

  @Test func `folders, sockets and empty names are refused in words`() throws {
    try withFolder { folder in
      func sentence(_ path: String, needsFile: Bool = false) -> String {
        do throws(OutputError) {
          try OutputPlace.check(path, needsFile: needsFile)
          return ""
        } catch {
          return error.description
        }
      }
      #expect(sentence(folder.path) == "\(folder.path) cannot be written: it is a folder")
      #expect(sentence("") == "an output has an empty name: give the name of a file")
      #expect(
        sentence("/dev/null", needsFile: true)
          == "/dev/null cannot be written: it is a device, and HDF5 needs a regular file")
      #expect(sentence("/dev/null").isEmpty)
      #expect(sentence(folder.appending(path: "new").path, needsFile: true).isEmpty)
      let socketPath = folder.appending(path: "s").path
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socketPath.utf8.prefix($0.count - 1)) }
      #if os(Linux)
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      #else
      let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
      #endif
      defer { close(descriptor) }
      let isBound = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
        }
      }
      guard isBound else { return }
      #expect(sentence(socketPath) == "\(socketPath) cannot be written: it is a socket")
      #expect(kind(socketPath) == S_IFSOCK)
    }
  }
}
