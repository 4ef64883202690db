import ComputeKernels
import Foundation
import NeuralNetworks

/// Measures what the performance table states. `Tests/Benchmarks/run.py` runs it beside PyTorch.
///
/// `benchmarks [ROW …] [--repetitions n] [--threads n] [--json]`, or `benchmarks --machine`, which says what it runs
/// on.
@main
struct Benchmarks {
  static let rows = [
    "packed", "pgd-float32", "pgd-bfloat16", "conv-float32", "resnet20-float32", "mobile-float32",
    "resnet20-last-layer-float32", "gradient-float32", "gradient-bfloat16", "hmc-float32",
    "conv-training-float32", "hmc-paper-float32",
  ]

  var chosen: [String] = []
  var repetitions = 3
  var threads = ProcessorAllowance.current.threads
  var isJSON = false

  static func main() throws {
    var arguments = CommandLine.arguments.dropFirst()
    var program = Benchmarks()
    while let argument = arguments.popFirst() {
      switch argument {
      case "--json": program.isJSON = true
      case "--machine":
        print(try Machine.lines().joined(separator: "\n"))
        exit(0)
      case "--repetitions": program.repetitions = arguments.popFirst().flatMap { Int($0) } ?? program.repetitions
      case "--threads": program.threads = arguments.popFirst().flatMap { Int($0) } ?? program.threads
      case let row where rows.contains(row): program.chosen.append(row)
      default:
        print("unknown argument \(argument); rows are \(rows.joined(separator: ", "))")
        exit(2)
      }
    }
    if program.chosen.isEmpty { program.chosen = rows }
    try program.run()
  }

  func run() throws {
    if isJSON {
      print("{\"library\": \"\(KernelLibrary.preferredDescription)\", \"threads\": \(threads)}")
    } else {
      print("\(KernelLibrary.preferredDescription), \(threads) threads")
    }
    if chosen.contains("packed") { for precision in precisions { _ = try packed(precision, prints: true) } }
    if chosen.contains("pgd-float32") { try attack(.float32) }
    if chosen.contains("pgd-bfloat16"), KernelLibrary.hasNativeBFloat16 { try attack(.bfloat16) }
    if chosen.contains("conv-float32") {
      // Some milliseconds each: many of them.
      show(
        try ConvolutionGradient(precision: .float32, threads: threads, repetitions: 10 * repetitions).measure())
    }
    for (name, isLastLayer) in [("resnet20", false), ("mobile", false), ("resnet20", true)]
    where chosen.contains("\(name)\(isLastLayer ? "-last-layer" : "")-float32") {
      show(
        try NetworkGradient(
          name: name, precision: .float32, threads: threads, repetitions: repetitions, isLastLayer: isLastLayer
        ).measure())
    }
    try train()
  }

  private func train() throws {
    for precision in precisions where chosen.contains("gradient-\(precision)") {
      let training = Training(precision: precision, threads: threads, repetitions: repetitions)
      let before = try training.gradientProducts()
      var measurement = try training.gradient()
      measurement.productSeconds = min(before, try training.gradientProducts())
      show(measurement)
    }
    let training = Training(precision: .float32, threads: threads, repetitions: repetitions)
    if chosen.contains("hmc-float32") { show(try training.transition()) }
    if chosen.contains("conv-training-float32") { show(try training.convolutionStep()) }
    if chosen.contains("hmc-paper-float32") { show(try training.paperTransition()) }
  }

  private var precisions: [Precision] { KernelLibrary.hasNativeBFloat16 ? [.float32, .bfloat16] : [.float32] }

  private func packed(_ precision: Precision, prints: Bool) throws -> Double {
    let products = PackedProducts(precision: precision, workers: threads, repetitions: 2 * repetitions)
    let (lines, composite) = try products.measure()
    if prints {
      lines.forEach(show)
      if !isJSON { print(String(format: "packed-\(precision), all six: %.0f GFLOP/s", composite)) }
    }
    return composite
  }

  /// The attack between two measurements of the packed products, of which the faster counts: the machine may be
  /// disturbed during one.
  ///
  /// The products of the attack are those of its gradients, and one pass forward in float32 that judges the end.
  private func attack(_ precision: Precision) throws {
    func rates() throws -> (gradients: Double, judgement: Double) {
      let judgement = try packed(.float32, prints: false)
      return (precision == .float32 ? judgement : try packed(precision, prints: false), judgement)
    }
    let before = try rates()
    var measurement = try PredictiveAttack(precision: precision, threads: threads, repetitions: repetitions).measure()
    let after = try rates()
    measurement.productSeconds =
      PredictiveAttack.operations / max(before.gradients, after.gradients) / 1e9
      + PredictiveAttack.passOperations / max(before.judgement, after.judgement) / 1e9
    show(measurement)
  }

  private func show(_ measurement: Measurement) { print(isJSON ? measurement.json : measurement.text) }
}
