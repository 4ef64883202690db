import Foundation
import RobustnessCore

extension TrainingRequest {
  /// The `train` command that asks for the same, for people.
  ///
  /// - Parameter shown: What stands in the place of a value, for instance a path without its folder.
  public func command(showing shown: (_ value: String) -> String = { $0 }) -> String {
    var named = options.texts
    let beginning: String
    switch self.beginning {
    case .sampler(let name, let own):
      beginning = name
      named.merge(own) { $1 }
    case .journal(let output): beginning = "--resume \(Self.quoted(shown(output)))"
    }
    func text(_ name: String) -> String {
      switch named[name] {
      case "true"?: " --\(name)"
      case "false"?: " --no-\(name)"
      case let value?: " --\(name) \(Self.quoted(shown(value)))"
      case nil: ""
      }
    }
    let (first, last) = (["data", "data-folder"], ["threads", "output", "compress", "overwrite", "quiet"])
    let between = named.keys.filter { !first.contains($0) && !last.contains($0) }.sorted()
    return "train \(beginning)" + (first + between + last).map(text).joined()
  }

  /// The command line that goes into the file where the request was none: without what changes nothing of the result,
  /// and with the names of files only.
  var recordedCommandLine: String {
    guard case .sampler(let name, let own) = beginning else { return "train" }
    var named = options.texts.merging(own) { $1 }
    let data = named.removeValue(forKey: "data").map { [("data", $0)] } ?? []
    return Self.recordedCommandLine(sampler: name, data + named.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
  }

  /// The same of options in the order in which they were given.
  static func recordedCommandLine(sampler: String?, _ options: [(name: String, value: String)]) -> String {
    let recorded = options.filter { !RunOptions.unrecorded.contains($0.name) }.map { name, value in
      "--\(name) \(quoted(withoutFolders(name, value)))"
    }
    return (["train"] + (sampler.map { [$0] } ?? []) + recorded).joined(separator: " ")
  }

  /// Names of files stay; where they were does not matter, and may be nobody's business.
  static func withoutFolders(_ name: String, _ value: String) -> String {
    // What stands behind normalize:MEAN:SCALE/ is no file.
    guard ["data", "start", "architecture"].contains(name), value.contains("/"), !value.hasPrefix("{"),
      name != "architecture" || !value.hasPrefix("normalize:")
    else { return value }
    return URL(fileURLWithPath: value).lastPathComponent
  }

  private static func quoted(_ word: String) -> String {
    let isPlain = word.unicodeScalars.allSatisfy {
      $0.properties.isAlphabetic || "0123456789-_.,:=+/".unicodeScalars.contains($0)
    }
    return isPlain && !word.isEmpty ? word : "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
  }
}
