import NeuralNetworks
import RobustnessCore
import Synchronization

/// One certificate on the examples of an evaluation, in all balls of one norm.
///
/// Examples are taken in blocks of a fixed size, which are spread over the threads; an example's result depends neither
/// on its block nor on the threads. Every ε is asked about; then each example's own radius is looked for by bisection
/// between the largest that is certified and the next.
struct CertificateRun: Sendable {
  /// What is known about one example.
  struct Finding: Codable, Sendable {
    /// At each ε, in the order asked for.
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
    try findings(of: cached(bounded), known, keep)
  }

  private var bounded: any BoundedEnsemble {
    get throws {
      guard let bounded = subject.ensemble as? any BoundedEnsemble else {
        throw BoundsUnavailable(layer: "of \(subject.name), which does not offer its draws as steps with bounds")
      }
      return bounded
    }
  }

  private func cached<Base: BoundedEnsemble>(_ base: Base) -> any BoundedEnsemble {
    BoundsCache(base, room: evaluator.plan.certificateCacheBytes)
  }

  private func findings(
    of ensemble: any BoundedEnsemble, _ known: [Int: [Finding]], _ keep: @Sendable (Int, [Finding]) throws -> Void
  ) throws -> [Finding] {
    try inBlocks(known: known) { number, places in
      let found = try certify(places.map { rows[$0] }, of: ensemble)
      try keep(number, found)
      return found
    }
  }

  /// Whether each row is certified in a ball of a radius of its own, and nothing else.
  ///
  /// - Throws: ``BoundsUnavailable`` where a layer has no bounds.
  func certified(at radii: [Double]) throws -> [CertifiedExample] {
    let bounded = cached(try bounded)
    return try inBlocks(known: [:]) { _, places in
      try asked(places.map { rows[$0] }, at: places.map { radii[$0] }, of: bounded)
    }
  }

  /// Calls `body` for each block of places among the rows that is not known yet, over all workers.
  private func inBlocks<Found: Sendable>(
    known: [Int: [Found]], _ body: @Sendable (_ number: Int, _ places: [Int]) throws -> [Found]
  ) throws -> [Found] {
    let starts = Array(stride(from: 0, to: rows.count, by: Self.blockSize))
    let blocks = starts.map { Array($0..<min($0 + Self.blockSize, rows.count)) }
    let open = starts.indices.filter { known[$0]?.count != blocks[$0].count }
    let state = Mutex((next: 0, done: known, hasFailed: false))
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
          let found = try body(block, blocks[block])
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

  private func asked(
    _ rows: [Int], at radii: [Double], of ensemble: some BoundedEnsemble
  ) throws -> [CertifiedExample] {
    func open<C: RobustnessCertificate>(_ type: C.Type) throws -> [CertifiedExample] {
      try ask(try C(try C.Options(assignments: request.assignments)), rows, radii, of: ensemble).examples
    }
    return try open(request.certificate)
  }

  private func ask(
    _ certificate: some RobustnessCertificate, _ rows: [Int], _ radii: [Double], of ensemble: some BoundedEnsemble
  ) throws -> Certification {
    try evaluator.progress.checkForInterruption()
    var threat = try evaluator.threat(norm, epsilons.last ?? 0)
    threat.mask = mask
    var question = CertificateQuestion(
      threat: threat, radii: radii, draws: evaluator.evaluationDraws,
      decision: evaluator.plan.decision, suspects: suspects?.rows(rows))
    question.interruption = evaluator.progress.checkForInterruption
    let found = try certificate.certify(subject.examples.subset(rows), question, of: ensemble)
    precondition(found.examples.count == rows.count, "a certificate says something about each example")
    return found
  }

  private func certify(_ rows: [Int], of ensemble: some BoundedEnsemble) throws -> [Finding] {
    func open<C: RobustnessCertificate>(_ type: C.Type) throws -> [Finding] {
      try certify(rows, of: ensemble, by: try C(try C.Options(assignments: request.assignments)))
    }
    return try open(request.certificate)
  }

  private func certify(
    _ rows: [Int], of ensemble: some BoundedEnsemble, by certificate: some RobustnessCertificate
  ) throws -> [Finding] {
    var work = 0.0
    var notes = Set<String>()
    func ask(_ positions: [Int], _ radii: [Double]) throws -> [CertifiedExample] {
      let found = try self.ask(certificate, positions.map { rows[$0] }, radii, of: ensemble)
      work += found.multiplications
      notes.formUnion(found.notes)
      return found.examples
    }

    var findings = rows.map { _ in
      Finding(atEpsilons: [CertifiedExample?](repeating: nil, count: epsilons.count), radius: 0, multiplications: 0)
    }
    // No ball is larger than what the box leaves of it, whatever ε was asked for.
    var largest = try evaluator.threat(norm, epsilons.last ?? 0)
    largest.mask = mask
    let reach = zip(rows, largest.largestPerturbations(of: subject.examples.inputs.rows(rows))).map {
      largest.epsilonPerFeature == nil ? min(largest.epsilon, $1) : largest.epsilon
    }
    // Between what is certified and what is not.
    var low = [Double](repeating: 0, count: rows.count)
    var high = [Double](repeating: .infinity, count: rows.count)
    // Every ball is asked about, though one that is certified certifies the smaller ones: margins and the draws that are
    // safe by themselves differ.
    for index in epsilons.indices.reversed() {
      let found = try ask(Array(rows.indices), rows.map { _ in epsilons[index] })
      for (position, example) in found.enumerated() {
        findings[position].atEpsilons[index] = example
        if low[position] > 0 { continue }
        if example.isCertified {
          low[position] = epsilons[index]
        } else {
          high[position] = min(epsilons[index], reach[position])
        }
      }
    }
    while true {
      let positions = rows.indices.filter { position in
        high[position] < .infinity && high[position] > reach[position] * 1e-4
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
