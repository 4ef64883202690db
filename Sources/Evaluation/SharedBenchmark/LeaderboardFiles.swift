import Foundation
import RobustnessCore
import Shell

/// Where a leaderboard goes: files, or standard output where there are none.
public struct LeaderboardFiles: Codable, Hashable, Sendable {
  /// The leaderboard as Markdown.
  public var markdown: String?
  /// As CSV, one row for each attack in each ball.
  public var csv: String?
  /// As one HTML page that needs no other file.
  public var html: String?

  /// Standard output.
  public init(markdown: String? = nil, csv: String? = nil, html: String? = nil) {
    self.markdown = markdown
    self.csv = csv
    self.html = html
  }

  /// Whether a file is named.
  var isAsked: Bool { markdown != nil || csv != nil || html != nil }

  /// What cannot be written is said before the work, not after it.
  ///
  /// - Parameter inputs: What is read: a table must not take its place.
  func check(besides inputs: [String] = []) throws {
    let files = [markdown, csv, html].compactMap(\.self)
    for path in files { try OutputPlace.check(path) }
    let places = files.map { URL(fileURLWithPath: $0).standardizedFileURL.path }
    guard Set(places).count == places.count else { throw UsageError("two tables have the same file") }
    func target(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }
    let read = Set(inputs.map(target))
    for path in files {
      let own = target(path)
      guard !read.contains(own), !read.contains((own as NSString).deletingLastPathComponent) || !own.hasSuffix(".json")
      else { throw UsageError("\(path) is read in this run: give the table another name") }
    }
  }

  /// Makes the leaderboard and writes it.
  func write(_ reports: [JudgedReport]) throws {
    do {
      try write(Leaderboard(reports))
    } catch let error as CoreError {
      throw BadDataError("\(error)")
    }
  }

  private func write(_ leaderboard: Leaderboard) throws {
    for (path, text) in [(markdown, leaderboard.markdown), (csv, leaderboard.csv), (html, leaderboard.html)] {
      guard let path else { continue }
      do {
        try AtomicFile.replace(path, with: text.utf8)
      } catch {
        throw OutputError("\(path) cannot be written: \(error)")
      }
    }
    if !isAsked { try StandardOutput.write(leaderboard.markdown) }
  }
}
