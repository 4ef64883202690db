import Foundation
import RobustnessCore
import Shell

/// A folder of result files: each is there whole or not at all.
public struct ResultFolder: Sendable {
  let url: URL

  /// The folder, which is made where it is missing.
  ///
  /// - Throws: an error of exit code 70 when it cannot be made or written to.
  public init(_ path: String) throws {
    url = URL(filePath: path)
    try OutputFolder.make(path)
  }

  /// The finished result of that name, if it is there, whole, and about `subject` and the entry's attack.
  func finished(
    _ name: String, about subject: BenchmarkResult.Subject, of entry: BenchmarkSuite.Entry
  ) -> BenchmarkResult? {
    guard case .attack(let result)? = report(name) else { return nil }
    let isTheOne =
      result.subject == subject && result.attack.request == entry.attack && result.attack.objective == entry.objective
    return isTheOne ? result : nil
  }

  /// The same of a certificate.
  func finished(
    _ name: String, about subject: BenchmarkResult.Subject, ofCertificate request: String
  ) -> BenchmarkCertificate? {
    guard case .certificate(let certificate)? = report(name), certificate.subject == subject,
      certificate.request == request
    else { return nil }
    return certificate
  }

  private func report(_ name: String) -> BenchmarkReport? {
    (try? Data(contentsOf: url.appending(path: name))).flatMap { try? BenchmarkReport(checking: $0) }
  }

  /// Where the points of the result of that name are.
  func points(for name: String) -> String { url.appending(path: PointsFile.name(for: name)).path }

  /// Writes the file; it has its name when it is complete. Two programs may share the folder.
  func write(_ content: some Encodable, named name: String) throws {
    do {
      try AtomicFile.replace(
        url.appending(path: name).path, with: try BenchmarkReport.encoded(content), durability: .none)
    } catch {
      throw OutputError("\(url.path)/\(name) cannot be written: \(error)")
    }
  }

  /// The results in files and folders, in the order of their names. Files whose names begin with a point are left out.
  ///
  /// - Throws: an error of exit code 65 that names the file that is no result; those in folders are left out.
  public static func read(_ paths: [String]) throws -> [BenchmarkReport] {
    try readFiles(paths) { _, _ in }.map(\.report)
  }

  /// The same, each with the path of its file.
  ///
  /// - Parameter note: Is told, in a sentence, of each file in a folder that is no result: one stranger's file must not
  ///   keep the others out. A file that is named itself is an error; whether it says that it is a result, the second
  ///   argument tells.
  static func readFiles(
    _ paths: [String], note: (_ sentence: String, _ isDamaged: Bool) -> Void
  ) throws -> [(path: String, report: BenchmarkReport)] {
    var results: [(String, BenchmarkReport)] = []
    for path in paths {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
        throw BadDataError("\(path) does not exist")
      }
      var files = [path]
      if isFolder.boolValue {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        files = names.filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }.sorted().map { "\(path)/\($0)" }
        guard !files.isEmpty else { throw BadDataError("\(path) holds no results: files that end in .json") }
      }
      for file in files {
        do {
          results.append((file, try BenchmarkReport(checking: Data(contentsOf: URL(filePath: file)))))
        } catch {
          let problem =
            (error as? CoreError).map { "\(file) \(incompleteness(file) ?? "is no result of a benchmark: \($0)")" }
            ?? "\(file) cannot be read: \(SystemError.words(of: error))"
          guard isFolder.boolValue else { throw BadDataError(problem) }
          note("\(problem); it is left out", isMeantAsAResult(file))
        }
      }
    }
    return results
  }

  private static let empty = "is empty"

  /// What a file is where its end is missing; nil for one that is whole, or was never meant as JSON.
  private static func incompleteness(_ file: String) -> String? {
    guard let data = try? Data(contentsOf: URL(filePath: file)) else { return nil }
    let text = data.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
    if text.isEmpty { return empty }
    return text.first == UInt8(ascii: "{") && text.last != UInt8(ascii: "}") ? "is cut off" : nil
  }

  /// Whether a file that cannot be read as a result was one: it says so, has points beside it, or is empty. A stranger's
  /// file is nobody's claim.
  private static func isMeantAsAResult(_ file: String) -> Bool {
    if FileManager.default.fileExists(atPath: PointsFile.name(for: file)) || incompleteness(file) == empty {
      return true
    }
    guard let data = try? Data(contentsOf: URL(filePath: file)) else { return false }
    if let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] {
      return BenchmarkReport.formats.contains(object["format"] as? String ?? "")
    }
    // Cut off, or with a number that is none: the text still says it.
    return BenchmarkReport.formats.contains { data.range(of: Data("\"\($0)\"".utf8)) != nil }
  }
}
