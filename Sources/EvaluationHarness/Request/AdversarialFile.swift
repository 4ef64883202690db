import HDF5
import RobustnessCore
import Shell

/// The inputs that attacks returned, as an HDF5 file: `/labels`, and for each run a group `/runs/<number>` with
/// `inputs` and its attributes.
enum AdversarialFile {
  /// Writes the file; it has its name when it is complete.
  static func write(_ result: EvaluationResult, to path: String) throws {
    do {
      try AtomicFile.replace(path, durability: .none) { try fill($0, result) }
    } catch {
      throw OutputError("\(path) cannot be written: \((error as? HDF5Error)?.reason ?? "\(error)")")
    }
  }

  private static func fill(_ path: String, _ result: EvaluationResult) throws {
    let file = try HDF5File.create(path)
    try file.setAttribute("format", of: "/", to: "adversarial-inputs")
    try file.setAttribute("format_version", of: "/", to: "1.0")
    if let digest = result.posteriorSHA256 { try file.setAttribute("posterior_sha256", of: "/", to: digest) }
    if let digest = result.dataSHA256 { try file.setAttribute("data_sha256", of: "/", to: digest) }
    let labels = try file.createDataset(
      "/labels", element: .int64, shape: [result.labels.count], chunk: [result.labels.count])
    try labels.writeAll(result.labels.map(Int64.init))
    try file.createGroup("/runs")
    for (number, run) in result.runs.enumerated() {
      let group = "/runs/\(number)"
      try file.createGroup(group)
      let shape = run.adversarialInputs.shape
      // In double: rounded, a point could leave the ball, or be judged differently when it is read again.
      let inputs = try file.createDataset(
        "\(group)/inputs", element: .float64, shape: shape, chunk: [1] + shape.dropFirst())
      try inputs.writeAll(run.adversarialInputs.elements)
      try file.setAttribute("attack", of: group, to: run.attack)
      try file.setAttribute("objective", of: group, to: run.objective.rawValue)
      try file.setAttribute("norm", of: group, to: run.norm.rawValue)
      try file.setAttribute("epsilon", of: group, to: "\(run.epsilon)")
      let options = run.options.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
      try file.setAttribute("options", of: group, to: options)
    }
    try file.flush()
  }
}
