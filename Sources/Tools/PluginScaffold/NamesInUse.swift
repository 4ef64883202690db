import Foundation

/// The names that a new plugin may not have, without regard to case: file systems and command lines may not tell it.
struct NamesInUse {
  let root: URL
  let manifest: String

  /// - Throws: `ScaffoldError` that says what has the name already.
  func check(_ name: PluginName) throws {
    let wanted = name.type.lowercased()
    if let target = quoted(manifest).first(where: { $0.lowercased() == wanted }) {
      throw ScaffoldError("'\(target)' is in Package.swift already\(note(target, name.type)): choose another name")
    }
    let folders = PluginKind.allCases.map { "Plugins/\($0.folder)" }
    for source in sources(folders + ["Sources/Core/RobustnessCore"]) {
      for line in source.text.split(separator: "\n") {
        if let type = declaredType(line), type.lowercased() == wanted {
          throw ScaffoldError("\(source.path) declares \(type) already\(note(type, name.type)): choose another name")
        }
        if let known = commandLineName(line), known.lowercased() == name.commandLine {
          throw ScaffoldError(
            "\(source.path) has the name '\(known)' already, which \(name.type) would get: choose another")
        }
      }
    }
    for folder in folders {
      if let taken = entries(folder).first(where: { $0.lowercased() == wanted }) {
        throw ScaffoldError("the folder \(folder)/\(taken) exists already: choose another name")
      }
    }
    for folder in Set(PluginKind.allCases.map(\.testFolder)).sorted() {
      if let taken = entries(folder).first(where: { $0.lowercased() == wanted + "tests.swift" }) {
        throw ScaffoldError("\(folder)/\(taken) exists already: choose another name")
      }
    }
  }

  private func note(_ existing: String, _ name: String) -> String {
    existing == name ? "" : ", which is \(name) but for the case of letters"
  }

  private func entries(_ folder: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)) ?? []
  }

  private func quoted(_ text: String) -> [String] {
    text.split(separator: "\n").flatMap { line in
      line.split(separator: "\"", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }
        .map { String($0.element) }
    }
  }

  private func sources(_ folders: [String]) -> [(path: String, text: String)] {
    folders.flatMap { folder in
      let files = FileManager.default.enumerator(atPath: root.appending(path: folder).path)?.allObjects ?? []
      return files.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.sorted().compactMap { file in
        let path = "\(folder)/\(file)"
        return (try? String(contentsOf: root.appending(path: path), encoding: .utf8)).map { (path, $0) }
      }
    }
  }

  /// The type of a line like `public struct X: Attack {`, at the top level of a file.
  private func declaredType(_ line: Substring) -> String? {
    guard line.first != " " else { return nil }
    let words = line.split { $0 == " " || $0 == ":" || $0 == "<" || $0 == "{" }
    let kinds: Set<Substring> = ["struct", "enum", "class", "actor", "protocol", "typealias"]
    guard let kind = words.firstIndex(where: kinds.contains), kind <= 2, kind + 1 < words.count else { return nil }
    return String(words[kind + 1])
  }

  /// The text of `static let name = "…"`.
  private func commandLineName(_ line: Substring) -> String? {
    guard line.contains("static let name = \"") else { return nil }
    return quoted(String(line)).first
  }
}
