import ArgumentParser
import Datasets
import Foundation
import Shell
import Synchronization

/// `datasets fetch NAME`
struct Fetch: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fetch the files of a data set from public mirrors.",
    discussion:
      "A transfer that broke off goes on where it stopped. The files go to a folder named after the data set, and are checked against the published SHA-256."
  )

  @Argument(help: "mnist, fashion-mnist, cifar10 or cifar100.")
  var name: String

  @OptionGroup var options: FolderOptions

  @Option(help: "A server's folder to try before the public ones, for instance on your own network.")
  var mirror: String?

  @Flag(help: "Try no other server than that of --mirror.")
  var onlyMirror = false

  func validate() throws {
    guard ImageDataset(rawValue: name) != nil else {
      let all = ImageDataset.allCases.map(\.rawValue)
      let names = all.dropLast().joined(separator: ", ") + " or " + (all.last ?? "")
      throw ValidationError("'\(name)' cannot be fetched; say \(names).")
    }
    if let mirror {
      guard let url = URL(string: mirror), ["http", "https"].contains(url.scheme), url.host() != nil else {
        throw ValidationError("'\(mirror)' is no http or https address.")
      }
    }
    guard mirror != nil || !onlyMirror else { throw ValidationError("--only-mirror needs --mirror.") }
  }

  func run() async throws {
    guard let dataset = ImageDataset(rawValue: name) else { return }
    let folder = "\(options.folders.target)/\(dataset.rawValue)"
    // The same content in files that were compressed anew is as good as the published files.
    if !dataset.publishedDigests.isEmpty, let present = try? dataset.load(from: DataFolders(given: folder)),
      [present.train, present.test].compactMap({ $0 }).allSatisfy(dataset.isComplete)
    {
      try StandardOutput.print("\(folder): complete")
      return
    }
    var fetcher = DatasetFetcher(dataset)
    if let url = mirror.flatMap({ URL(string: $0) }) { fetcher.mirrors = onlyMirror ? [url] : [url] + fetcher.mirrors }
    let line = ProgressPrinter()
    defer { line.end() }
    let fetched = try await fetcher.fetch(into: folder) { line.show($0) }
    line.end()
    let loaded = try dataset.load(from: DataFolders(given: folder))
    try StandardOutput.print(
      "\(folder): \(fetched.isEmpty ? "complete" : "fetched \(fetched.count == 1 ? "1 file" : "\(fetched.count) files")"), \(loaded.train.count) examples to train on, \(loaded.test?.count ?? 0) to test on"
    )
  }
}

/// One line on a terminal that says how far a file has come; nothing elsewhere.
final class ProgressPrinter: Sendable {
  private let shown = Mutex("")

  func show(_ progress: FetchProgress) {
    guard isatty(2) == 1 else { return }
    let text = "\(progress.file): \(100 * progress.received / max(1, progress.total)) %"
    shown.withLock { last in
      guard text != last else { return }
      try? FileHandle.standardError.write(contentsOf: Data("\r\u{1B}[K\(text)".utf8))
      last = text
    }
  }

  func end() {
    shown.withLock { last in
      if !last.isEmpty { try? FileHandle.standardError.write(contentsOf: Data("\r\u{1B}[K".utf8)) }
      last = ""
    }
  }
}
