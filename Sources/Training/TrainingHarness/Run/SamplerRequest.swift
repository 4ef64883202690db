import RobustnessCore
import Shell

/// A sampler with the values of its options, checked.
struct SamplerRequest: Sendable {
  let sampler: any PosteriorSampler.Type
  /// Every option that has a value, by name.
  let values: [String: String]

  /// Finds a sampler by its name.
  ///
  /// - Throws: `UsageError` with the names there are.
  static func find(_ name: String, among samplers: [any PosteriorSampler.Type]) throws -> any PosteriorSampler.Type {
    guard let sampler = samplers.first(where: { $0.name == name.lowercased() }) else {
      let names = samplers.map { $0.name }
      throw UsageError(
        "no sampler named '\(name)'.\(Suggestion.didYouMean(name, among: names)) Available: \(names.joined(separator: ", ")). "
          + "Details: train --list-samplers")
    }
    return sampler
  }

  /// Refuses options that neither the sampler has nor every run.
  ///
  /// - Parameter source: What stands before the sentence about an option, for instance the name of a file.
  /// - Throws: `UsageError` for the first such name.
  static func checkNames(
    _ names: some Sequence<String>, of sampler: any PosteriorSampler.Type, source: (String) -> String = { _ in "" }
  ) throws {
    let own = try optionNames(of: sampler)
    let common = RunOptions.names
    if let name = own.first(where: { common.contains($0) || TrainArguments.reserved.contains($0) }) {
      throw RunError("the sampler \(sampler.name) has an option '\(name)', which train has itself: rename it")
    }
    for name in names.sorted() where !own.contains(name) && !common.contains(name) {
      throw UsageError(
        "\(source(name))\(sampler.name) has no option '\(name)'.\(Suggestion.didYouMean(name, among: own + common)) "
          + "Options of \(sampler.name): \(own.map { "--\($0)" }.joined(separator: " ")); "
          + "of every run: \(common.map { "--\($0)" }.joined(separator: " "))")
    }
  }

  /// Fills in the defaults of every option, and checks all values.
  ///
  /// - Throws: `UsageError` for an option that the sampler does not have, or a value that an option does not take.
  static func resolve(
    _ sampler: any PosteriorSampler.Type, _ own: [String: String], _ requested: TrainingRequest.Options
  ) throws -> (options: RunOptions, request: SamplerRequest) {
    try checkNames(own.keys, of: sampler)
    if let name = own.keys.sorted().first(where: { RunOptions.names.contains($0) }) {
      throw UsageError("'\(name)' is an option of every run, not one of \(sampler.name)'s own")
    }
    func open<S: PosteriorSampler>(_ type: S.Type) throws -> (RunOptions, SamplerRequest) {
      let (options, samplerOptions) = try naming(type) {
        let options = try RunOptions(requested)
        let samplerOptions = try S.Options(assignments: own)
        _ = try S(samplerOptions)
        return (options, samplerOptions)
      }
      try options.check()
      return (options, SamplerRequest(sampler: S.self, values: try samplerOptions.values))
    }
    return try open(sampler)
  }

  /// Has errors of options begin with the sampler's name.
  static func naming<T>(_ sampler: any PosteriorSampler.Type, _ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch {
      let text = "\(error)"
      throw UsageError(text.hasPrefix("\(sampler.name): ") ? text : "\(sampler.name): \(text)")
    }
  }

  private static func optionNames(of sampler: any PosteriorSampler.Type) throws -> [String] {
    func open<S: PosteriorSampler>(_ type: S.Type) throws -> [String] { try S.Options().described().map(\.name) }
    return try open(sampler)
  }

  /// Whether an option of a sampler is true or false.
  static func isFlag(_ option: String, of sampler: any PosteriorSampler.Type) -> Bool {
    func open<S: PosteriorSampler>(_ type: S.Type) -> Bool {
      let value = try? S.Options().described().first { $0.name == option }?.value
      return value == "true" || value == "false"
    }
    return open(sampler)
  }
}
