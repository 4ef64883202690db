import NeuralNetworks
import RobustnessCore
import Synchronization

/// One certificate on the examples of an evaluation, in all balls of one norm.
///
/// Examples are taken in blocks of a fixed size, which are spread over the threads; an example's result depends neither
/// on its block nor on the threads. A ball that is certified certifies every smaller one, so that ε is taken from the
/// largest on; then each example's own radius is looked for by bisection.
struct CertificateRun: Sendable {
  /// What is known about one example.
  struct Finding: Codable, Sendable {
    /// At each ε, in the order asked for; what was certified in a larger ball is not asked again.
    var atEpsilons: [CertifiedExample?]
    var radius: Double
    var multiplications: Double
    /// What a reader should know about how it was found.
    var notes: Set<String> = []
  }

  let evaluator: Evaluator
  let request: CertificateRequest
  let norm: Norm
  /// Ascending.
  let epsilons: [Double]
  /// Examples that are decided rightly as they are: no other can be certified.
  let rows: [Int]
  /// Points that attacks have found or ended at, of the inputs' shape.
  let suspects: Tensor?
  /// Which numbers of an input may change; nil for all of them.
  var mask: [Bool]?

  static let blockSize = 16

  private var subject: EvaluationSubject { evaluator.subject }

  /// Findings for the rows, in their order.
  ///
  /// - Parameter known: What an earlier process has found, by block; `keep` is told what this one does.
  func findings(known: [Int: [Finding]], keep: @Sendable (Int, [Finding]) throws -> Void) throws -> [Finding] {
    guard let bounded = subject.ensemble as? any BoundedEnsemble else {
      throw BoundsUnavailable(layer: "of \(subject.name), which does not offer its draws as steps with bounds")
    }
    return try findings(of: cached(bounded), known, keep)
  }

  private func cached<Base: BoundedEnsemble>(_ base: Base) -> any BoundedEnsemble {
    BoundsCache(base, room: evaluator.plan.certificateCacheBytes)
  }

  private func findings(
    of ensemble: any BoundedEnsemble, _ known: [Int: [Finding]], _ keep: @Sendable (Int, [Finding]) throws -> Void
  ) throws -> [Finding] {
    let starts = Array(stride(from: 0, to: rows.count, by: Self.blockSize))
    let blocks = starts.map { Array(rows[$0..<min($0 + Self.blockSize, rows.count)]) }
    let open = starts.indices.filter { known[$0]?.count != blocks[$0].count }
    struct State {
      var next = 0
      var done: [Int: [Finding]] = [:]
      var hasFailed = false
    }
    let state = Mutex(State(done: known))
    let workers = max(1, min(subject.threads ?? ProcessorAllowance.current.threads, open.count))
    try WorkerTeam(count: workers).perform { _ in
      func next() -> Int? {
        state.withLock { state in
          guard !state.hasFailed, state.next < open.count else { return nil }
          defer { state.next += 1 }
          return open[state.next]
        }
      }
      while let block = next() {
        do {
          let found = try certify(blocks[block], of: ensemble)
          try keep(block, found)
          let examples = state.withLock { state in
            state.done[block] = found
            return state.done.values.reduce(0) { $0 + $1.count }
          }
          evaluator.progress.willRun("\(request.text) · \(norm.symbol) · \(examples) of \(rows.count) examples")
        } catch {
          // The others end with the block that they are at.
          state.withLock { $0.hasFailed = true }
          throw error
        }
      }
    }
    return state.withLock { state in blocks.indices.flatMap { state.done[$0] ?? [] } }
  }

  // MARK: - One block

  private func certify(_ rows: [Int], of ensemble: some BoundedEnsemble) throws -> [Finding] {
    func open<C: RobustnessCertificate>(_ type: C.Type) throws -> [Finding] {
      try certify(rows, of: ensemble, by: try C(try C.Options(assignments: request.assignments)))
    }
    return try open(request.certificate)
  }

  private func certify(
    _ rows: [Int], of ensemble: some BoundedEnsemble, by certificate: some RobustnessCertificate
  ) throws -> [Finding] {
    let examples = subject.examples.subset(rows)
    var threat = try evaluator.threat(norm, epsilons.last ?? 0)
    threat.mask = mask
    let points = suspects?.rows(rows)
    var work = 0.0
    var notes = Set<String>()
    func ask(_ positions: [Int], _ radii: [Double]) throws -> [CertifiedExample] {
      try evaluator.progress.checkForInterruption()
      var question = CertificateQuestion(
        threat: threat, radii: radii, draws: evaluator.evaluationDraws, decision: evaluator.plan.decision,
        suspects: points?.rows(positions))
      question.interruption = evaluator.progress.checkForInterruption
      let found = try certificate.certify(examples.subset(positions), question, of: ensemble)
      precondition(found.examples.count == positions.count, "a certificate says something about each example")
      work += found.multiplications
      notes.formUnion(found.notes)
      return found.examples
    }

    var findings = rows.map { _ in
      Finding(atEpsilons: [CertifiedExample?](repeating: nil, count: epsilons.count), radius: 0, multiplications: 0)
    }
    // Between what is certified and what is not.
    var low = [Double](repeating: 0, count: rows.count)
    var high = [Double](repeating: .infinity, count: rows.count)
    for index in epsilons.indices.reversed() {
      let positions = rows.indices.filter { low[$0] == 0 }
      guard !positions.isEmpty else { break }
      let found = try ask(positions, positions.map { _ in epsilons[index] })
      for (position, example) in zip(positions, found) {
        findings[position].atEpsilons[index] = example
        if example.isCertified { low[position] = epsilons[index] } else { high[position] = epsilons[index] }
      }
    }
    let largest = epsilons.last ?? 0
    while true {
      let positions = rows.indices.filter { position in
        high[position] < .infinity && high[position] > largest * 1e-4
          && high[position] - low[position] > CertifiedRadii.precision * high[position]
      }
      guard !positions.isEmpty else { break }
      let middles = positions.map { low[$0] > 0 ? (low[$0] * high[$0]).squareRoot() : high[$0] / 2 }
      let found = try ask(positions, middles)
      for (place, position) in positions.enumerated() {
        if found[place].isCertified { low[position] = middles[place] } else { high[position] = middles[place] }
      }
    }
    for position in rows.indices {
      findings[position].radius = low[position]
      findings[position].multiplications = work / Double(rows.count)
      findings[position].notes = notes
    }
    return findings
  }
}
