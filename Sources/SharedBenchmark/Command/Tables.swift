import ArgumentParser
import EvaluationHarness
import Foundation

/// Where a leaderboard goes.
struct Tables: ParsableArguments {
  @Option(help: ArgumentHelp("Write the leaderboard as Markdown. Default: standard output.", valueName: "file"))
  var markdown: String?

  @Option(help: ArgumentHelp("Write it as CSV, one row for each attack in each ball.", valueName: "file"))
  var csv: String?

  @Option(help: ArgumentHelp("Write it as one HTML page that needs no other file.", valueName: "file"))
  var html: String?

  /// What cannot be written is said before the work, not after it.
  func check() throws {
    let files = [markdown, csv, html].compactMap(\.self)
    for path in files {
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
      var isFolder: ObjCBool = false
      guard access(folder, W_OK) == 0 else {
        throw OutputError("\(path) cannot be written: the folder \(folder) does not exist or is read-only")
      }
      if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
        throw OutputError("\(path) cannot be written: it is a folder")
      }
    }
    let places = files.map { URL(fileURLWithPath: $0).standardizedFileURL.path }
    guard Set(places).count == places.count else { throw UsageError("two tables have the same file") }
  }

  func write(_ leaderboard: Leaderboard) throws {
    for (path, text) in [(markdown, leaderboard.markdown), (csv, leaderboard.csv), (html, leaderboard.html)] {
      guard let path else { continue }
      do {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
      } catch {
        throw OutputError("\(path) cannot be written: \(error.localizedDescription)")
      }
    }
    if markdown == nil, csv == nil, html == nil { try StandardOutput.write(leaderboard.markdown) }
  }
}
