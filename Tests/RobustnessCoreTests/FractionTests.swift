import RobustnessCore
import TestSupport
import Testing

@Suite(.inTurn) struct `Numbers and fractions` {
  @Test(arguments: [
    ("8/255", 8.0 / 255), ("8./255.", 8.0 / 255), ("-1/4", -0.25), ("0.03", 0.03), ("1e-3", 0.001), ("0/3", 0),
    ("0.5/2", 0.25),
  ]) func `are read as they are written`(_ text: String, _ value: Double) {
    #expect(Double.reading(numberOrFraction: text) == value)
  }

  @Test(arguments: ["", "/", "8/", "/255", "8/0", "8/0.0", "1/2/3", "a/b", "1/nan", "inf/2", "8 / 255"])
  func `are nothing else`(_ text: String) { #expect(Double.reading(numberOrFraction: text) == nil) }

  @Test func `are options of plugins`() throws {
    struct Options: PluginOptions { var step = 0.1 }
    #expect(try Options(assignments: ["step": "2/255"]).step == 2.0 / 255)
    #expect(throws: CoreError.self) { try Options(assignments: ["step": "2/0"]) }
  }
}
