/// What kinds of plugins there are, and where each lives.
public enum PluginKind: String, CaseIterable, Sendable {
  /// A way to look for adversarial inputs.
  case attack
  /// A number about what an attack did.
  case metric
  /// A way to draw from a posterior.
  case sampler

  /// Folder under `Plugins`.
  var folder: String {
    switch self {
    case .attack: "Attacks"
    case .metric: "Metrics"
    case .sampler: "Samplers"
    }
  }

  /// Folder of the test.
  var testFolder: String { self == .sampler ? "Tests/SamplerTests" : "Tests/PluginTests" }

  /// The list in `Package.swift`.
  var manifestList: String { folder.lowercased() }

  /// The protocol that `builtIn` in the registry is about.
  var conformance: String {
    switch self {
    case .attack: "Attack"
    case .metric: "RobustnessMetric"
    case .sampler: "PosteriorSampler"
    }
  }

  /// How to see that the plugin is there.
  var listing: String {
    switch self {
    case .attack: "swift run evaluate --list-attacks"
    case .metric: "swift run evaluate --list-metrics"
    case .sampler: "swift run train --list-samplers"
    }
  }
}
