import HDF5

/// Draws as ArviZ saves them: an InferenceData in netCDF-4, which is HDF5.
///
/// The group `/posterior` has a data set for each variable, (chain, draw, …), and `/sample_stats` what the sampler
/// recorded. Numbers mean themselves, as in a posterior file: what declares that they mean something else is refused.
package struct InferenceDataFile: Sendable {
  /// The path as it was given.
  package let path: String
  /// Number of chains.
  package let chainCount: Int
  /// Number of draws in each chain.
  package let drawsPerChain: Int
  /// The variables in the order of their names.
  package private(set) var variables: [Variable]
  /// The library that made the draws, `numpyro` or `pymc`, and its version; nil where the file does not say.
  package let inferenceLibrary: (name: String, version: String?)?

  let file: HDF5File
  let byteCount: UInt64
  private let readers: [String: VariableReader]

  /// One variable of the group `/posterior`.
  package struct Variable: Sendable {
    package let name: String
    /// The shape of one draw.
    package let shape: [Int]
    /// Whether its numbers are float64, and are rounded.
    package let isDouble: Bool
    /// Why it cannot be read; nil where it can. Of no importance for what no network has.
    package internal(set) var objection: PosteriorFileError?
  }

  /// Number of draws over all chains.
  package var drawCount: Int { chainCount * drawsPerChain }

  /// Opens a file after checking its structure.
  ///
  /// - Parameter probe: The program that reads the file first, in a process of its own; nil reads it here.
  /// - Throws: The first problem, with the place in the file and what to do.
  package init(_ path: String, probe: ProbeCommand?) throws(PosteriorFileError) {
    let before = FileIdentity(path)
    let answer = try probe?.runOnInferenceData(path) ?? Self.check(path)
    if let problem = answer.problems.first { throw problem }
    try self.init(opening: path)
    for index in variables.indices {
      variables[index].objection = variables[index].objection ?? answer.objections[variables[index].name]
    }
    guard FileIdentity(path) == before else {
      throw PosteriorFileError(file: path, path: "/", reason: "changed while it was being checked", advice: "Try again")
    }
  }

  /// Opens a file in this process.
  init(opening path: String) throws(PosteriorFileError) {
    self.path = path
    byteCount = try Inspection.regularFileSize(path)
    if let foreign = ForeignFile(path), foreign.isClassicNetCDF { throw Self.classic(path, foreign) }
    file = try Inspection.openFile(path, advice: Self.advice)
    let found = try VariableSearch(file, byteCount: byteCount)
    (chainCount, drawsPerChain) = (found.chainCount, found.drawsPerChain)
    variables = found.variables
    readers = found.readers
    inferenceLibrary = found.library
  }

  /// What saves what is read here.
  static let advice = "ArviZ saves what is read here: idata.to_netcdf(\"idata.nc\")"

  private static func classic(_ path: String, _ foreign: ForeignFile) -> PosteriorFileError {
    PosteriorFileError(
      file: path, path: "/", reason: "is \(foreign.kind), not HDF5, and has no groups",
      advice: "Save the whole InferenceData as netCDF-4: idata.to_netcdf(\"idata.nc\", engine=\"h5netcdf\"), or with "
        + "engine=\"netcdf4\"")
  }

  /// The numbers of a variable in one draw, rounded to float32, in C order.
  ///
  /// - Parameter draw: Counted chain by chain.
  /// - Throws: What cannot be read, or is not finite, or means no number, with its place.
  package func floats(_ name: String, draw: Int) throws(PosteriorFileError) -> [Float] {
    guard let variable = variables.first(where: { $0.name == name }) else {
      throw PosteriorFileError(file: path, path: "/posterior/\(name)", reason: "is missing")
    }
    if let objection = variable.objection { throw objection }
    guard let reader = readers[name] else {
      throw PosteriorFileError(file: path, path: "/posterior/\(name)", reason: "cannot be read")
    }
    return try reader.floats(chain: draw / drawsPerChain, draw: draw % drawsPerChain)
  }

  // MARK: - Checking

  /// What the checking process does: reads every value that may be asked for. What is wrong with a variable matters only
  /// if it is.
  static func check(_ path: String) -> InferenceDataAnswer {
    var objections: [String: PosteriorFileError] = [:]
    do throws(PosteriorFileError) {
      let file = try InferenceDataFile(opening: path)
      ProbeLimits.allow(file.readers.values.map(\.dataset))
      for variable in file.variables where variable.objection == nil {
        do throws(PosteriorFileError) {
          try file.readers[variable.name]?.readThrough()
        } catch {
          objections[variable.name] = error
        }
      }
      let statistics = try file.statistics()
      return InferenceDataAnswer(
        problems: [], objections: objections, statisticCount: statistics.recorded.count)
    } catch {
      return InferenceDataAnswer(problems: [error], statisticCount: nil)
    }
  }
}

/// What the checking process says about an InferenceData.
struct InferenceDataAnswer: ProbeReply {
  var problems: [PosteriorFileError]
  /// Variables whose values are no weights, by name.
  var objections: [String: PosteriorFileError] = [:]
  var statisticCount: Int?

  var isComplete: Bool { statisticCount != nil }
}
