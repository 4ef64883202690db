public import Foundation

/// Files under `Fixtures`, found from this source file, so that tests run from any folder.
public enum Fixtures {
  /// The package's root folder.
  public static let packageRoot = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The file or folder at `path` below `Fixtures`, for instance `oracles/diagnostics.h5`.
  public static func url(_ path: String) -> URL {
    packageRoot.appending(path: "Fixtures").appending(path: path)
  }
}
