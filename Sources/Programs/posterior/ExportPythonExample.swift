import ArgumentParser
import PosteriorFiles
import Shell

/// `posterior export-python-example`
struct ExportPythonExample: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print a Python program that writes a posterior file, or what `posterior import` reads.",
    discussion: """
      posterior export-python-example > write_posterior.py && python write_posterior.py example.h5
      posterior export-python-example --framework torch > export_posterior.py

      Without --framework, a program that writes a posterior file with h5py. With it, a module to import beside your own \
      networks: it writes their graph, the draws, examples and what your program answers to them, and prints the command \
      of `posterior import` that follows.
      """)

  @Option(
    help: ArgumentHelp(
      "Your framework: \(Self.frameworks). Each module begins with the lines that call it.", valueName: "name"),
    completion: .list(PythonExport.allCases.map(\.rawValue)),
    transform: { word in
      guard let framework = PythonExport(rawValue: word) else {
        let suggestion = Suggestion.didYouMean(word, among: PythonExport.allCases.map(\.rawValue))
        throw ValidationError("there is no module for '\(word)'.\(suggestion) There are \(Self.frameworks)")
      }
      return framework
    })
  var framework: PythonExport?

  private static let frameworks = PythonExport.allCases.map(\.rawValue).joined(separator: ", ")

  @Flag(help: "A residual network with batch normalisation, most of it shared by all draws.")
  var graph = false

  func validate() throws {
    if graph, framework != nil {
      throw ValidationError("--graph is an example with h5py, which --framework is not: give one of them")
    }
  }

  func run() throws {
    try StandardOutput.write(framework?.source ?? (graph ? PythonExample.graph : PythonExample.source))
  }
}
