import ComputeKernels
import Foundation
import Reporting
import Shell

/// Where the result of an evaluation goes, and in which form.
struct ResultOutput {
  private let request: EvaluationRequest

  init(_ request: EvaluationRequest) { self.request = request }

  /// What cannot be written is said before the work, not after it.
  func check() throws {
    var inputs = [request.data].compactMap(\.self)
    if case .file(let path) = request.source { inputs.append(path) }
    var outputs: [String] = []
    for (path, needsFile) in [(request.output, false), (request.saveAdversarial, true)] {
      guard let path else { continue }
      try OutputPlace.check(path, needsFile: needsFile)
      let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
      guard !inputs.contains(where: { URL(fileURLWithPath: $0).resolvingSymlinksInPath().path == target }) else {
        throw UsageError("\(path) is read in this run: give the result another name")
      }
      guard !outputs.contains(target) else {
        throw UsageError("--output and --save-adversarial both name \(path)")
      }
      outputs.append(target)
    }
  }

  /// Writes the inputs that attacks returned, and the result.
  func write(_ result: EvaluationResult) throws {
    if let path = request.saveAdversarial { try AdversarialFile.write(result, to: path) }
    let text =
      switch request.format {
      case .table: result.table + kernelNote
      case .json: result.json.pretty + "\n"
      case .csv: result.csv
      }
    guard let path = request.output else { return try StandardOutput.write(text) }
    do {
      try AtomicFile.replace(path, with: text.utf8)
    } catch {
      throw OutputError("\(path) cannot be written: \(error)")
    }
  }

  /// Said only where it matters: without oneDNN.
  private var kernelNote: String {
    KernelLibrary.preferred == .portable ? "(\(KernelLibrary.preferredDescription))\n" : ""
  }
}
