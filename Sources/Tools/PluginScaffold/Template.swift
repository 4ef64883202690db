/// The files of a new plugin, as text.
struct Template {
  let kind: PluginKind
  let name: PluginName

  func source() -> String {
    switch kind {
    case .attack: attackSource
    case .metric: metricSource
    case .sampler: samplerSource
    }
  }

  func readme() -> String {
    switch kind {
    case .attack: attackReadme
    case .metric: metricReadme
    case .sampler: samplerReadme
    }
  }

  func test() -> String {
    switch kind {
    case .attack: attackTest
    case .metric: metricTest
    case .sampler: samplerTest
    }
  }

  /// Imports of the plugin and of `modules`, in the order that `swift format` wants.
  func imports(_ modules: [String]) -> String {
    ([name.type] + modules).sorted().map { "import \($0)" }.joined(separator: "\n")
  }
}
