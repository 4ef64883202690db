import ComputeKernels
import Foundation
import NeuralNetworks

/// Measures what the performance table states. `Tests/Benchmarks/run.py` runs it beside PyTorch.
///
/// `benchmarks [ROW …] [--repetitions n] [--threads n] [--json]`; `benchmarks --rows` lists the rows of this machine,
/// `benchmarks --machine` says what it runs on.
@main
struct Benchmarks {
  /// Every attack in every precision that this machine has, and the other work.
  static let rows =
    ["packed"] + attacks.map(\.row) + [
      "conv-float32", "gradient-float32", "gradient-bfloat16", "hmc-float32", "conv-training-float32",
      "hmc-paper-float32", CertificateWork.row,
    ]

  private static let attacks = AttackWork.list.works.flatMap { work in
    work.possiblePrecisions.map { (row: "pgd-\(work.name)-\($0)", work: work, precision: $0) }
  }

  var chosen: [String] = []
  var repetitions = 3
  var threads = ProcessorAllowance.current.threads
  var isJSON = false

  static func main() throws {
    if let fault = KernelLibrary.namedLibraryFault {
      FileHandle.standardError.write(Data("error: \(fault)\n".utf8))
      exit(64)
    }
    var arguments = CommandLine.arguments.dropFirst()
    var program = Benchmarks()
    while let argument = arguments.popFirst() {
      switch argument {
      case "--json": program.isJSON = true
      case "--rows":
        print(rows.joined(separator: "\n"))
        exit(0)
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
    if chosen.contains("packed") { for precision in precisions { try packed(precision) } }
    for (row, work, precision) in Self.attacks where chosen.contains(row) {
      show(
        try PredictiveAttack(work: work, precision: precision, threads: threads, repetitions: repetitions).measure())
    }
    if chosen.contains("conv-float32") {
      // Some milliseconds each: many of them.
      show(
        try ConvolutionGradient(precision: .float32, threads: threads, repetitions: 10 * repetitions).measure())
    }
    if chosen.contains(CertificateWork.row) {
      show(try CertificateWork(threads: threads, repetitions: repetitions).measure())
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

  private func packed(_ precision: Precision) throws {
    let products = PackedProducts(precision: precision, workers: threads, repetitions: 2 * repetitions)
    let (lines, composite) = try products.measure()
    lines.forEach(show)
    if !isJSON { print(String(format: "packed-\(precision), all six: %.0f GFLOP/s", composite)) }
  }

  private func show(_ measurement: Measurement) { print(isJSON ? measurement.json : measurement.text) }
}
