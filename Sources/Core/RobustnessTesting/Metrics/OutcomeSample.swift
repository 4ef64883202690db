import RobustnessCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Outcomes of an attack that are made up, but consistent: the predictive is the mean of the members, decisions are its
/// largest class, perturbations keep to the ball.
struct OutcomeSample {
  enum Kind: CaseIterable {
    /// Some examples are decided correctly, some of them fooled.
    case mixed
    /// Every decision correct, before and after.
    case nobodyFooled
    /// Every decision correct before and wrong after.
    case everybodyFooled
    /// Every probability is 0 or 1, some on the wrong class.
    case certain
  }

  var count = 12
  var classes = 4
  var inputShape = [5]
  var kind = Kind.mixed
  var isReversed = false

  private static let draws = 3
  private var streams: RandomStreams { RandomStreams(seed: 41, purpose: "conformance/outcomes") }

  func outcomes(members: Bool) throws -> Outcomes {
    let order = isReversed ? Array((0..<count).reversed()) : Array(0..<count)
    let labels = order.map { $0 % classes }
    let threat = try ThreatModel(epsilon: 0.1)
    let clean = observations(order, labels, isAdversarial: false, members)
    let adversarial = observations(order, labels, isAdversarial: true, members)
    return Outcomes(
      labels: labels, clean: clean, adversarial: adversarial,
      fooledByAnyQuery: zip(adversarial.decisions, labels).map { $0 != $1 }, threat: threat, memberGradients: 100)
  }

  /// The class that the members of example `index` lean to.
  private func favourite(_ index: Int, _ label: Int, isAdversarial: Bool) -> Int {
    let other = (label + 1) % classes
    switch kind {
    case .nobodyFooled: return label
    case .everybodyFooled: return isAdversarial ? other : label
    case .mixed, .certain: return index % 5 == 4 || isAdversarial && index % 2 == 1 ? other : label
    }
  }

  private func observations(_ order: [Int], _ labels: [Int], isAdversarial: Bool, _ members: Bool) -> Observations {
    let size = inputShape.reduce(1, *)
    var inputs: [Double] = []
    var logits = [[[Double]]](repeating: [], count: Self.draws)
    for (position, index) in order.enumerated() {
      var stream = streams.stream(example: index)
      let clean = stream.uniforms(size).map { 0.2 + 0.6 * $0 }
      inputs += isAdversarial ? zip(clean, stream.uniforms(size)).map { $0 + 0.2 * ($1 - 0.5) } : clean
      let favourite = favourite(index, labels[position], isAdversarial: isAdversarial)
      for draw in 0..<Self.draws {
        var row = stream.uniforms(classes)
        row[favourite] += 2
        logits[draw].append(kind == .certain ? row.indices.map { $0 == favourite ? 0 : -.infinity } : row)
      }
    }
    let logProbabilities = logits.map { $0.map { logSoftmax($0) } }
    let mean = order.indices.flatMap { row in
      (0..<classes).map { k in logSumExp(logProbabilities.map { $0[row][k] }) - log(Double(Self.draws)) }
    }
    var votes = Tensor(zeros: [order.count, classes])
    for draw in logProbabilities {
      for (row, values) in draw.enumerated() { votes[row, values.indices.max { values[$0] < values[$1] } ?? 0] += 1 }
    }
    let prediction = Prediction(
      logProbabilities: Tensor(shape: [order.count, classes], elements: mean), votes: votes)
    return Observations(
      inputs: Tensor(shape: [order.count] + inputShape, elements: inputs), prediction: prediction,
      decisions: prediction.classes(.predictive),
      memberLogProbabilities: members
        ? Tensor(
          shape: [Self.draws, order.count, classes], elements: logProbabilities.flatMap { $0.flatMap { $0 } }) : nil)
  }
}
