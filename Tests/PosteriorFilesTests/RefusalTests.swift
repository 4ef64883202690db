import Foundation
import HDF5
import PosteriorFiles
import TestSupport
import Testing

/// One tiny file per refusal; `Tests/Python/make_malformed.py` writes them with the list of what must be said.
@Suite(.inTurn) struct RefusalTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var file: String
    var path: String
    var reason: String
    var testDescription: String { file }
  }

  static let cases: [Case] = {
    guard let data = FileManager.default.contents(atPath: TestFiles.malformed("expected.json")),
      let cases = try? JSONDecoder().decode([Case].self, from: data)
    else { fatalError("Fixtures/malformed/expected.json cannot be read") }
    return cases
  }()

  @Test func `the file that the malformed ones were made from is accepted`() throws {
    #expect(PosteriorFile.verify(TestFiles.malformed("valid.h5"), probe: nil).isEmpty)
  }

  @Test(arguments: cases) func `a malformed file is refused with its place and the reason`(_ malformed: Case) throws {
    let path = TestFiles.malformed(malformed.file)
    let error = try #require(throws: PosteriorFileError.self) { try PosteriorFile.open(path, probe: nil) }
    #expect(error.file == path)
    #expect(error.path == malformed.path)
    #expect(error.reason.contains(malformed.reason), "\(error)")
  }

  @Test(arguments: cases) func `verifying finds it too`(_ malformed: Case) {
    let problems = PosteriorFile.verify(TestFiles.malformed(malformed.file), probe: nil)
    #expect(problems.contains { $0.path == malformed.path && $0.reason.contains(malformed.reason) })
  }

  @Test(arguments: cases) func `the checking process refuses it in the same words`(_ malformed: Case) throws {
    let path = TestFiles.malformed(malformed.file)
    let error = try #require(throws: PosteriorFileError.self) { try PosteriorFile.open(path, probe: TestFiles.probe) }
    #expect(error.path == malformed.path)
    #expect(error.reason.contains(malformed.reason), "\(error)")
  }

  @Test func `texts of a file neither end nor turn the line that quotes them`() throws {
    var written = WrittenFile()
    written.version = "1.0\n\u{1B}\u{2028}\u{2029}\u{202E}\u{2066}x"
    let problem = try #require(try written.findings().problems.first)
    #expect("\(problem)".contains("/@format_version is \"1.0      x\"; it needs the form 1.0."))
    let warning = PosteriorWarning(place: "/model@a\u{2028}", sentence: "is\u{202E} not applied")
    #expect("\(warning)" == "/model@a  is  not applied.")
  }

  /// The library follows what has the name of a list of scales, or of labels, without a look at its type.
  @Test(arguments: ["DIMENSION_LIST", "DIMENSION_LABELS"])
  func `an attribute that is only called like a list of scales says nothing`(_ name: String) throws {
    let written = WrittenFile()
    for value in ["", "x", String(repeating: "x", count: 300)] {
      let (problems, _) = try written.findings { file in
        try file.setAttribute(name, of: "/posterior/output.weight", to: value)
      }
      #expect(problems.isEmpty, "\(problems)")
    }
  }

  /// Packed numbers mean others: whoever is told of the type alone stores weights that are a thousand times too large.
  @Test func `packed weights are refused for their scale as well as for their type`() throws {
    var file = WrittenFile()
    file.weightElement = .int16
    let (problems, _) = try file.findings { file in
      try file.put("scale_factor", of: "/posterior/output.weight", [0.001], .float64)
    }
    let texts = problems.map { "\($0)" }
    #expect(texts.contains { $0.contains("/posterior/output.weight holds <i2; it needs to hold") }, "\(texts)")
    #expect(
      texts.contains { $0.contains("/posterior/output.weight@scale_factor is 0.001: it changes what") }, "\(texts)")
  }

  /// The library makes room for what a list says of its length, before it looks whether the file has so much.
  @Test func `a list of scales that claims to be longer than memory is refused by the checking process`() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("long.h5").path
      try WrittenFile().write(to: path) { file in
        try file.put("/posterior/draw", (0..<5).map(Double.init), [5], .int64)
        try file.makeDimensionScale("/posterior/draw", name: "draw")
        try file.attachScale("/posterior/draw", to: "/posterior/output.bias", axis: 1)
      }
      var bytes = try Data(contentsOf: URL(filePath: path))
      // The list of the second axis has one element: its length stands before the address of its values.
      let name = try #require(bytes.firstRange(of: Data("DIMENSION_LIST".utf8)))
      let found = try #require(
        (name.upperBound..<bytes.count - 12).first { place in
          guard Array(bytes[place..<place + 4]) == [1, 0, 0, 0] else { return false }
          let address = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[place + 4 + $1]) << UInt64(8 * $1) }
          return address > 512 && address < bytes.count
        })
      bytes.replaceSubrange(found..<found + 4, with: [0xFF, 0xFF, 0xFF, 0x7F])
      try bytes.write(to: URL(filePath: path))
      let error = #expect(throws: PosteriorFileError.self) { try PosteriorFile.open(path, probe: TestFiles.probe) }
      #expect("\(try #require(error))".contains("has a list of dimension scales that cannot be read"), "\(error!)")
    }
  }

  @Test func `the sentence names file, path, reason and author`() throws {
    let error = try #require(throws: PosteriorFileError.self) {
      try PosteriorFile.open(TestFiles.malformed("weight-shape.h5"), probe: nil)
    }
    #expect(
      "\(error)"
        == "\(TestFiles.malformed("weight-shape.h5")): /posterior/output.weight has shape (2, 2, 3, 2); the architecture needs (chains, draws, 2, 3). "
        + "The file was written by make_malformed 1.")
  }

  @Test func `a changed file is read when that is asked for, and says so`() throws {
    let path = TestFiles.malformed("changed-provenance.h5")
    #expect(try PosteriorFile.open(path, acceptChanged: true, probe: nil).integrity == .changed)
    #expect(try PosteriorFile.open(path, acceptChanged: true, probe: TestFiles.probe).integrity == .changed)
  }

  @Test func `a folder, a missing file and a pipe are refused at once`() throws {
    try withFolder { folder in
      let pipe = folder.appendingPathComponent("pipe").path
      #expect(mkfifo(pipe, 0o600) == 0)
      for path in [folder.path, folder.appendingPathComponent("nothing").path, pipe] {
        #expect(throws: PosteriorFileError.self) { try PosteriorFile.open(path, probe: nil) }
      }
    }
  }
}
