package import RobustnessCore
import Shell

/// An attack as written on the command line: `pgd:steps=40,restarts=5,norm=l2`.
package struct AttackSpecification {
  let text: String

  /// An attack as written.
  package init(text: String) { self.text = text }

  /// Finds the attack and checks every option, down to the values.
  ///
  /// - Throws: `UsageError` with what is wrong and what was perhaps meant.
  package func resolve(among attacks: [any Attack.Type]) throws -> AttackRequest {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts.first ?? "")
    guard let attack = attacks.first(where: { $0.name.lowercased() == name.lowercased() }) else {
      let names = attacks.map { $0.name }
      throw UsageError(
        "no attack named '\(name)'.\(Suggestion.didYouMean(name, among: names)) Available: \(names.joined(separator: ", ")). "
          + "Details: evaluate --list-attacks")
    }
    var assignments: [String: String] = [:]
    var norm: Norm?
    if parts.count == 2 {
      for item in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
        let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard pair.count == 2, !pair[0].isEmpty, !pair[1].isEmpty else {
          throw UsageError("'\(item)' in '\(text)' is no option: write name=value, separated by commas")
        }
        guard assignments[pair[0]] == nil, !(pair[0] == "norm" && norm != nil) else {
          throw UsageError("'\(text)' sets \(pair[0]) twice")
        }
        if pair[0] == "norm" { norm = try self.norm(pair[1], attack) } else { assignments[pair[0]] = pair[1] }
      }
    }
    try check(assignments, attack)
    return AttackRequest(attack, assignments: assignments, norm: norm)
  }

  private func norm(_ text: String, _ attack: any Attack.Type) throws -> Norm {
    guard let norm = Norm(rawValue: text.lowercased()), attack.capabilities.norms.contains(norm) else {
      let norms = attack.capabilities.norms.map(\.rawValue).joined(separator: ", ")
      let meant = Suggestion.didYouMean(text, among: attack.capabilities.norms.map(\.rawValue))
      throw UsageError("\(attack.name) has no norm '\(text)'; it has \(norms).\(meant)")
    }
    return norm
  }

  private func check(_ assignments: [String: String], _ attack: any Attack.Type) throws {
    func open<A: Attack>(_ type: A.Type) throws {
      let known = try A.Options().described().map(\.name) + ["norm"]
      for name in assignments.keys.sorted() where !known.contains(name) {
        throw UsageError(
          "\(A.name) has no option '\(name)'.\(Suggestion.didYouMean(name, among: known)) Options: \(try A.describedOptions())"
        )
      }
      do {
        _ = try A(A.Options(assignments: assignments))
      } catch {
        throw UsageError("\(A.name): \(error)".replacing("\(A.name): \(A.name): ", with: "\(A.name): "))
      }
    }
    try open(attack)
  }
}

extension Attack {
  /// `steps=15 restarts=1 norm=linf …`
  static func describedOptions() throws -> String {
    var texts = try Options().described().map { name, value in
      "\(name)=\(value ?? Options.describedDefaults[name] ?? "")"
    }
    texts.append("norm=\(capabilities.norms.map(\.rawValue).joined(separator: "|"))")
    return texts.joined(separator: " ")
  }
}
