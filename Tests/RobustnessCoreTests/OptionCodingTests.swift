import RobustnessCore
import TestSupport
import Testing

@Suite(.inTurn) struct `Options of plugins` {
  enum Colour: String, Codable, CaseIterable, Sendable { case red, darkBlue = "dark-blue" }
  struct Sample: PluginOptions {
    var steps = 15
    var relativeStep: Double?
    var randomStart = true
    var colour = Colour.red
    var label = "a b"
    var scale = 0.25
    var limit: Int?
    var tint: Colour?
    init() {}
  }

  @Test func `are described in the order of declaration, in kebab case, nil where there is no value`() throws {
    let described = try Sample().described()
    #expect(
      described.map(\.name) == [
        "steps", "relative-step", "random-start", "colour", "label", "scale", "limit", "tint",
      ])
    #expect(described.map(\.value) == ["15", nil, "true", "red", "a b", "0.25", nil, nil])
  }

  @Test func `keep their defaults unless assigned`() throws {
    let options = try Sample(assignments: ["relative-step": "0.5", "tint": "dark-blue", "limit": "-3"])
    #expect(options.steps == 15 && options.randomStart && options.colour == .red && options.label == "a b")
    #expect(options.relativeStep == 0.5 && options.tint == .darkBlue && options.limit == -3)
  }

  @Test(arguments: ["true", "yes", "1", "TRUE"]) func `take several words for true`(_ text: String) throws {
    #expect(try Sample(assignments: ["random-start": text]).randomStart)
  }

  @Test(arguments: ["false", "no", "0"]) func `take several words for false`(_ text: String) throws {
    #expect(try !Sample(assignments: ["random-start": text]).randomStart)
  }

  @Test func `survive being described and read again`() throws {
    var options = Sample()
    options.steps = 3
    options.scale = 0.1 + 0.2
    options.colour = .darkBlue
    options.randomStart = false
    var assignments: [String: String] = [:]
    for (name, value) in try options.described() { assignments[name] = value }
    let again = try Sample(assignments: assignments)
    #expect(again.steps == 3 && again.scale == 0.1 + 0.2 && again.colour == .darkBlue && !again.randomStart)
  }

  @Test(arguments: [
    ("steps", "2.5", "a whole number"), ("steps", "many", "a whole number"), ("scale", "x", "a number"),
    ("scale", "nan", "a number"), ("relative-step", "inf", "a number"), ("random-start", "maybe", "true or false"),
    ("colour", "green", "red, dark-blue"), ("tint", "green", "red, dark-blue"),
  ])
  func `of the wrong kind are refused with what they take`(_ name: String, _ text: String, _ takes: String) throws {
    let error = try #require(throws: CoreError.self) { try Sample(assignments: [name: text]) }
    #expect(error.description.contains("'\(name)'"))
    #expect(error.description.contains("'\(text)'"))
    #expect(error.description.contains(takes))
  }

  @Test func `that do not exist are none`() throws {
    #expect(try NoOptions().described().isEmpty)
    _ = try NoOptions(assignments: [:])
  }
}
