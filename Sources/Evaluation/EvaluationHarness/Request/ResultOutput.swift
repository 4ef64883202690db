import ComputeKernels
import Foundation
import NeuralNetworks
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
    var outputs: [(option: String, target: String)] = []
    let perExampleIsHDF5 = try request.perExample.map { try PerExampleFile.Form(of: $0) == .hdf5 } ?? false
    let all = [
      ("--output", request.output, false), ("--save-adversarial", request.saveAdversarial, true),
      ("--per-example", request.perExample, perExampleIsHDF5), ("--checkpoint", request.checkpoint, true),
    ]
    for (option, path, needsFile) in all {
      guard let path else { continue }
      try OutputPlace.check(path, needsFile: needsFile)
      let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
      guard !inputs.contains(where: { URL(fileURLWithPath: $0).resolvingSymlinksInPath().path == target }) else {
        throw UsageError("\(path) is read in this run: give the result another name")
      }
      if let other = outputs.first(where: { $0.target == target }) {
        throw UsageError("\(other.option) and \(option) both name \(path)")
      }
      outputs.append((option, target))
    }
  }

  /// Writes the inputs that attacks returned, what is known of every example, and the result.
  func write(_ result: EvaluationResult) throws {
    if let path = request.saveAdversarial { try AdversarialFile.write(result, to: path) }
    if let path = request.perExample { try PerExampleFile.write(result, to: path) }
    let text =
      switch request.format {
      case .table: result.table(computedWith: machine(result))
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

  /// The kernels, whose version moves last bits, and the threads.
  private func machine(_ result: EvaluationResult) -> String? {
    guard result.threads != nil else { return nil }
    let isExplained = KernelLibrary.preferred == .portable || !KernelLibrary.isRequestUnderstood
    // The instruction set stands behind the version, for programs.
    let kernels =
      isExplained
      ? KernelLibrary.preferredDescription : result.kernels?.split(separator: " (").first.map(String.init)
    let threads = ProcessorAllowance.current.description(asked: request.threads)
    return [kernels, threads].compactMap(\.self).joined(separator: " · ")
  }
}
