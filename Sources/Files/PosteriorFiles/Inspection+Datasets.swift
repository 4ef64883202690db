import HDF5
import NeuralNetworks
import RobustnessCore

extension Inspection {
  /// Names of the members of a group that are data sets.
  func datasets(in group: String) -> [(name: String, dataset: HDF5Dataset)] {
    let prefix = group + "/"
    return structure.datasets
      .filter { $0.key.hasPrefix(prefix) && !$0.key.dropFirst(prefix.count).contains("/") }
      .map { (String($0.key.dropFirst(prefix.count)), $0.value) }
      .sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
  }

  func checkNoGroups(in group: String) {
    guard FormatSchema.named(group).isClosed else { return }
    for path in groups.sorted() where path.hasPrefix(group + "/") {
      report(path, "is a group; \(group) holds data sets only")
    }
  }

  /// Gives a data set its meaning if its type is acceptable and the file can hold it.
  @discardableResult
  func accept(_ dataset: HDF5Dataset, as item: FormatItem) -> Bool {
    let role = item.role ?? .other
    guard case .number(let element) = dataset.type, item.elements.contains(element) else {
      let refusal = TypeRefusal(dataset, role: role, types: item.elements)
      report(dataset.path, refusal.reason, advice: refusal.advice)
      // Packed numbers have another type because they mean other numbers: whoever only changes the type is wrong.
      reportConversion(of: dataset, role)
      return false
    }
    if let reason = Self.storageProblem(dataset, element, role: role, fileSize: byteCount) {
      report(dataset.path, reason)
      return false
    }
    structure.items[dataset.path] = item
    if element == .uint8, role == .inputs || role == .referenceInputs, let bounds = structure.inputBounds,
      let reason = StoredNumbers.byteProblem(within: bounds, perChannel: structure.boundsPerChannel)
    {
      report(dataset.path, reason)
    }
    return true
  }

  // MARK: - Weights

  func checkPosterior() {
    let isThere = checkGroup("/posterior")
    checkShared()
    guard isThere else { return }
    checkNoGroups(in: "/posterior")
    let members = datasets(in: "/posterior")
    // Without an architecture nothing can be said about the weights.
    guard let architecture = structure.architecture else { return }
    let expected = Set(architecture.parameters.map(\.name))
    for (index, parameter) in architecture.parameters.enumerated() {
      let path = "/posterior/\(parameter.name)"
      let isShared = structure.sharedParameters.contains(index)
      if let dataset = structure.datasets[path] {
        checkParameter(dataset, parameter)
        if isShared { reportTwice(parameter) }
      } else if !isShared, !hasProblem(path), !hasProblem("/shared/\(parameter.name)"), !groups.contains(path) {
        report(
          path, "is missing; the architecture needs it with shape \(shape(of: parameter))" + alternative(parameter))
      }
    }
    checkDrawCounts(architecture)
    for (name, dataset) in members where !expected.contains(name) { checkDimension(dataset, of: "/posterior") }
    for (_, dataset) in members { checkReferences(dataset) }
  }

  private func hasProblem(_ path: String) -> Bool {
    problems.contains { $0.path == path || $0.path.hasPrefix(path + "/") }
  }

  /// The shape of a parameter's data set for people, whatever the number of draws.
  private func shape(of parameter: Architecture.Parameter) -> String {
    let axes = FormatSchema.named("/posterior/\(parameter.name)").shape ?? []
    return Self.words(axes, [nil, nil] + parameter.shape)
  }

  /// The first parameter says how many chains and draws there are.
  private func checkParameter(_ dataset: HDF5Dataset, _ parameter: Architecture.Parameter) {
    let item = FormatSchema.named(dataset.path)
    guard let shape = dataset.shape, shape.count == parameter.shape.count + 2,
      Array(shape.dropFirst(2)) == parameter.shape
    else {
      let found = dataset.shape.map(Self.tuple) ?? "of nothing"
      return report(dataset.path, "has shape \(found); \(item.needs) \(self.shape(of: parameter))")
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
    accept(dataset, as: item)
    if let meanings = meanings(of: item.shape ?? [], parameter) { checkAxes(dataset, meanings) }
  }

  /// In a group that xarray opens, a data set beyond the table can only be a dimension.
  func checkDimension(_ dataset: HDF5Dataset, of group: String) {
    let dimension = FormatSchema.item("\(group)/*", .dataset, role: .dimension)
    let coordinate = FormatSchema.item(dataset.path, .dataset, role: .coordinate)
    let isScale = attempt { () throws(HDF5Error) in
      try file.attribute("CLASS", of: dataset.path)?.text == "DIMENSION_SCALE"
    }
    guard let isScale else { return }
    guard isScale, dataset.shape?.count == 1 else {
      return report(
        dataset.path, "is one too many: it is no parameter of the architecture, and no dimension scale",
        advice: "Remove it, or add its layer to the architecture")
    }
    guard coordinate != nil, let dimension else {
      // Labels of a dimension may be anything: names of classes, for example. Only numbers can be covered by a digest.
      if case .number = dataset.type, let dimension { accept(dataset, as: dimension) }
      return
    }
    // netCDF declares a dimension without coordinates so, of no length where it may grow.
    let label = attempt { () throws(HDF5Error) in try file.attribute("NAME", of: dataset.path)?.text } ?? nil
    if label?.hasPrefix("This is a netCDF dimension but not a netCDF variable") == true {
      accept(dataset, as: dimension)
      return
    }
    // Without weights there is nothing to compare with, and that has been said.
    if structure.chainCount > 0 { check(dataset.path) }
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
    guard checkGroup("/sample_stats") else { return }
    checkNoGroups(in: "/sample_stats")
    for (name, dataset) in datasets(in: "/sample_stats") {
      if dataset.shape?.count == 1, !FormatSchema.statisticNames.contains(name) {
        checkDimension(dataset, of: "/sample_stats")
        continue
      }
      checkReferences(dataset)
      // The counts are unknown when no weight was acceptable.
      guard structure.chainCount > 0,
        let item = FormatSchema.item(dataset.path, .dataset, role: .statistic), let axes = item.shape
      else { continue }
      let extents = extents(of: axes)
      guard let shape = dataset.shape, Self.fits(shape, extents) else {
        report(
          dataset.path,
          "has shape \(Self.tuple(dataset.shape ?? [])); \(item.needs) \(Self.words(axes, extents))",
          advice: "A number for each chain alone is not part of the format: repeat it for every draw, or leave it out")
        continue
      }
      guard accept(dataset, as: item) else { continue }
      checkTruthMark(dataset)
      if let meanings = meanings(of: axes) { checkAxes(dataset, meanings) }
    }
  }

  /// Bytes that are truth values say so in an attribute, but for h5py's own truth values.
  private func checkTruthMark(_ dataset: HDF5Dataset) {
    guard let mark = FormatSchema.attributes(of: dataset.path).first, !dataset.isEnumeration,
      let found = attempt({ () throws(HDF5Error) in try file.attribute(mark.name, of: dataset.path) })
    else { return }
    guard let attribute = found else { return reportAbsence(of: mark) }
    if attribute.text != "bool" { report(mark.path, "is not the text bool") }
  }

  // MARK: - Variational parameters

  func checkVariational() {
    guard checkGroup("/variational"), let architecture = structure.architecture else { return }
    checkNoGroups(in: "/variational")
    var known: Set<String> = []
    for (index, parameter) in architecture.parameters.enumerated() {
      for name in ["mean", "scale"] {
        let path = "/variational/\(parameter.name).\(name)"
        known.insert(path)
        if !structure.sharedParameters.contains(index) {
          check(path, in: FormatSurroundings(parameter: parameter))
        } else if structure.datasets[path] != nil {
          report(
            path, "is the \(name) of a parameter that all draws share, /shared/\(parameter.name)",
            advice: "Remove it, or store the parameter for each draw")
        }
      }
    }
    for (_, dataset) in datasets(in: "/variational") where !known.contains(dataset.path) {
      checkDimension(dataset, of: "/variational")
    }
  }

  // MARK: - Evaluation data

  func checkEvaluationData() {
    guard checkGroup("/evaluation_data"), structure.architecture != nil else { return }
    let inputs = check("/evaluation_data/inputs")
    check("/evaluation_data/labels", in: FormatSurroundings(exampleCount: inputs?.shape?.first))
  }

  // MARK: - Everything else

  /// Data sets that nobody reads may hold anything. Numbers are covered by the file's digest, so that their values must
  /// be readable; of anything else nothing is read.
  func checkOtherDatasets() {
    let closed = FormatSchema.groups.filter { $0.isClosed && $0.since <= structure.version }.map { $0.path + "/" }
    let other = FormatSchema.named("/*")
    for (path, dataset) in structure.datasets.sorted(by: { $0.key < $1.key }) {
      guard structure.items[path] == nil, !closed.contains(where: path.hasPrefix),
        !problems.contains(where: { $0.path == path }), dataset.shape != nil, case .number(let element) = dataset.type
      else { continue }
      // netCDF declares dimensions without coordinates as big-endian numbers that are never written.
      if element == .bigEndianFloat32 { if !isDimensionScale(dataset) { continue } }
      accept(dataset, as: other)
    }
  }

  private func isDimensionScale(_ dataset: HDF5Dataset) -> Bool {
    dataset.shape?.count == 1 && (try? file.attribute("CLASS", of: dataset.path))?.text == "DIMENSION_SCALE"
  }
}
