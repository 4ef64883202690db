import RobustnessCore

extension [any Attack.Type] {
  /// What `--list-attacks` prints: the names, and each attack with its options.
  func attackList() throws -> String {
    var text = map { "\($0.name)\n" }.joined() + "\n"
    for attack in self { text += try attack.listEntry() }
    return text
  }
}

extension Attack {
  fileprivate static func listEntry() throws -> String {
    var lines = summary.isEmpty ? "\(name)\n" : "\(name): \(summary)\n"
    lines +=
      "  needs \(capabilities.access.rawValue) · norms \(capabilities.norms.map(\.rawValue).joined(separator: ", "))"
    lines += " · \(capabilities.targeted ? "targeted and untargeted" : "untargeted only")\n"
    for (name, value) in try Options().described() {
      lines += "  \(name)=\(value ?? Options.describedDefaults[name] ?? "not set")\n"
    }
    return lines
  }
}

extension [any RobustnessMetric.Type] {
  /// What `--list-metrics` prints.
  var metricList: String {
    let sorted = sorted { $0.name < $1.name }
    return sorted.map { "\($0.name)\n" }.joined() + "\n" + sorted.map { "\($0.name): \($0.summary)\n" }.joined()
  }
}

extension [any RobustnessCertificate.Type] {
  /// What is meant by the option without a word: linear bounds where there are any.
  var meantAlone: String? { (first { $0.name == "linear" } ?? first)?.name }

  /// What `--list-certificates` prints: the names, and each certificate with its options.
  func certificateList() throws -> String {
    var text = map { "\($0.name)\n" }.joined() + "\n"
    for certificate in self { text += try certificate.listEntry() }
    return text
  }
}

extension RobustnessCertificate {
  fileprivate static func listEntry() throws -> String {
    var lines = summary.isEmpty ? "\(name)\n" : "\(name): \(summary)\n"
    lines += "  norms \(norms.map(\.rawValue).joined(separator: ", "))\n"
    for (name, value) in try Options().described() {
      lines += "  \(name)=\(value ?? Options.describedDefaults[name] ?? "not set")\n"
    }
    return lines
  }
}
