import ArgumentParser
import ComputeKernels
import RobustnessCore

/// The command line of `evaluate`.
struct EvaluateArguments: ParsableArguments {
  @Option(
    name: .customLong("attack"),
    help: ArgumentHelp(
      "An attack, with its options. Repeatable.",
      discussion:
        "For instance pgd, fgsm, or pgd:steps=40,restarts=5,norm=l2. Random noise always runs beside. Default: pgd.",
      valueName: "name[:option=value,…]"), completion: .custom { _, _, _ in PluginNames.attacks })
  var attacks: [String] = []

  @Option(help: ArgumentHelp("The posterior file (format 1.0).", valueName: "file"))
  var model: String?

  @Option(
    name: .customLong("epsilon"),
    help: ArgumentHelp(
      "Radius of the ball, in the units of the inputs. Repeatable. Default: 0.1 of the box's width.",
      valueName: "radius"))
  var epsilons: [Double] = []

  @Option(
    name: .customLong("objective"),
    help: ArgumentHelp(
      "The loss whose gradient is followed: \(Objective.allCases.map(\.rawValue).joined(separator: ", ")), or all. "
        + "Repeatable. Default: predictive.", valueName: "name"))
  var objectives: [String] = []

  @Option(
    help: ArgumentHelp("How outputs become a class: predictive, majority-vote, or draw:N.", valueName: "rule"))
  var decision = "predictive"

  @Option(
    name: .customLong("metric"), help: ArgumentHelp("A metric beside accuracy. Repeatable.", valueName: "name"),
    completion: .custom { _, _, _ in PluginNames.metrics })
  var metrics: [String] = []

  @Option(
    help: ArgumentHelp("Aim at a class instead of any error: a number, next, or least-likely.", valueName: "class"))
  var target: String?

  @Option(
    help: ArgumentHelp(
      "A file with other inputs and labels. Default: the posterior's own.",
      discussion:
        "Another posterior file, an HDF5 file with inputs and labels at its root, or out.h5#0: run 0 of what "
        + "--save-adversarial wrote.", valueName: "file"))
  var data: String?

  @Option(help: ArgumentHelp("Number of examples, from the first on. Default: all.", valueName: "count"))
  var examples: Int?

  @Option(help: ArgumentHelp("Number of draws, evenly spaced. Default: all.", valueName: "count"))
  var draws: Int?

  @Option(
    help: "Draws that the attack sees: same, disjoint:N (the others judge), or resampled:N (N new ones each query).")
  var attackDraws = "same"

  @Option(
    help: ArgumentHelp(
      "Fresh draws from the variational parameters in the file, in place of the stored ones.", valueName: "count"))
  var resample: Int?

  @Option(
    help: ArgumentHelp("log-domain, or naive-float32 to see what other tools would have reported.", valueName: "name"))
  var arithmetic = Arithmetic.logDomain.rawValue

  @Option(help: ArgumentHelp("Names all random streams.", valueName: "number"))
  var seed: UInt64 = 0

  @Option(
    help: ArgumentHelp("Worker threads; results do not depend on it. Default: one a core.", valueName: "count"))
  var threads: Int?

  @Option(
    help: """
      Precision of the gradients' products: float32, bfloat16 (decisions stay float32), float64 (portable kernels), or auto: float32, \
      and float64 where tanh or logistic layers are saturated or logits exceed some thousands.
      """)
  var precision = "auto"

  @Option(
    help: ArgumentHelp("Memory the process may take, for instance 400MB; draws are then streamed.", valueName: "size"))
  var memoryLimit: String?

  @Option(help: "What is printed: table, json or csv.")
  var format = ResultFormat.table

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Where the result goes. Default: standard output.", valueName: "file"))
  var output: String?

  @Option(help: ArgumentHelp("Write the inputs that the attacks returned to this HDF5 file.", valueName: "file"))
  var saveAdversarial: String?

  @Option(
    name: .customLong("plugin"),
    help: ArgumentHelp(
      "A shared library with attacks in C or a language like it. Repeatable.",
      discussion: "Its code runs with all your rights: see Docs/write-a-plugin-in-c.md.", valueName: "library"))
  var plugins: [String] = []

  @Flag(help: "Read a file whose content is not what its digest says all the same, and say so.")
  var acceptChanged = false

  @Flag(help: "List the attacks and their options.")
  var listAttacks = false

  @Flag(help: "List the metrics.")
  var listMetrics = false

  func validate() throws {
    guard listAttacks || listMetrics || model != nil else {
      throw ValidationError("Missing --model: which posterior file is to be evaluated?")
    }
    for (name, value) in [
      ("--examples", examples), ("--draws", draws), ("--threads", threads), ("--resample", resample),
    ] {
      if let value, value < 1 { throw ValidationError("\(name) must be at least 1, not \(value)") }
    }
    for epsilon in epsilons where !(epsilon.isFinite && epsilon >= 0) {
      throw ValidationError("--epsilon must be a number that is not negative, not \(epsilon)")
    }
  }
}

/// What `evaluate` prints.
enum ResultFormat: String, ExpressibleByArgument, CaseIterable {
  case table
  case json
  case csv
}

/// `400MB`, `2GB`, `1.5 GiB`, or bytes.
func byteCount(_ text: String) -> Int? {
  let units: [(String, Double)] = [
    ("gib", 1_073_741_824), ("mib", 1_048_576), ("kib", 1024), ("gb", 1e9), ("mb", 1e6), ("kb", 1e3), ("g", 1e9),
    ("m", 1e6), ("k", 1e3), ("b", 1), ("", 1),
  ]
  let lowered = text.lowercased().replacing(" ", with: "")
  for (unit, factor) in units where lowered.hasSuffix(unit) {
    guard let number = Double(lowered.dropLast(unit.count)), number.isFinite, number > 0, number * factor < 9e18 else {
      continue
    }
    return Int(number * factor)
  }
  return nil
}
