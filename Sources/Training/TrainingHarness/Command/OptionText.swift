import ArgumentParser

/// What stands behind an option. It becomes a `Value` together with what `--config` says, so that one place knows what
/// values an option takes; the parser tells people which there are.
struct OptionText<Value>: ExpressibleByArgument {
  let text: String

  init?(argument: String) { text = argument }

  static var allValueStrings: [String] {
    func names<C: CaseIterable>(_ type: C.Type) -> [String] {
      type.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
    }
    guard let listed = Value.self as? any CaseIterable.Type else { return [] }
    return names(listed)
  }

  static var defaultCompletionKind: CompletionKind { allValueStrings.isEmpty ? .default : .list(allValueStrings) }
}
