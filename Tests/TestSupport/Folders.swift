public import Foundation

/// Calls `body` with a folder of its own, and removes it.
public func withFolder<R>(_ body: (URL) throws -> R) throws -> R {
  let folder = try makeFolder()
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}

/// Calls `body`, which may wait, with a folder of its own, and removes it.
public func withFolder<R>(_ body: (URL) async throws -> R) async throws -> R {
  let folder = try makeFolder()
  defer { try? FileManager.default.removeItem(at: folder) }
  return try await body(folder)
}

/// A new folder for one test.
public func makeFolder() throws -> URL {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("robustness-test-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  return folder
}

/// The names in a folder in order, hidden ones included.
public func names(in folder: URL) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
}
