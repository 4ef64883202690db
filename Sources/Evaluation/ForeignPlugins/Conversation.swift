import CRobustnessPlugin
import Foundation
import RobustnessCore

/// One call of a plugin's `perturb`: what it is given, and the answers to what it asks.
///
/// C knows no generic types, so that its callbacks see this class; `OracleConversation` has the oracle.
class Conversation {
  let examples: Examples
  let threat: ThreatModel
  let random: RandomStreams
  private let thread = pthread_self()
  /// The first thing that went wrong, whatever the plugin makes of it.
  private var failure: (any Error)?

  init(_ examples: Examples, _ threat: ThreatModel, _ random: RandomStreams) {
    self.examples = examples
    self.threat = threat
    self.random = random
  }

  var classCount: Int { preconditionFailure("a conversation has an oracle") }
  func ascent(_ points: Tensor, _ rows: [Int], _ objective: Objective?) throws -> Ascent {
    preconditionFailure("a conversation has an oracle")
  }
  func values(_ points: Tensor, _ rows: [Int], _ objective: Objective?) throws -> Values {
    preconditionFailure("a conversation has an oracle")
  }
  func logProbabilities(_ points: Tensor, _ rows: [Int]) throws -> Tensor {
    preconditionFailure("a conversation has an oracle")
  }

  // MARK: - The call

  /// Calls the plugin.
  ///
  /// - Throws: what an answer threw; else `CoreError` for an attack that says that it failed, that asked wrongly, or
  ///   that wrote where it must not.
  func run(_ attack: ForeignAttackDescription, options: [Double]) throws -> Tensor {
    let inputs = GuardedNumbers(examples.inputs.elements)
    let points = GuardedNumbers(examples.inputs.elements)
    var message = [CChar](repeating: 0, count: 512)
    // Arrays that a plugin reads: kept until it returns, like everything else in `problem`.
    var kept: [AnyObject] = [self, inputs, points]
    func keep<Number>(_ numbers: [Number]?) -> UnsafePointer<Number>? {
      guard let numbers else { return nil }
      let array = KeptArray(numbers)
      kept.append(array)
      return UnsafePointer(array.memory)
    }
    var problem = robustness_problem()
    problem.size = MemoryLayout<robustness_problem>.stride
    problem.example_count = examples.count
    problem.input_size = examples.inputs.rowSize
    problem.dimensions = examples.inputs.rowShape.count
    problem.class_count = classCount
    problem.shape = keep(examples.inputs.rowShape)
    problem.inputs = UnsafePointer(inputs.numbers)
    problem.labels = keep(examples.labels.map(Int64.init))
    problem.targets = threat.goal == .targeted ? keep(examples.targets?.map(Int64.init)) : nil
    problem.norm = Int32(threat.norm == .linf ? ROBUSTNESS_NORM_LINF : ROBUSTNESS_NORM_L2)
    problem.epsilon = threat.epsilon
    problem.box_low = threat.box.lowerBound
    problem.box_high = threat.box.upperBound
    problem.feature_epsilon = keep(threat.epsilonPerFeature)
    problem.feature_low = keep(threat.boxPerFeature?.map(\.lowerBound))
    problem.feature_high = keep(threat.boxPerFeature?.map(\.upperBound))
    problem.feature_mask = keep(threat.mask?.map { $0 ? 1 : 0 })
    problem.options = keep(options)
    problem.context = Unmanaged.passUnretained(self).toOpaque()
    setCallbacks(&problem)
    let status = withExtendedLifetime(kept) { attack.perturb(&problem, points.numbers, &message, message.count) }
    // An interruption, or what the model could not answer, whatever the plugin returned.
    if let failure { throw failure }
    let margins = points.isIntact && inputs.isIntact
    guard margins, inputs.holds(examples.inputs.elements) else {
      throw CoreError(
        margins
          ? "it wrote to the inputs, which are not its own"
          : "it wrote past the \(examples.inputs.elements.count) numbers that are its own")
    }
    guard status == ROBUSTNESS_OK else {
      message[message.count - 1] = 0
      let sentence = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        .filter { !$0.isNewline && $0 != "\u{1b}" }
      throw CoreError(sentence.isEmpty ? "it returned \(status)" : sentence)
    }
    return Tensor(shape: examples.inputs.shape, elements: points.elements)
  }

  // MARK: - What callbacks share

  /// An answer, or the number that stands for what went wrong.
  func answer(_ body: () throws -> Void) -> Int32 {
    guard pthread_equal(thread, pthread_self()) != 0 else {
      // `failure` belongs to the other thread.
      return Int32(ROBUSTNESS_WRONG_THREAD)
    }
    if failure != nil { return Int32(ROBUSTNESS_STOP) }
    do {
      try body()
      return Int32(ROBUSTNESS_OK)
    } catch {
      failure = error
      return Int32(error is BadQuery ? ROBUSTNESS_BAD_QUERY : ROBUSTNESS_STOP)
    }
  }

  /// The points of a question and the examples that they are candidates for. The rows first: they bound how much is
  /// read.
  func question(
    _ points: UnsafePointer<Double>?, _ rows: UnsafePointer<Int64>?, _ count: Int
  ) throws -> (points: Tensor, rows: [Int]) {
    let rows = try self.rows(rows, count)
    return (try self.points(points, count), rows)
  }

  private func points(_ pointer: UnsafePointer<Double>?, _ count: Int) throws -> Tensor {
    let size = examples.inputs.rowSize
    guard let pointer, count > 0, !count.multipliedReportingOverflow(by: 8 * size).overflow else {
      throw BadQuery("it asked about \(count) points at a null pointer, or about none")
    }
    return Tensor(
      shape: [count] + examples.inputs.rowShape,
      elements: Array(UnsafeBufferPointer(start: pointer, count: count * size)))
  }

  private func rows(_ pointer: UnsafePointer<Int64>?, _ count: Int) throws -> [Int] {
    guard count <= examples.count || pointer != nil else {
      throw BadQuery("it asked about \(count) points without rows; there are \(examples.count) examples")
    }
    guard let pointer else { return Array(0..<count) }
    return try UnsafeBufferPointer(start: pointer, count: count).map { row in
      guard (0..<Int64(examples.count)).contains(row) else {
        throw BadQuery("it asked about example \(row); there are \(examples.count), from 0")
      }
      return Int(row)
    }
  }

  func objective(_ name: UnsafePointer<CChar>?) throws -> Objective? {
    guard let name else { return nil }
    let text = String(cString: name)
    guard let objective = Objective(rawValue: text) else {
      throw BadQuery(
        "it asked for an objective '\(text)'; there are \(Objective.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return objective
  }
}

/// An array at an address of its own.
private final class KeptArray<Number> {
  let memory: UnsafeMutablePointer<Number>
  private let count: Int

  init(_ numbers: [Number]) {
    count = numbers.count
    memory = .allocate(capacity: max(1, count))
    numbers.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { memory.initialize(from: base, count: count) }
    }
  }

  deinit { memory.deallocate() }
}

/// A question that makes no sense: the plugin's fault.
struct BadQuery: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// A conversation with the oracle of the harness.
final class OracleConversation<Oracle: AttackOracle>: Conversation {
  private(set) var oracle: Oracle

  init(_ oracle: Oracle, _ examples: Examples, _ threat: ThreatModel, _ random: RandomStreams) {
    self.oracle = oracle
    super.init(examples, threat, random)
  }

  override var classCount: Int { oracle.classCount }
  override func ascent(_ points: Tensor, _ rows: [Int], _ objective: Objective?) throws -> Ascent {
    try oracle.ascent(points, of: rows, objective: objective)
  }
  override func values(_ points: Tensor, _ rows: [Int], _ objective: Objective?) throws -> Values {
    try oracle.values(points, of: rows, objective: objective)
  }
  override func logProbabilities(_ points: Tensor, _ rows: [Int]) throws -> Tensor {
    try oracle.logProbabilities(points, of: rows)
  }
}
