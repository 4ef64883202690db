package import RobustnessCore
import Synchronization

/// The names of the plugins that this program offers.
///
/// They are kept here for completions: the parser creates its commands itself, so that they cannot be handed over.
package enum PluginNames {
  private static let offered = Mutex<(attacks: [String], metrics: [String], certificates: [String])>(([], [], []))

  package static var attacks: [String] { offered.withLock { $0.attacks } }
  package static var metrics: [String] { offered.withLock { $0.metrics } }
  package static var certificates: [String] { offered.withLock { $0.certificates } }

  /// - Throws: `PluginConflict` when two plugins have the same name, of which one could never be run.
  package static func offer(
    _ attacks: [any Attack.Type], _ metrics: [any RobustnessMetric.Type],
    _ certificates: [any RobustnessCertificate.Type] = []
  ) throws {
    try checkUnique(attacks.map { ($0.name, "\($0)") }, "attacks")
    try checkUnique(metrics.map { ($0.name, "\($0)") }, "metrics")
    try checkUnique(certificates.map { ($0.name, "\($0)") }, "certificates")
    offered.withLock { $0 = (attacks.map { $0.name }, metrics.map { $0.name }, certificates.map { $0.name }) }
  }

  private static func checkUnique(_ plugins: [(name: String, type: String)], _ kind: String) throws {
    var seen: [String: String] = [:]
    for plugin in plugins {
      // Names are matched without regard to case.
      if let other = seen.updateValue(plugin.type, forKey: plugin.name.lowercased()) {
        throw PluginConflict(
          "two \(kind) are named '\(plugin.name)', the types \(other) and \(plugin.type): give one of them another name"
        )
      }
    }
  }
}

/// Two plugins of one name in a program; exit code 70, since no command line can help.
package struct PluginConflict: Error, CustomStringConvertible {
  package let description: String
  init(_ description: String) { self.description = description }
}
