import Foundation
import TestSupport
import Testing

/// The types in Swift sources that conform to a protocol, at their declaration or in an extension, on one line or
/// several, directly or through another protocol of the same sources.
///
/// Nothing at run time lists a module's types, and a symbol graph takes minutes to build; so the text is read, without
/// its comments and strings.
struct DeclaredConformances {
  /// Each type or protocol with what it says to inherit.
  private let inherited: [(kind: Substring, name: String, from: Set<String>)]

  init(in sources: [String]) {
    inherited = sources.flatMap { source in
      Self.withoutCommentsAndStrings(source)
        .matches(
          of: /\b(struct|class|enum|actor|protocol|extension)\s+([\w.]+)\s*(?:<[^{}:]*(?::[^{}>]*)?>)?\s*:\s*([^{}]*)\{/
        )
        .map { match in
          let clause = match.output.3.split(separator: /\bwhere\b/).first ?? ""
          let names = clause.split(separator: /[,&]/).compactMap { part in
            part.split(whereSeparator: \.isWhitespace).last.map(String.init)
          }
          return (match.output.1, String(match.output.2), Set(names))
        }
    }
  }

  /// The names of the types that conform, sorted.
  func types(to name: String) -> [String] {
    var protocols: Set = [name]
    while true {
      let refined = inherited.filter { $0.kind == "protocol" && !$0.from.isDisjoint(with: protocols) }.map(\.name)
      if protocols.isSuperset(of: refined) { break }
      protocols.formUnion(refined)
    }
    let types = inherited.filter { $0.kind != "protocol" && !$0.from.isDisjoint(with: protocols) }.map(\.name)
    return Set(types).sorted()
  }

  private static func withoutCommentsAndStrings(_ text: String) -> String {
    text.replacing(/(?s)"""(?:\\.|[^\\])*?"""/, with: "")
      .replacing(/"(?:\\.|[^"\\\n])*"/, with: "")
      .replacing(/(?s)\/\*.*?\*\//, with: "")
      .replacing(/\/\/[^\n]*/, with: "")
  }
}

@Suite(.inTurn) struct `Types that say to conform` {
  @Test func `are found however they are written`() {
    let source = """
      public struct Plain: Attack {
      }
      public struct Several: Sendable, Attack, Hashable where Int: Sendable {}
      final class Long:
        Sendable,
        Attack
      {
        struct Inner: Attack {}
      }
      struct Generic<Model: Sendable>: Attack {}
      struct Late {}
      extension Late: @unchecked Attack {}
      protocol Iterated: Attack {}
      struct Through: Iterated {}
      // struct Commented: Attack {}
      /* struct CommentedToo: Attack {} */
      let text = "struct Quoted: Attack {"
      struct Other: AttackOracle {}
      struct Uses { let attack: any Attack; func run(_ a: some Attack) {} }
      """
    #expect(
      DeclaredConformances(in: [source]).types(to: "Attack") == [
        "Generic", "Inner", "Late", "Long", "Plain", "Several", "Through",
      ])
  }
}
