package import RobustnessCore

/// What a certificate proves by itself, without an evaluation around it: for results that are put together from several
/// runs, or judged again.
extension Evaluator {
  /// How far each example is certified, up to the largest of `epsilons`. No attack's points guide the certificate, so
  /// that the answer follows from the posterior and the examples alone.
  ///
  /// - Parameters:
  ///   - epsilons: In ascending order.
  ///   - mask: Which numbers of an input may change; nil for all of them.
  /// - Throws: ``BoundsUnavailable`` where a layer has no bounds.
  package func certifiedRadii(
    _ request: CertificateRequest, _ norm: Norm, epsilons: [Double], mask: [Bool]? = nil
  ) throws -> CertifiedRadii {
    let labels = subject.examples.labels
    let isCorrect = try zip(observe(subject.examples.inputs).decisions, labels).map { $0 == $1 }
    let run = CertificateRun(
      evaluator: self, request: request, norm: norm, epsilons: epsilons,
      rows: isCorrect.indices.filter { isCorrect[$0] }, suspects: nil, mask: mask)
    let clock = ContinuousClock()
    var found: [CertificateRun.Finding] = []
    let duration = try clock.measure { found = try run.findings(known: [:]) { _, _ in } }
    return radii(run, found, isCorrect, seconds: duration.inSeconds)
  }

  /// What the certificate says of some examples, in a ball of a radius of its own for each.
  ///
  /// - Parameters:
  ///   - rows: Places of the examples.
  ///   - radii: One for each of them, at most `largest`.
  ///   - largest: The largest radius that was asked for when these were found.
  /// - Throws: ``BoundsUnavailable`` where a layer has no bounds.
  package func certified(
    _ request: CertificateRequest, _ norm: Norm, rows: [Int], radii: [Double], largest: Double
  ) throws -> [CertifiedExample] {
    let run = CertificateRun(
      evaluator: self, request: request, norm: norm, epsilons: [largest], rows: rows, suspects: nil)
    return try run.certified(at: radii)
  }

  /// The first example that a point fools within the radius up to which the example is said to be certified: judged in
  /// double precision, in the exact ball.
  ///
  /// - Parameters:
  ///   - points: What an attack returned, of the inputs' shape.
  ///   - attack: What it is called.
  ///   - certificate: What is said to have certified the examples.
  ///   - radii: One for each example; 0 where nothing is said.
  /// - Returns: nil where nothing contradicts.
  package func contradiction(
    by points: Tensor, of attack: String, to certificate: CertificateRequest, _ norm: Norm, radii: [Double]
  ) throws -> CertificateContradiction? {
    let inputs = subject.examples.inputs
    let labels = subject.examples.labels
    guard let largest = radii.max(), largest > 0 else { return nil }
    let threat = try threat(norm, largest)
    let distances = threat.distances(points, from: inputs)
    // A little outside, and brought in: an attack keeps to its ball in single precision.
    let near = labels.indices.filter { radii[$0] > 0 && distances[$0] <= radii[$0] * (1 + 1e-5) + 1e-12 }
    guard !near.isEmpty else { return nil }
    var inside = points.rows(near)
    threat.project(&inside, around: inputs.rows(near), radii: near.map { radii[$0] })
    let decisions = try observe(inside).decisions
    for (place, row) in near.enumerated() where decisions[place] != labels[row] {
      let again = try certified(certificate, norm, rows: [row], radii: [radii[row]], largest: largest)[0]
      let claim = CertifiedBall(
        certificate: certificate.certificate.name, isSingle: certificate.certifiesSinglePrecision, norm: norm,
        epsilon: radii[row], slack: again.slack, example: row)
      if let found = try contradiction(of: claim, by: points.rows([row]), of: attack) { return found }
    }
    return nil
  }
}

extension Duration {
  /// In seconds.
  var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
