/// The files of a new plugin, as text.
struct Template {
  let kind: PluginKind
  let name: PluginName

  func source() throws -> String {
    switch kind {
    case .attack: attackSource
    case .metric: metricSource
    case .sampler: throw missing
    }
  }

  func readme() throws -> String {
    switch kind {
    case .attack: attackReadme
    case .metric: metricReadme
    case .sampler: throw missing
    }
  }

  func test() throws -> String {
    switch kind {
    case .attack: attackTest
    case .metric: metricTest
    case .sampler: throw missing
    }
  }

  /// Imports of the plugin and of `modules`, in the order that `swift format` wants.
  func imports(_ modules: [String]) -> String {
    ([name.type] + modules).sorted().map { "import \($0)" }.joined(separator: "\n")
  }

  private var missing: ScaffoldError { ScaffoldError("there is no template for a \(kind.rawValue) yet") }
}
