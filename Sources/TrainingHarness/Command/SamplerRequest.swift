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

  /// Checks all values of a command line and shares them out between the run and the sampler.
  ///
  /// - Throws: `UsageError` for an option that neither has, or a value that it does not take.
  static func resolve(
    _ values: [String: String], _ sampler: any PosteriorSampler.Type, source: (String) -> String = { _ in "" }
  ) throws -> (options: RunOptions, request: SamplerRequest) {
    func open<S: PosteriorSampler>(_ type: S.Type) throws -> (RunOptions, SamplerRequest) {
      let own = try S.Options().described().map(\.name)
      let common = RunOptions.names
      if let name = own.first(where: { common.contains($0) || ["config", "resume", "help", "sampler"].contains($0) }) {
        throw RunError("the sampler \(S.name) has an option '\(name)', which train has itself: rename it")
      }
      for name in values.keys.sorted() where !own.contains(name) && !common.contains(name) {
        throw UsageError(
          "\(source(name))\(S.name) has no option '\(name)'.\(Suggestion.didYouMean(name, among: own + common)) "
            + "Options of \(S.name): \(own.map { "--\($0)" }.joined(separator: " ")); "
            + "of every run: \(common.map { "--\($0)" }.joined(separator: " "))")
      }
      let options: RunOptions
      let samplerOptions: S.Options
      do {
        options = try RunOptions(assignments: values.filter { common.contains($0.key) })
        samplerOptions = try S.Options(assignments: values.filter { own.contains($0.key) })
        _ = try S(samplerOptions)
      } catch {
        let text = "\(error)"
        throw UsageError(text.hasPrefix("\(S.name): ") ? text : "\(S.name): \(text)")
      }
      try options.check()
      var resolved: [String: String] = [:]
      for (name, value) in try samplerOptions.described() { resolved[name] = value }
      return (options, SamplerRequest(sampler: S.self, values: resolved))
    }
    return try open(sampler)
  }

  /// Whether an option of a sampler is true or false.
  static func isFlag(_ option: String, of sampler: (any PosteriorSampler.Type)?) -> Bool {
    guard let sampler else { return false }
    func open<S: PosteriorSampler>(_ type: S.Type) -> Bool {
      let value = try? S.Options().described().first { $0.name == option }?.value
      return value == "true" || value == "false"
    }
    return open(sampler)
  }
}
