import ArgumentParser
import PosteriorFiles
import Shell

/// `posterior export-python-example`
struct ExportPythonExample: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print a Python program that writes a posterior file with h5py.",
    discussion: "posterior export-python-example > write_posterior.py && python write_posterior.py example.h5")

  func run() throws { try StandardOutput.write(PythonExample.source) }
}
