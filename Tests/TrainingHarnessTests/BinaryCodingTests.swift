import RobustnessCore
import TestSupport
import Testing

@testable import TrainingHarness

/// States of samplers come back from the journal as they were, to the bit.
@Suite(.inTurn) struct `The binary coding of states` {
  struct Inner: Codable, Equatable {
    var flag = true
    var text = "é\0"
    var optional: Int?
    var numbers: [Float] = []
  }

  enum Phase: Codable, Equatable {
    case idle
    case working(step: Int, of: [Double])
  }

  struct Everything: Codable, Equatable {
    var inner = Inner()
    var list = [Inner(optional: 3), Inner(numbers: [1, 2])]
    var nested: [[Float]] = [[1], [], [2, 3]]
    var doubles: [Double] = [1, -0.0, .infinity]
    var small: Int8 = -128
    var large = UInt64.max
    var integers = [Int.min, 0, Int.max]
    var bytes: [UInt8] = [0, 255]
    var names = ["a": 1.5, "b": 2]
    var phase = Phase.working(step: 4, of: [0.1])
    var idle = Phase.idle
    var missing: [Float]?
    var present: [Float]? = [7]
    var empty: [String] = []
    var optionals: [Int?] = [1, nil, 3]
    var single: Float = 0.1
    var unsigned: [UInt32] = [1, 2]
  }

  @Test func `every kind of value comes back`() throws {
    let value = Everything()
    let decoded = try BinaryDecoder.decode(Everything.self, from: try BinaryEncoder.encode(value))
    #expect(decoded == value)
    #expect(decoded.doubles[1].sign == .minus)
  }

  @Test func `numbers that are none keep their bits`() throws {
    let floats = [Float(bitPattern: 0x7FC0_1234), Float(bitPattern: 0xFF80_0001), -0.0]
    let doubles = [Double(bitPattern: 0x7FF8_0000_DEAD_BEEF), Double(bitPattern: 0xFFF0_0000_0000_0001)]
    struct Numbers: Codable {
      var floats: [Float]
      var doubles: [Double]
      var one: Double
      var two: Float
    }
    let bytes = try BinaryEncoder.encode(Numbers(floats: floats, doubles: doubles, one: doubles[0], two: floats[0]))
    let decoded = try BinaryDecoder.decode(Numbers.self, from: bytes)
    #expect(decoded.floats.map(\.bitPattern) == floats.map(\.bitPattern))
    #expect(decoded.doubles.map(\.bitPattern) == doubles.map(\.bitPattern))
    #expect(decoded.one.bitPattern == doubles[0].bitPattern)
    #expect(decoded.two.bitPattern == floats[0].bitPattern)
  }

  @Test func `arrays of numbers take their own size and little more`() throws {
    let bytes = try BinaryEncoder.encode([Float](repeating: 1, count: 1000))
    #expect(bytes.count == 4 * 1000 + 9)
  }

  @Test func `bytes that are cut or of another type are an error`() throws {
    let bytes = try BinaryEncoder.encode(Everything())
    for count in 0..<bytes.count {
      #expect(throws: DecodingError.self) { try BinaryDecoder.decode(Everything.self, from: Array(bytes[..<count])) }
    }
    #expect(throws: DecodingError.self) { try BinaryDecoder.decode(Everything.self, from: bytes + [0]) }
    #expect(throws: DecodingError.self) {
      try BinaryDecoder.decode([Double].self, from: try BinaryEncoder.encode([Float](repeating: 0, count: 2)))
    }
    #expect(throws: DecodingError.self) {
      try BinaryDecoder.decode(Int8.self, from: try BinaryEncoder.encode(300))
    }
  }

  @Test func `damaged bytes are an error or another value, never a crash`() throws {
    let bytes = try BinaryEncoder.encode(Everything())
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= 0xFF
      _ = try? BinaryDecoder.decode(Everything.self, from: damaged)
    }
  }

  /// The examples of a run as journals have had them from the first version on.
  struct JournalledExamples: Codable {
    var bytes: [UInt8]?
    var floats: [Float]?
    var labels: [Int]
  }

  @Test(arguments: [
    (StoredNumbers.bytes([1, 2, 3, 4]), JournalledExamples(bytes: [1, 2, 3, 4], labels: [1, 0])),
    (.floats([0.5, 1, 0, 0.25]), JournalledExamples(floats: [0.5, 1, 0, 0.25], labels: [1, 0])),
  ])
  func `examples in a journal keep their form, and those of older runs are read`(
    _ inputs: StoredNumbers, _ older: JournalledExamples
  ) throws {
    let data = LabelledData(inputs: inputs, inputShape: [2], labels: [1, 0], inputBounds: 0...1)
    let bytes = try BinaryEncoder.encode(older)
    #expect(try BinaryEncoder.encode(Publication.Evaluation(data)) == bytes)
    let read = try BinaryDecoder.decode(Publication.Evaluation.self, from: bytes)
    #expect(read.data(inputShape: [2], inputBounds: 0...1) == data)
    #expect(read.data(inputShape: [3], inputBounds: 0...1) == nil)
  }
}
