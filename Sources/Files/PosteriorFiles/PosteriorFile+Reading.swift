import HDF5
import NeuralNetworks
public import RobustnessCore

extension PosteriorFile {
  /// Writes the parameters of one draw, one after the other in the order of `architecture.parameters`, each in C order.
  ///
  /// - Throws: ``PosteriorFileError`` when the file can no longer be read.
  public func read(draw: Int, into buffer: UnsafeMutableBufferPointer<Float>) throws {
    precondition((0..<drawCount).contains(draw), "draw \(draw) of \(drawCount)")
    precondition(buffer.count == architecture.parameterCount, "the buffer holds exactly one draw")
    var offset = 0
    for (index, parameter) in architecture.parameters.enumerated() {
      let isShared = sharedParameters.contains(index)
      let dataset = try dataset("\(isShared ? Inspection.shared : "/posterior")/\(parameter.name)")
      let part = UnsafeMutableRawBufferPointer(
        UnsafeMutableBufferPointer(rebasing: buffer[offset..<(offset + parameter.count)]))
      let place = isShared ? [] : [draw / drawsPerChain, draw % drawsPerChain]
      try translate { () throws(HDF5Error) in
        try dataset.read(
          start: place + parameter.shape.map { _ in 0 }, count: place.map { _ in 1 } + parameter.shape, as: .float32,
          into: part)
      }
      offset += parameter.count
    }
  }

  /// The labelled inputs of the file, double precision rounded to single; nil when the file has none.
  ///
  /// Their values that lie outside the bounds by no more than their rounding are moved onto them.
  public func evaluationData() throws(PosteriorFileError) -> LabelledData? {
    guard hasEvaluationData, let shape = evaluationShape else { return nil }
    let inputs = try dataset("/evaluation_data/inputs")
    let labels = try dataset("/evaluation_data/labels")
    return try translate { () throws(HDF5Error) in
      let numbers: StoredNumbers =
        inputs.type == .number(.uint8)
        ? .bytes(try inputs.readAll(as: UInt8.self)) : .floats(try inputs.readAll(as: Float.self))
      return LabelledData(
        inputs: numbers, inputShape: Array(shape.dropFirst()),
        labels: try labels.readAll(as: Int64.self).map { Int($0) }, inputBounds: inputBounds)
    }
  }

  /// The labelled inputs of the file for another network, which they are compared with; nil when the file has none.
  public func evaluationData(for expected: ExpectedInputs) throws(PosteriorFileError) -> LabelledData? {
    guard let data = try evaluationData() else { return nil }
    let arrays = try ArraysInspection(
      path, inputs: "/evaluation_data/inputs", labels: "/evaluation_data/labels", of: self)
    try arrays.check(expected)
    if let reason = expected.boundsProblem(inputBounds) {
      throw arrays.error(
        "/model@input_bounds", reason, advice: "Store the inputs in the scale that the network was trained with")
    }
    try arrays.check(data.values, labels: data.labels, expected)
    return data
  }

  /// Means and standard deviations of a variational posterior; nil when the file has none. The mean of a parameter that
  /// all draws share is its value, its standard deviation 0.
  public func variationalParameters() throws(PosteriorFileError) -> VariationalParameters? {
    guard structure.holds(.variationalMean) else { return nil }
    var result = VariationalParameters(mean: [], scale: [])
    for (index, parameter) in architecture.parameters.enumerated() {
      if sharedParameters.contains(index) {
        let value = try dataset("\(Inspection.shared)/\(parameter.name)")
        result.mean += try translate { () throws(HDF5Error) in try value.readAll(as: Float.self) }
        result.scale += [Float](repeating: 0, count: parameter.count)
        continue
      }
      let mean = try dataset("/variational/\(parameter.name).mean")
      let scale = try dataset("/variational/\(parameter.name).scale")
      try translate { () throws(HDF5Error) in
        result.mean += try mean.readAll(as: Float.self)
        result.scale += try scale.readAll(as: Float.self)
      }
    }
    return result
  }

  /// What the sampler recorded for every draw, sorted by name.
  public func sampleStatistics() throws(PosteriorFileError) -> [SampleStatistic] {
    var statistics: [SampleStatistic] = []
    for (path, item) in structure.items.sorted(by: { $0.key < $1.key }) where item.role == .statistic {
      guard let dataset = structure.datasets[path], case .number(let element) = dataset.type else { continue }
      let values = try translate { () throws(HDF5Error) in try dataset.readAll(as: Double.self) }
      statistics.append(
        SampleStatistic(name: String(path.dropFirst(item.parent.count + 1)), element: element, values: values))
    }
    return statistics
  }

  private func dataset(_ path: String) throws(PosteriorFileError) -> HDF5Dataset {
    guard let dataset = structure.dataset(path) else {
      throw PosteriorFileError(file: self.path, path: path, reason: "is missing")
    }
    return dataset
  }

  private func translate<T>(_ body: () throws(HDF5Error) -> T) throws(PosteriorFileError) -> T {
    do throws(HDF5Error) {
      return try body()
    } catch {
      throw PosteriorFileError(file: path, path: error.path, reason: "can no longer be read: \(error.reason)")
    }
  }
}
