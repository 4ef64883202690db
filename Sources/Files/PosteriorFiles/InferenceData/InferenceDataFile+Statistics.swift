import HDF5

extension InferenceDataFile {
  /// What the sampler recorded for every draw, under the names of the format, and what of that cannot be taken over.
  ///
  /// - Throws: Where draws count differently, as importance sampling's do.
  package func statistics() throws(PosteriorFileError) -> (recorded: [SampleStatistic], leftOut: [String]) {
    var recorded: [SampleStatistic] = []
    var leftOut: [String] = []
    for name in try names(in: "/sample_stats") {
      if SampleStatistic.weightNames.contains(name.lowercased()) {
        throw PosteriorFileError(
          file: path, path: "/sample_stats/\(name)",
          reason: "says that draws have weights; all draws of a posterior file count alike",
          advice: "Resample them in Python by these weights, and save what that gives")
      }
      guard FormatSchema.statisticNames.contains(name) else { continue }
      if let statistic = try statistic(name) { recorded.append(statistic) } else { leftOut.append(name) }
    }
    return (recorded, leftOut)
  }

  private func names(in group: String) throws(PosteriorFileError) -> [String] {
    try translate(group) { () throws(HDF5Error) in
      guard try file.kind(of: group) == .group else { return [] }
      return try file.links(in: group).filter { $0.kind == .hard }.map(\.name)
    }
  }

  /// A number for each draw; nil where it is something else.
  private func statistic(_ name: String) throws(PosteriorFileError) -> SampleStatistic? {
    let place = "/sample_stats/\(name)"
    return try translate(place) { () throws(HDF5Error) in
      guard try file.kind(of: place) == .dataset else { return nil }
      let dataset = try file.dataset(place)
      guard dataset.shape == [chainCount, drawsPerChain], case .number(let element) = dataset.type,
        ElementType.littleEndian.contains(element),
        Inspection.storageProblem(dataset, element, role: .statistic, fileSize: byteCount) == nil
      else { return nil }
      let conversion: StatedConversion
      do throws(ConversionRefusal) {
        conversion = try StatedConversion(file, dataset, .statistic)
      } catch {
        throw HDF5Error(
          file: path, path: error.place, reason: error.reason + (error.advice.map { ". \($0)" } ?? ""))
      }
      let values = try dataset.readAll(as: Double.self)
      guard !values.contains(where: { conversion.objection(to: $0) != nil }) else { return nil }
      guard name != "diverging" else {
        guard values.allSatisfy({ $0 == 0 || $0 == 1 }) else { return nil }
        return SampleStatistic(name: name, element: .uint8, values: values)
      }
      return SampleStatistic(name: name, element: element, values: values)
    }
  }

  private func translate<T>(_ place: String, _ body: () throws(HDF5Error) -> T) throws(PosteriorFileError) -> T {
    do throws(HDF5Error) {
      return try body()
    } catch {
      throw PosteriorFileError(
        file: path, path: error.path, reason: error.stack.isEmpty ? error.reason : "cannot be read: \(error.reason)")
    }
  }
}
