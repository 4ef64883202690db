import Shell

/// A plugin with its options as on the command line: `pgd:steps=40,restarts=5`.
struct OptionText {
  /// What stands before the colon.
  let name: String
  /// What stands behind it, in its order.
  let pairs: [(name: String, value: String)]

  /// Takes a text apart.
  ///
  /// - Throws: `UsageError` for what is no option, or is there twice.
  init(_ text: String) throws(UsageError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    name = String(parts.first ?? "")
    var pairs: [(name: String, value: String)] = []
    if parts.count == 2 {
      for item in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
        let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard pair.count == 2, !pair[0].isEmpty, !pair[1].isEmpty else {
          throw UsageError("'\(item)' in '\(text)' is no option: write name=value, separated by commas")
        }
        guard !pairs.contains(where: { $0.name == pair[0] }) else {
          throw UsageError("'\(text)' sets \(pair[0]) twice")
        }
        pairs.append((pair[0], pair[1]))
      }
    }
    self.pairs = pairs
  }

  /// The text of a name with options, in the order of the options' names.
  static func text(_ name: String, _ options: [String: String]) -> String {
    guard !options.isEmpty else { return name }
    return name + ":" + options.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
  }
}
