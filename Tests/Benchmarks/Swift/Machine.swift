import ComputeKernels
import Foundation
import NeuralNetworks
import RobustnessCore

/// What the numbers of a test run or a measurement came from: processor, instruction set, library, and the code that
/// the library chose for the sizes that the engines use.
enum Machine {
  /// Sizes that stand for the work of attacks and of training.
  private static let attacked: [(name: String, architecture: Architecture)] =
    AttackWork.list.works.filter { !$0.dropsFallen && !$0.isLastLayerDrawn }.map { ($0.name, try! $0.architecture()) }
    + [convolutional]
  private static let trained: [(name: String, architecture: Architecture)] = [
    ("784-512-512-10", try! Training.dense([512, 512])), ("784-32-10", try! Training.dense([32])), convolutional,
  ]
  private static let convolutional = ("convolutional, 32 and 512 filters", try! ConvolutionGradient.architecture())

  /// The lines that stand above a test run.
  static func lines() throws -> [String] {
    var lines = [
      "processor: \(Processor.name), \(ProcessorAllowance.current.description())",
      "kernels: \(KernelLibrary.preferredDescription)",
    ]
    for name in ["ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ROBUSTNESS_KERNELS", "ROBUSTNESS_ONEDNN"] {
      if let value = ProcessInfo.processInfo.environment[name] { lines.append("limited by \(name)=\(value)") }
    }
    return try lines + implementations()
  }

  /// One line for each kind of work, network and precision.
  static func implementations() throws -> [String] {
    try attacked.flatMap { name, architecture in
      try precisions.map { "attacks on \(name): \(summary(try attack(architecture, $0)))" }
    }
      + trained.flatMap { name, architecture in
        try precisions.map { "training of \(name): \(summary(try training(architecture, $0)))" }
      }
  }

  private static var precisions: [Precision] {
    KernelLibrary.preferred == .oneDNN && KernelLibrary.hasNativeBFloat16 ? [.float32, .bfloat16] : [.float32]
  }

  private static func attack(_ architecture: Architecture, _ precision: Precision) throws -> [KernelUse] {
    let draw = [Float](repeating: 0.01, count: architecture.parameterCount)
    return try NetworkEnsemble(
      InMemoryWeights(architecture: architecture, draws: [draw]), configuration: .init(precision: precision, threads: 1)
    ).kernelUses.filter { $0.precision == precision.rawValue }
  }

  private static func training(_ architecture: Architecture, _ precision: Precision) throws -> [KernelUse] {
    let examples = Training.examples(precision == .bfloat16 ? 5000 : 2500)
    return try BayesianNetwork(
      architecture: architecture, prior: GaussianPrior(.global(1), architecture: architecture), examples: examples,
      configuration: .init(precision: precision)
    ).kernelUses()
  }

  /// `float32, blocks of 250 and 32: forward brg:avx512_core; to-input brg:avx512_core`
  private static func summary(_ uses: [KernelUse]) -> String {
    func unique(_ values: [String]) -> [String] {
      values.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
    let rows = unique(uses.map { "\($0.rows)" }).joined(separator: " and ")
    let passes = [KernelUse.Pass.forward, .toInput, .toWeights].compactMap { pass -> String? in
      let names = unique(uses.filter { $0.pass == pass }.map(\.implementation))
      return names.isEmpty ? nil : "\(pass.rawValue) \(names.joined(separator: ", "))"
    }
    return "\(uses.first?.precision ?? ""), blocks of \(rows): \(passes.joined(separator: "; "))"
  }
}
