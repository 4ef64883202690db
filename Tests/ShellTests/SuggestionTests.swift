import TestSupport
import Testing

@testable import Shell

@Suite(.inTurn) struct `Suggestions` {
  @Test(arguments: [("pdg", "pgd"), ("fgms", "fgsm"), ("RANDOM", "random"), ("rndom", "random"), ("pgdd", "pgd")])
  func `the candidate nearest to a typing error`(_ word: String, _ expected: String) {
    #expect(Suggestion.nearest(to: word, among: ["fgsm", "pgd", "random"]) == expected)
  }

  @Test(arguments: ["autoattack", "x", ""]) func `none where nothing is near`(_ word: String) {
    #expect(Suggestion.nearest(to: word, among: ["fgsm", "pgd", "random"]) == nil)
  }

  @Test(arguments: [("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("kitten", "sitting", 3)])
  func `edits and swaps are counted`(_ a: String, _ b: String, _ distance: Int) {
    #expect(Suggestion.editDistance(a, b) == distance)
  }

  @Test func `the sentence begins with a space, and is empty where nothing is near`() {
    #expect(Suggestion.didYouMean("pdg", among: ["fgsm", "pgd"]) == " Did you mean 'pgd'?")
    #expect(Suggestion.didYouMean("autoattack", among: ["fgsm", "pgd"]).isEmpty)
  }
}
