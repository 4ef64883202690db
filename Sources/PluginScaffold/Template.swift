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

  private var missing: ScaffoldError { ScaffoldError("there is no template for a \(kind.rawValue) yet") }
}
