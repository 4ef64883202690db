import Foundation
import TestSupport
import Testing

@testable import Shell

@Suite(.inTurn) struct `Files replaced in one piece` {
  private struct Refusal: Error {}

  private func inFolder(_ body: (String) throws -> Void) throws {
    try withFolder { try body($0.path) }
  }

  private func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  @Test(arguments: [AtomicFile.Durability.none, .content, .contentAndName])
  func `the new file has the name, and nothing else is left`(_ durability: AtomicFile.Durability) throws {
    try inFolder { folder in
      let path = folder + "/result"
      for content in ["first", "second, which is longer", ""] {
        try AtomicFile.replace(path, with: content.utf8, durability: durability)
        #expect(try text(path) == content)
        #expect(try names(folder) == ["result"])
      }
    }
  }

  @Test func `the old file stays while the new one is made`() throws {
    try inFolder { folder in
      let path = folder + "/result"
      try AtomicFile.replace(path, with: "old".utf8)
      try AtomicFile.replace(path) { temporary in
        try "new".write(toFile: temporary, atomically: false, encoding: .utf8)
        #expect(try text(path) == "old")
        #expect(
          URL(filePath: temporary).deletingLastPathComponent().lastPathComponent
            == URL(filePath: folder).lastPathComponent)
        #expect(URL(filePath: temporary).lastPathComponent.hasPrefix(".result."))
      } check: { temporary in
        let (new, old) = (try text(temporary), try text(path))
        #expect(new == "new")
        #expect(old == "old")
      }
      #expect(try text(path) == "new")
    }
  }

  @Test(arguments: [false, true]) func `the old file stays when the new one is no good`(_ failsInCheck: Bool) throws {
    try inFolder { folder in
      let path = folder + "/result"
      try AtomicFile.replace(path, with: "old".utf8)
      #expect(throws: Refusal.self) {
        try AtomicFile.replace(path) { temporary in
          try "half".write(toFile: temporary, atomically: false, encoding: .utf8)
          if !failsInCheck { throw Refusal() }
        } check: { _ in
          throw Refusal()
        }
      }
      #expect(try text(path) == "old")
      #expect(try names(folder) == ["result"])
    }
  }

  @Test func `a file that cannot be named leaves nothing behind`() throws {
    try inFolder { folder in
      let path = folder + "/result"
      try FileManager.default.createDirectory(atPath: path + "/inside", withIntermediateDirectories: true)
      #expect(throws: SystemError(code: EISDIR)) { try AtomicFile.replace(path, with: "text".utf8) }
      #expect(try names(folder) == ["result"])
    }
  }

  @Test func `a folder that is not there is said in the system's words`() throws {
    let error = #expect(throws: SystemError.self) {
      try AtomicFile.replace("/nowhere/at/all", with: "text".utf8)
    }
    #expect(error?.description == "No such file or directory")
  }

  @Test func `the hidden name can be chosen`() throws {
    try inFolder { folder in
      let path = folder + "/state"
      try AtomicFile.replace(path, temporary: path + ".new") { temporary in
        #expect(temporary == path + ".new")
        try "text".write(toFile: temporary, atomically: false, encoding: .utf8)
      }
      #expect(try names(folder) == ["state"])
    }
  }

  @Test func `who may read it is for the mask of the process to say`() throws {
    try inFolder { folder in
      try AtomicFile.replace(folder + "/mine", with: "text".utf8)
      try Data("text".utf8).write(to: URL(filePath: folder + "/plain"))
      let rights = try ["mine", "plain"].map {
        try FileManager.default.attributesOfItem(atPath: folder + "/" + $0)[.posixPermissions] as? Int
      }
      #expect(rights[0] != nil && rights[0] == rights[1])
    }
  }

  @Test func `an error at closing is not lost`() {
    #expect(throws: SystemError(code: EBADF)) { try AtomicFile.endWriting(to: -1) }
  }

  @Test func `a symbolic link is followed, and the file behind it replaced`() throws {
    try inFolder { folder in
      try AtomicFile.replace(folder + "/target", with: "old".utf8)
      try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: folder + "/target")
      try AtomicFile.replace(folder + "/link", with: "new".utf8)
      #expect(try text(folder + "/target") == "new")
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/link") == folder + "/target")
      #expect(try names(folder) == ["link", "target"])
    }
  }
}

@Suite(.inTurn) struct `Bytes for a descriptor` {
  @Test func `more than a pipe holds arrives whole`() throws {
    let pipe = Pipe()
    let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let descriptor = pipe.fileHandleForWriting.fileDescriptor
    let writer = Thread {
      try? bytes.withUnsafeBytes { try SystemError.writeAll($0, to: descriptor) }
      try? pipe.fileHandleForWriting.close()
    }
    writer.start()
    #expect(try pipe.fileHandleForReading.readToEnd() == Data(bytes))
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"))) func `a full disk is an error`() throws {
    let descriptor = open("/dev/full", O_WRONLY)
    defer { close(descriptor) }
    #expect(throws: SystemError(code: ENOSPC)) {
      try Array("text".utf8).withUnsafeBytes { try SystemError.writeAll($0, to: descriptor) }
    }
  }
}
