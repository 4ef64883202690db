public import Foundation

/// Makes a plugin: folder, source, README, test, and its lines in the manifest and the registry.
public struct Scaffold: Sendable {
  /// A file to write, with its path below the package's root.
  public struct File: Sendable, Hashable {
    /// Path below the package's root.
    public let path: String
    /// The whole new content.
    public let text: String
  }

  let root: URL
  let kind: PluginKind
  let name: PluginName

  /// A plugin of a kind in the package at `root`.
  ///
  /// - Throws: `ScaffoldError` for a name that cannot be, or that is in use.
  public init(_ kind: PluginKind, named name: String, in root: URL) throws {
    self.root = root
    self.kind = kind
    self.name = try PluginName(name)
  }

  /// Every file that is made or changed. Nothing is written yet.
  ///
  /// - Throws: `ScaffoldError` when the name is in use, or the package is not as expected.
  public func files() throws -> [File] {
    let manifest = try read("Package.swift")
    let registryPath = "Sources/Evaluation/BuiltInPlugins/Registry.swift"
    let registry = try read(registryPath)
    try NamesInUse(root: root, manifest: manifest).check(name)
    let template = Template(kind: kind, name: name)
    let folder = "Plugins/\(kind.folder)/\(name.type)"
    return [
      File(path: "\(folder)/\(name.type).swift", text: template.source()),
      File(path: "\(folder)/README.md", text: template.readme()),
      File(path: "\(kind.testFolder)/\(name.type)Tests.swift", text: template.test()),
      File(path: registryPath, text: try RegistryEdit.adding(name.type, conformingTo: kind.conformance, in: registry)),
      // Last: without it nothing else is built.
      File(path: "Package.swift", text: try ManifestEdit.adding(name.type, to: kind.manifestList, in: manifest)),
    ]
  }

  /// Writes every file, and says what was done and what comes next.
  ///
  /// - Throws: `ScaffoldError` as `files` does, or when a file cannot be written; then what was written is taken back.
  public func make() throws -> String {
    let files = try files()
    var undo: [() -> Void] = []
    do {
      for file in files {
        let url = root.appending(path: file.path)
        let folder = url.deletingLastPathComponent()
        if !FileManager.default.fileExists(atPath: folder.path) {
          try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
          undo.append { try? FileManager.default.removeItem(at: folder) }
        }
        let before = try? Data(contentsOf: url)
        undo.append {
          if let before { try? before.write(to: url) } else { try? FileManager.default.removeItem(at: url) }
        }
        try Data(file.text.utf8).write(to: url, options: .atomic)
      }
    } catch {
      for step in undo.reversed() { step() }
      throw ScaffoldError("\(error.localizedDescription) Nothing was changed")
    }
    return """
      The \(kind.rawValue) \(name.commandLine), a working example to change:
      \(files.map { "  " + $0.path }.joined(separator: "\n"))
      See it:   \(kind.listing)
      Test it:  swift test --filter \(name.type)
      Its README and its test describe the example: change them with it.

      """
  }

  private func read(_ path: String) throws -> String {
    do {
      return try String(contentsOf: root.appending(path: path), encoding: .utf8)
    } catch {
      throw ScaffoldError("\(path) cannot be read in \(root.path): run this in the package's folder")
    }
  }
}
