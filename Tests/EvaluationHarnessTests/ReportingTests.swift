import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Reporting

@Suite(.inTurn) struct `Text for a terminal` {
  @Test(arguments: [(0.0, "    "), (0.5, "██  "), (1.0, "████"), (0.28125, "█▏  ")])
  func `a bar of four columns`(_ fraction: Double, _ expected: String) {
    #expect(ProgressLine.bar(fraction, width: 4) == expected)
  }

  @Test(arguments: [(0.4, "0 s"), (59, "59 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"), (5400, "1.5 h")])
  func `durations`(_ seconds: Double, _ expected: String) { #expect(ProgressLine.duration(seconds) == expected) }

  @Test(arguments: [(12.0, "12"), (2_500, "2 k"), (1_200_000, "1.2 M")]) func `rates`(
    _ rate: Double, _ expected: String
  ) {
    #expect(ProgressLine.short(rate) == expected)
  }

  @Test func `away from a terminal a line is printed now and then, and none without an interval`() {
    func lines(_ interval: Duration?) -> [String] {
      let printed = Mutex<[String]>([])
      let line = ProgressLine(unit: "steps", isActive: false, interval: interval) { text in
        printed.withLock { $0.append(text) }
      }
      line.begin(total: 100)
      line.show("pgd")
      line.advance(10)
      line.end()
      return printed.withLock { $0 }
    }
    #expect(lines(nil) == [])
    #expect(lines(.seconds(60)) == [])
    let each = lines(.zero)
    #expect(each.count == 2)
    #expect(each.allSatisfy { $0.hasPrefix("pgd") && $0.hasSuffix("\n") && !$0.contains("\u{1b}") })
  }

  @Test func `behind the work that was expected no time left is made up`() {
    let printed = Mutex<[String]>([])
    let line = ProgressLine(unit: "steps", isActive: false, interval: .zero) { text in
      printed.withLock { $0.append(text) }
    }
    line.begin(total: 100)
    line.show("pgd")
    Thread.sleep(forTimeInterval: 0.4)
    line.advance(50)
    line.advance(50)
    line.show("checks")
    let lines = printed.withLock { $0 }
    #expect(lines[1].contains("50 %") && lines[1].contains(" left"))
    #expect(lines[2...].allSatisfy { !$0.contains("%") && !$0.contains("left") && $0.contains(" so far") })
  }

  @Test func `columns of a table are padded, lines are not`() {
    var table = TextTable(header: [["name", "value"]], alignments: [.left, .right])
    table.append(["ε", "1"])
    table.append(["long name", ""])
    #expect(table.text == "name       value\nε              1\nlong name\n")
  }
}

@Suite(.inTurn) struct `Text for programs` {
  @Test func `JSON escapes what it must`() {
    #expect(JSONText.text("a\"b\\c\n\t\u{1}é").compact == #""a\"b\\c\n\t\u0001é""#)
  }

  @Test(arguments: [(Double.nan, "null"), (.infinity, "null"), (-.infinity, "null"), (0.1, "0.1"), (1e-7, "1e-07")])
  func `JSON numbers that are not finite are null`(_ value: Double, _ expected: String) {
    #expect(JSONText.number(value).compact == expected)
  }

  @Test func `the largest seed is written in full`() {
    #expect(JSONText.natural(.max).compact == "18446744073709551615")
  }

  @Test func `JSON keeps the order of keys and indents`() {
    let value = JSONText.object([
      ("b", .array([.number(1), .null])), ("a", .object([("c", .bool(true))])), ("d", .array([])),
    ])
    #expect(value.compact == #"{"b":[1.0,null],"a":{"c":true},"d":[]}"#)
    #expect(value.pretty == "{\n  \"b\": [1.0, null],\n  \"a\": {\n    \"c\": true\n  },\n  \"d\": []\n}")
  }

  @Test func `CSV quotes commas, quotes and line breaks`() {
    var table = CSVText(header: ["a", "b"])
    table.append(["1,5", "say \"hi\""])
    table.append(["two\nlines", "carriage\r\nreturn"])
    #expect(table.text == "a,b\n\"1,5\",\"say \"\"hi\"\"\"\n\"two\nlines\",\"carriage\r\nreturn\"\n")
  }
}
