import HDF5
import NeuralNetworks

extension Inspection {
  /// Names of the members of a group that are data sets.
  private func datasets(in group: String) -> [(name: String, dataset: HDF5Dataset)] {
    let prefix = group + "/"
    return structure.datasets
      .filter { $0.key.hasPrefix(prefix) && !$0.key.dropFirst(prefix.count).contains("/") }
      .map { (String($0.key.dropFirst(prefix.count)), $0.value) }
      .sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
  }

  private func checkNoGroups(in group: String) {
    for path in groups.sorted() where path.hasPrefix(group + "/") {
      report(path, "is a group; \(group) holds data sets only")
    }
  }

  /// Gives a data set its meaning if its type is acceptable and the file can hold it.
  @discardableResult
  func accept(_ dataset: HDF5Dataset, as role: DatasetRole, types: [ElementType]) -> Bool {
    guard case .number(let element) = dataset.type, types.contains(element) else {
      let refusal = TypeRefusal(dataset, role: role, types: types)
      report(dataset.path, refusal.reason, advice: refusal.advice)
      return false
    }
    guard let reason = Self.storageProblem(dataset, element, role: role, fileSize: byteCount) else {
      structure.roles[dataset.path] = role
      return true
    }
    report(dataset.path, reason)
    return false
  }

  // MARK: - Weights

  func checkPosterior() {
    guard checkGroup("/posterior", isRequired: true) else { return }
    checkNoGroups(in: "/posterior")
    let members = datasets(in: "/posterior")
    // Without an architecture nothing can be said about the weights.
    guard let architecture = structure.architecture else { return }
    let expected = Dictionary(uniqueKeysWithValues: architecture.parameters.map { ($0.name, $0) })
    for parameter in architecture.parameters {
      let path = "/posterior/\(parameter.name)"
      if let dataset = structure.datasets[path] {
        checkParameter(dataset, parameter)
      } else if !problems.contains(where: { $0.path == path || $0.path.hasPrefix(path + "/") }), !groups.contains(path)
      {
        report(path, "is missing; the architecture needs it with shape \(Self.shape(of: parameter))")
      }
    }
    for (name, dataset) in members where expected[name] == nil { checkDimension(dataset, name: name) }
    for (_, dataset) in members { checkReferences(dataset) }
  }

  private static func shape(of parameter: Architecture.Parameter) -> String {
    "(" + (["chains", "draws"] + parameter.shape.map(String.init)).joined(separator: ", ") + ")"
  }

  private func checkParameter(_ dataset: HDF5Dataset, _ parameter: Architecture.Parameter) {
    guard let shape = dataset.shape, shape.count == parameter.shape.count + 2,
      Array(shape.dropFirst(2)) == parameter.shape
    else {
      let found = dataset.shape.map(Self.tuple) ?? "of nothing"
      return report(dataset.path, "has shape \(found); the architecture needs \(Self.shape(of: parameter))")
    }
    guard shape[0] >= 1, shape[1] >= 1 else {
      return report(dataset.path, "has shape \(Self.tuple(shape)): it holds no draws")
    }
    if structure.chainCount == 0 {
      structure.chainCount = shape[0]
      structure.drawsPerChain = shape[1]
    }
    guard shape[0] == structure.chainCount, shape[1] == structure.drawsPerChain else {
      return report(
        dataset.path,
        "has \(shape[0]) chains of \(shape[1]) draws; the weights before it have \(structure.chainCount) of \(structure.drawsPerChain)"
      )
    }
    accept(dataset, as: .parameter, types: [.float32, .float64])
    checkAxes(dataset, .parameter(parameter))
  }

  /// In a group that xarray opens, a data set beyond the table can only be a dimension.
  private func checkDimension(_ dataset: HDF5Dataset, name: String) {
    let isScale = attempt { () throws(HDF5Error) in
      try file.attribute("CLASS", of: dataset.path)?.text == "DIMENSION_SCALE"
    }
    guard let isScale else { return }
    guard isScale, dataset.shape?.count == 1 else {
      return report(
        dataset.path, "is one too many: it is no parameter of the architecture, and no dimension scale",
        advice: "Remove it, or add its layer to the architecture")
    }
    guard name == "chain" || name == "draw" else {
      // Labels of a dimension may be anything: names of classes, for example. Only numbers can be covered by a digest.
      if case .number = dataset.type { accept(dataset, as: .dimension, types: ElementType.allCases) }
      return
    }
    // netCDF declares a dimension without coordinates so, of no length where it may grow.
    let label = attempt { () throws(HDF5Error) in try file.attribute("NAME", of: dataset.path)?.text } ?? nil
    if label?.hasPrefix("This is a netCDF dimension but not a netCDF variable") == true {
      accept(dataset, as: .dimension, types: ElementType.allCases)
      return
    }
    let extent = name == "chain" ? structure.chainCount : structure.drawsPerChain
    // Without weights there is nothing to compare with, and that has been said.
    guard extent > 0 else { return }
    guard dataset.shape == [extent] else {
      return report(
        dataset.path, "has shape \(Self.tuple(dataset.shape ?? [])); the weights need (\(extent))")
    }
    accept(dataset, as: .coordinate, types: ElementType.littleEndian)
  }

  /// Attributes that hold object references by themselves stop libnetcdf, so the format forbids them.
  private func checkReferences(_ dataset: HDF5Dataset) {
    guard let attributes = attempt({ () throws(HDF5Error) in try file.attributes(of: dataset.path) }) else { return }
    for attribute in attributes where attribute.type == .reference {
      report("\(dataset.path)@\(attribute.name)", "holds object references, which are not allowed here")
    }
  }

  // MARK: - Statistics

  func checkStatistics() {
    guard checkGroup("/sample_stats", isRequired: false) else { return }
    checkNoGroups(in: "/sample_stats")
    for (name, dataset) in datasets(in: "/sample_stats") {
      let isKnown = SampleStatistic.knownNames.contains(name)
      if dataset.shape?.count == 1, !isKnown {
        checkDimension(dataset, name: name)
        continue
      }
      checkReferences(dataset)
      // The counts are unknown when no weight was acceptable.
      guard structure.chainCount > 0 else { continue }
      guard dataset.shape == [structure.chainCount, structure.drawsPerChain] else {
        report(
          dataset.path,
          "has shape \(Self.tuple(dataset.shape ?? [])); it needs (chain, draw), (\(structure.chainCount), \(structure.drawsPerChain))",
          advice: "A number for each chain alone is not part of the format: repeat it for every draw, or leave it out")
        continue
      }
      guard accept(dataset, as: .statistic, types: name == "diverging" ? [.uint8, .int8] : ElementType.littleEndian)
      else {
        continue
      }
      if name == "diverging" { checkBoolean(dataset) }
      checkAxes(dataset, .statistic)
    }
  }

  private func checkBoolean(_ dataset: HDF5Dataset) {
    // h5py's own truth values need no attribute to be that.
    guard !dataset.isEnumeration else { return }
    let path = "\(dataset.path)@dtype"
    guard let found = attempt({ () throws(HDF5Error) in try file.attribute("dtype", of: dataset.path) }) else { return }
    guard let attribute = found else { return report(path, "is missing; booleans have dtype = bool") }
    if attribute.text != "bool" { report(path, "is not the text bool") }
  }

  // MARK: - Variational parameters

  func checkVariational() {
    guard checkGroup("/variational", isRequired: false), let architecture = structure.architecture else { return }
    checkNoGroups(in: "/variational")
    var known: Set<String> = []
    for parameter in architecture.parameters {
      for (suffix, role) in [("mean", DatasetRole.variationalMean), ("scale", .variationalScale)] {
        let path = "/variational/\(parameter.name).\(suffix)"
        known.insert(path)
        guard let dataset = structure.datasets[path] else {
          if !problems.contains(where: { $0.path == path }) {
            report(path, "is missing; every parameter needs a mean and a scale")
          }
          continue
        }
        guard dataset.shape == parameter.shape else {
          report(
            path, "has shape \(Self.tuple(dataset.shape ?? [])); the architecture needs \(Self.tuple(parameter.shape))")
          continue
        }
        accept(dataset, as: role, types: [.float32, .float64])
        checkAxes(dataset, .oneDraw(parameter))
      }
    }
    for (name, dataset) in datasets(in: "/variational") where !known.contains(dataset.path) {
      checkDimension(dataset, name: name)
    }
  }

  // MARK: - Evaluation data

  func checkEvaluationData() {
    guard checkGroup("/evaluation_data", isRequired: false), let architecture = structure.architecture else { return }
    let inputs = structure.datasets["/evaluation_data/inputs"]
    let labels = structure.datasets["/evaluation_data/labels"]
    for (name, dataset) in [("inputs", inputs), ("labels", labels)] where dataset == nil {
      let path = "/evaluation_data/\(name)"
      if groups.contains(path) {
        report(path, "is a group; it needs to be a data set")
      } else if !problems.contains(where: { $0.path == path }) {
        report(path, "is missing; evaluation data are inputs and labels")
      }
    }
    if let inputs {
      let wanted = "(n, " + architecture.inputShape.map(String.init).joined(separator: ", ") + ")"
      if let shape = inputs.shape, shape.count >= 1, Array(shape.dropFirst()) == architecture.inputShape, shape[0] >= 1
      {
        accept(inputs, as: .inputs, types: [.uint8, .float32, .float64])
        checkAxes(inputs, .inputs(architecture.inputShape))
        if inputs.type == .number(.uint8), let bounds = structure.inputBounds,
          let reason = StoredInputs.byteProblem(within: bounds)
        {
          report(inputs.path, reason)
        }
      } else {
        report(
          inputs.path, "has shape \(inputs.shape.map(Self.tuple) ?? "of nothing"); the architecture needs \(wanted)")
      }
    }
    if let labels {
      let count = inputs?.shape?.first
      if let shape = labels.shape, shape.count == 1, shape[0] >= 1, count == nil || shape[0] == count {
        accept(labels, as: .labels, types: ElementType.integers)
      } else {
        report(
          labels.path,
          "has shape \(labels.shape.map(Self.tuple) ?? "of nothing"); it needs one label per input, (\(count.map(String.init) ?? "n"))"
        )
      }
    }
  }

  // MARK: - Everything else

  /// Data sets that nobody reads may hold anything. Numbers are covered by the file's digest, so that their values must
  /// be readable; of anything else nothing is read.
  func checkOtherDatasets() {
    let tables = ["/posterior/", "/sample_stats/", "/variational/"]
    for (path, dataset) in structure.datasets.sorted(by: { $0.key < $1.key }) {
      guard structure.roles[path] == nil, !tables.contains(where: path.hasPrefix),
        !problems.contains(where: { $0.path == path }), dataset.shape != nil, case .number(let element) = dataset.type
      else { continue }
      // netCDF declares dimensions without coordinates as big-endian numbers that are never written.
      if element == .bigEndianFloat32 { if !isDimensionScale(dataset) { continue } }
      accept(dataset, as: .other, types: ElementType.allCases)
    }
  }

  private func isDimensionScale(_ dataset: HDF5Dataset) -> Bool {
    dataset.shape?.count == 1 && (try? file.attribute("CLASS", of: dataset.path))?.text == "DIMENSION_SCALE"
  }
}
