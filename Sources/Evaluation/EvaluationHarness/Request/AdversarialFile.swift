import HDF5
import RobustnessCore
import Shell

/// The inputs that attacks returned, as an HDF5 file: `/inputs` as they were given, `/labels`, and for each run a group
/// `/runs/<number>` with `inputs` and its attributes.
package enum AdversarialFile {
  /// Writes the file; it has its name when it is complete.
  ///
  /// - Throws: an error of exit code 70 that names the file.
  package static func write(_ result: EvaluationResult, to path: String) throws {
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
    try file.setDigests(of: result)
    try write(result.inputs, to: "/inputs", in: file)
    let labels = try file.createDataset(
      "/labels", element: .int64, shape: [result.labels.count], chunk: [result.labels.count])
    try labels.writeAll(result.labels.map(Int64.init))
    try file.createGroup("/runs")
    for (number, run) in result.runs.enumerated() {
      let group = "/runs/\(number)"
      try file.createGroup(group)
      try write(run.adversarialInputs, to: "\(group)/inputs", in: file)
      try file.setAttributes(of: run, group: group)
    }
    try file.flush()
  }

  /// In double: rounded, a point could leave the ball, or be judged differently when it is read again.
  private static func write(_ inputs: Tensor, to path: String, in file: HDF5File) throws {
    // Chunks of some 64 KiB; clipped pixels repeat, so that compression leaves a fraction of them.
    let rows = max(1, min(inputs.rowCount, (1 << 16) / (8 * max(1, inputs.rowSize))))
    let dataset = try file.createDataset(
      path, element: .float64, shape: inputs.shape, chunk: [rows] + inputs.shape.dropFirst(), isCompressed: true)
    try dataset.writeAll(inputs.elements)
  }
}
