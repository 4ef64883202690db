import ArgumentParser
import Foundation
import NeuralNetworks
import PosteriorFiles
import Shell

/// `posterior inspect FILE`
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Print what a posterior file holds.")

  @Argument(help: "The posterior file.", completion: .file(extensions: ["h5"]))
  var file: String

  @Flag(help: "Read a file whose content is not that of its digests all the same.")
  var acceptChanged = false

  func run() throws {
    let posterior = try PosteriorFile.open(file, acceptChanged: acceptChanged, probe: .currentProgram)
    var rows: [(String, String)] = []
    let descriptions = posterior.labelledDescriptions
    rows += descriptions.filter { $0.label == "title" }
    rows.append(("kind", posterior.kind?.rawValue ?? "not stated"))
    rows.append(("architecture", posterior.architecture.summary))
    rows.append(("parameters", "\(posterior.architecture.parameterCount)"))
    rows.append(("draws", "\(posterior.chainCount) chains × \(posterior.drawsPerChain) draws"))
    rows.append(("distinct draws", "\(posterior.distinctDrawCount) of \(posterior.drawCount)"))
    rows.append(("input bounds", "\(posterior.inputBounds.lowerBound) to \(posterior.inputBounds.upperBound)"))
    if let shape = posterior.evaluationShape {
      let input = shape.dropFirst().map(String.init).joined(separator: " × ")
      rows.append(("evaluation data", "\(shape[0]) examples of \(input), \(posterior.architecture.classCount) classes"))
    } else {
      rows.append(("evaluation data", "none"))
    }
    if let reference = posterior.referenceSummary { rows.append(("reference answers", reference)) }
    rows.append(("posterior SHA-256", posterior.posteriorSHA256))
    if let digest = posterior.dataSHA256 { rows.append(("data SHA-256", digest)) }
    rows.append(("content SHA-256", posterior.contentSHA256))
    rows.append(("integrity", Self.words(posterior.integrity)))
    rows.append(("format", posterior.formatVersion))
    rows += descriptions.filter { $0.label != "title" }
    for (name, value) in posterior.provenance.sorted(by: { $0.key < $1.key }) where name != "kind" {
      rows.append((Self.printable(name), value))
    }
    let width = rows.map(\.0.count).max() ?? 0
    let lines = rows.map { name, value in
      "  " + name.padding(toLength: width, withPad: " ", startingAt: 0) + "  " + Self.printable(value)
    }
    try StandardOutput.print(([posterior.fileName] + lines).joined(separator: "\n"))
  }

  private static func words(_ integrity: PosteriorIntegrity) -> String {
    switch integrity {
    case .verified: "verified: the content is that of the digests"
    case .unsigned: "unsigned: the file holds no content_sha256"
    case .changed: "CHANGED: the content is not that of the digests"
    }
  }

  /// Text from a file must not steer the terminal, nor fill it.
  private static func printable(_ text: String) -> String {
    let clean = PrintedText.line(text)
    return clean.count > 300 ? clean.prefix(300) + " …" : clean
  }
}
