import ArgumentParser
import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
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
    if let exactness = posterior.exactness { rows.append(("exactness", exactness.rawValue)) }
    rows.append(("architecture", posterior.architecture.summary))
    rows.append(("parameters", "\(posterior.architecture.parameterCount)" + Self.shared(of: posterior)))
    rows.append(("draws", "\(posterior.chainCount) chains × \(posterior.drawsPerChain) draws"))
    rows.append(("distinct draws", "\(posterior.distinctDrawCount) of \(posterior.drawCount)"))
    let bounds = (posterior.boundsPerChannel ?? [posterior.inputBounds]).map { "\($0.lowerBound) to \($0.upperBound)" }
    rows.append(("input bounds", bounds.joined(separator: "; ") + (bounds.count > 1 ? ", by channel" : "")))
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
      if name == "exactness", posterior.exactness != nil { continue }
      rows.append((Self.printable(name), value))
    }
    let width = rows.map(\.0.count).max() ?? 0
    let lines = rows.map { name, value in
      "  " + name.padding(toLength: width, withPad: " ", startingAt: 0) + "  " + Self.printable(value)
    }
    try StandardOutput.print(([posterior.fileName] + lines).joined(separator: "\n"))
  }

  /// How many of the parameters all draws share.
  private static func shared(of posterior: PosteriorFile) -> String {
    guard !posterior.sharedParameters.isEmpty else { return "" }
    let parameters = posterior.architecture.parameters
    return ", \(posterior.sharedParameters.reduce(0) { $0 + parameters[$1].count }) of them shared by all draws"
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
