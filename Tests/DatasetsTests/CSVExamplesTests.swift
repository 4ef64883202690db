import Datasets
import Foundation
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

/// Inputs and labels in tables of text.
@Suite(.inTurn) struct `Examples in a table` {
  private static let expected = ExpectedInputs(inputShape: [2], inputBounds: 0...1, classCount: 3)

  private func withTable<R>(_ text: String, _ name: String = "data.csv", _ body: (String) throws -> R) throws -> R {
    try withFolder { folder in
      let url = folder.appending(path: name)
      try Data(text.utf8).write(to: url)
      return try body(url.path)
    }
  }

  private func read(_ text: String, _ name: String = "data.csv") throws -> (data: LabelledData, statement: String?) {
    try withTable(text, name) { try SixImages.read($0, for: Self.expected) }
  }

  private func refusal(_ text: String) throws -> String {
    try withTable(text) { try SixImages.refusal($0, for: Self.expected) }
  }

  @Test(arguments: [
    "x,y,label\n0.25,0.5,2\n1,0,0\n",
    "label,x,y\r\n2,0.25,5e-1\r\n0,+1,0\r\n\r\n",
    "\u{FEFF}x;Label;y\n0.25;2;0.5\n1.;0;0",
    "\"x\"\t\"a \"\"y\"\"\"\t\"label\"\n 0.25\t\"0.5\"\t2.0\n1\t0\t0\n\n",
    "# x,y,labels\n0.25,.5,2\n1,0,0\n",
  ]) func `have the labels in the column of that name`(_ text: String) throws {
    let (data, statement) = try read(text)
    #expect(data.inputs == .doubles([0.25, 0.5, 1, 0]))
    #expect(data.inputShape == [2] && data.labels == [2, 0])
    #expect(statement == nil)
  }

  @Test func `have the labels in the last column otherwise, and say so`() throws {
    let plain = try read("0.25,0.5,2\n1,0,0\n")
    #expect(plain.data.inputs == .doubles([0.25, 0.5, 1, 0]) && plain.data.labels == [2, 0])
    #expect(plain.statement == "labels are the last column")
    let named = try read("x,y,kind\n0.25,0.5,2\n1,0,0\n", "data.TSV")
    #expect(named.statement == "labels are the last column, kind")
  }

  @Test(arguments: [
    ("x,y,label\n0.25,0.5,2\n1,oops,0\n", "line 3, column 2 (y) holds 'oops', which is no finite number."),
    ("0.25,0.5,2\n1,,0\n", "line 2, column 2 is empty; it needs a number."),
    ("0.25,0.5,2\n1,nan,0\n", "line 2, column 2 holds 'nan', which is no finite number. Leave such rows out"),
    ("0.25,0.5,2\n1,1e999,0\n", "line 2, column 2 holds '1e999'"),
    ("0.25,0.5,2\n1,0x1,0\n", "line 2, column 2 holds '0x1'"),
    ("0.25;0,5;2\n", "line 1, column 2 holds '0,5', which is no finite number. Write decimals with a point."),
    ("x;y;label\n0,25;0,5;2\n", "line 2, column 1 (x) holds '0,25'"),
    ("0.25,0.5,2\n1,0\n", "line 2 has 2 columns; line 1 has 3."),
    ("0.25,0.5,2\n\n1,0,0\n", "line 2 is empty."),
    ("0.25,0.5,2\n1,0,1.5\n", "line 2, column 3 holds 1.5, which is no whole number: labels count from 0."),
    ("0.25,0.5,2\n1,0,-1\n", "line 2, column 3 holds -1: labels count from 0."),
    ("0.25,0.5,2\n1,0,3\n", "line 2, column 3 holds 3: labels lie outside the 3 classes, 0 to 2."),
    (
      "x,y,label\n0.25,0.5,cat\n",
      "line 2, column 3 (label) holds 'cat', which is no finite number. Number what is text"
    ),
    ("x,y,label\n0.25,1.5,2\n", "line 2, column 2 (y) holds 1.5: inputs lie outside the bounds [0, 1]"),
    (
      "x,y,label\n0,255,2\n",
      "line 2, column 2 (y) holds 255: inputs lie outside the bounds [0, 1] of the network. "
        + "They look like bytes: divide by 255."
    ),
    ("x,y,z,label\n0,1,1,2\n", "gives inputs of 3 columns: it has shape (1, 3); the network needs (n, 2)."),
    (",x,label\n0,1,2\n", "line 1, column 1 has no name. It looks like the numbers of the rows, which pandas"),
    ("0,1,2\n0.25,0.5,2\n", "line 1 counts the columns from 0, which pandas writes"),
    ("label,x,label\n0,1,2\n", "line 1 names 2 columns of labels."),
    ("x,y,label\n", "names columns, and has no line with numbers."),
    ("0.5,oops,1\n0,1,2\n", "line 1, column 2 holds 'oops'"),
    ("", "is empty."),
    ("1\n2\n", "has one column"),
    ("x,\"y,label\n", "line 1, column 2 has a quotation mark that is not closed"),
    ("\"x\"1,y,label\n", "line 1, column 1 has a quotation mark that is not closed"),
    ("x,y,label\n0,\u{0}1,2\n", "is no text in UTF-8."),
  ]) func `that cannot be meant are refused, with line and column`(_ text: String, sentence: String) throws {
    let refusal = try refusal(text)
    #expect(refusal.hasPrefix(sentence), "\(refusal)")
  }

  @Test func `are trained on in single precision`() throws {
    try withTable("x,y,label\n0.1,0.5,1\n1,0,0\n") { path in
      let dataset = try Dataset(file: path, probe: nil)
      #expect(dataset.train.inputs == .floats([0.1, 0.5, 1, 0]))
      #expect(dataset.inputBounds == 0...1 && dataset.classCount == 2)
    }
    try withTable("x,y,label\n0.1,1e300,1\n1,0,0\n") { path in
      let error = try #require(throws: PosteriorFileError.self) { try Dataset(file: path, probe: nil) }
      #expect(error.path == "line 2, column 2 (y)")
    }
    try withTable("x,y,label\n0.1,0.5,2\n1,0,0\n") { path in
      let error = try #require(throws: PosteriorFileError.self) { try Dataset(file: path, probe: nil) }
      #expect(error.path == "column 3 (label)" && error.reason.hasPrefix("are 0, 2: 1 is none of them"))
    }
  }
}
