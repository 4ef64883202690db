import ArgumentParser
import PosteriorFiles
import Shell

/// `posterior export-python-example`
struct ExportPythonExample: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print a Python program that writes a posterior file with h5py.",
    discussion: "posterior export-python-example > write_posterior.py && python write_posterior.py example.h5")

  @Flag(help: "A residual network with batch normalisation, most of it shared by all draws.")
  var graph = false

  func run() throws { try StandardOutput.write(graph ? PythonExample.graph : PythonExample.source) }
}
