import IntervalBounds
import LinearBounds
import RobustnessCore
import TestSupport
import Testing

@testable import BoundPropagation
@testable import NeuralNetworks

@Suite(.inTurn) struct `Every type of layer` {
  /// Layers for which this package knows no bounds.
  static let without: Set<String> = [
    "softmax", "matmul", "multiply", "layer_norm", "group_norm", "rms_norm", "filter_response_norm",
  ]

  @Test func `has bounds, or says by name that it has none`() throws {
    var bounded = 0
    var named = Set<String>()
    for answer in LayerAnswer.all {
      do {
        _ = try answer.ensemble.boundedMember(0)
        bounded += 1
      } catch let error as BoundsUnavailable {
        let word = error.layer.split(separator: "(").last.map { String($0.dropLast()) } ?? ""
        #expect(Self.without.contains(word), "\(answer.name): \(error)")
        named.insert(word)
      }
    }
    #expect(bounded >= 110)
    #expect(named == Self.without)
  }

  /// At a point the enclosures are points, and these are PyTorch's logits.
  @Test(arguments: LayerAnswer.bounded) func `gives the known logits at a point`(_ answer: LayerAnswer) throws {
    let threat = try ThreatModel(epsilon: 0, box: answer.box)
    let region = try InputRegion(answer.examples, answer.question(threat))
    let (rows, classes) = (answer.examples.count, answer.ensemble.classCount)
    for draw in 0..<answer.ensemble.drawCount {
      let pass = BoundPass(try answer.ensemble.boundedMember(draw), over: region, hidden: .intervals)
      for row in 0..<rows {
        let (l, u) = pass.interval(pass.logits, example: row)
        let start = (draw * rows + row) * classes
        let known = answer.logits.elements[start..<start + classes]
        for (z, (low, high)) in zip(known, zip(l, u)) {
          let size = max(1, abs(z))
          // PyTorch rounds as well.
          #expect(low <= z + 1e-12 * size && z - 1e-12 * size <= high)
          #expect(high - low < 1e-9 * size)
        }
      }
    }
  }

  /// M by its columns, by its rows and by its magnitudes is one matrix, and no row or column is longer than it says.
  static func check(_ map: any LinearMap, _ name: String) {
    let (n, m) = (map.inputCount, map.outputCount)
    func identity(_ size: Int) -> [Double] {
      (0..<size * size).map { $0 / size == $0 % size ? 1 : 0 }
    }
    var byColumn = [Double](repeating: 7, count: n * m)
    var magnitudes = byColumn
    var byRow = byColumn
    map.apply(identity(n), rows: n, to: &byColumn)
    map.applyMagnitudes(identity(n), rows: n, to: &magnitudes)
    map.applyTransposed(identity(m), rows: m, to: &byRow)
    var row = [Double](repeating: 7, count: n)
    var columnLengths = [Int](repeating: 0, count: n)
    for j in 0..<m {
      map.copyRow(j, to: &row)
      let isSame = (0..<n).allSatisfy { i in
        let element = byColumn[i * m + j]
        return byRow[j * n + i] == element && row[i] == element && magnitudes[i * m + j] == abs(element)
      }
      #expect(isSame, "\(name), row \(j)")
      #expect((0..<n).count { row[$0] != 0 } <= map.longestRow, "\(name)")
      for i in 0..<n where row[i] != 0 { columnLengths[i] += 1 }
    }
    #expect(columnLengths.allSatisfy { $0 <= map.longestColumn }, "\(name)")
  }

  @Test(arguments: LayerAnswer.bounded) func `is one matrix however it is applied`(_ answer: LayerAnswer) throws {
    for step in try answer.ensemble.boundedMember(1).steps {
      guard case .affine(let affine) = step.operation else { continue }
      for map in affine.terms.map(\.map) where map.inputCount * map.outputCount < 40_000 {
        Self.check(map, step.name)
      }
    }
  }

  /// What no layer of the files happens to need.
  @Test func `and so are maps that take elements more than once`() {
    Self.check(GatherMap([0, 0, 2, -1, 0, 2], inputCount: 3), "gather")
    Self.check(MeanMap([[0, 1, 2], [1, 2], [1]], divisors: [3, 3, 1], inputCount: 4), "mean")
    Self.check(DiagonalMap([2, -3], positions: 3), "diagonal")
    Self.check(DenseMap([1, -2, 3, 4, 5, -6], outputs: 2, inputs: 3, tokens: 2), "dense")
    Self.check(IdentityMap(inputCount: 3), "identity")
  }

  /// Logits and their differences at random and corner points of the ball lie in what is known about them, and steps
  /// along the gradient fool nothing that is certified.
  @Test(arguments: LayerAnswer.bounded) func `holds all over the ball`(_ answer: LayerAnswer) throws {
    var numbers = Numbers(81)
    let (ensemble, examples) = (answer.ensemble, answer.examples)
    let size = Double(examples.inputs.rowSize).squareRoot()
    for (norm, relative) in [(Norm.linf, 0.02), (.l2, 0.02), (.linf, 0.3)] {
      let threat = try ThreatModel(
        norm: norm, epsilon: relative * (norm == .l2 ? size : 1), box: answer.box)
      let region = try InputRegion(examples, answer.question(threat))
      let points = (0..<6).map { trial in
        var points = examples.inputs
        for index in points.elements.indices {
          points.elements[index] +=
            threat.epsilon * (trial % 2 == 0 ? (numbers.whole(below: 2) == 0 ? -1 : 1) : numbers.uniform(-1, 1))
        }
        threat.project(&points, around: examples.inputs)
        return points
      }
      for draw in 0..<2 {
        var pass = BoundPass(try ensemble.boundedMember(draw), over: region, hidden: .linear)
        let loose = BoundPass(try ensemble.boundedMember(draw), over: region, hidden: .intervals)
        let differences = pass.differences(labels: examples.labels)
        for point in points {
          let logits = try ensemble.member(draw).logits(point)
          for row in 0..<examples.count {
            let z = Array(logits[row: row])
            let room = 1e-12 * z.reduce(1) { max($0, abs($1)) }
            let isInside = [pass, loose].allSatisfy { pass in
              let (l, u) = pass.interval(pass.logits, example: row)
              return zip(z, zip(l, u)).allSatisfy { $1.0 <= $0 + room && $0 - room <= $1.1 }
            }
            #expect(isInside, "\(norm) \(relative)")
            let box = differences[row].box
            let areInside = z.indices.allSatisfy { k in
              let t = z[k] - z[box.label]
              return k == box.label || (box.lower[k] <= t + room && t - room <= box.upper[k])
            }
            #expect(areInside, "\(norm) \(relative)")
          }
        }
      }
      let least = try ensemble.attacked(examples, threat, steps: 6)
      for certificate: any RobustnessCertificate in [try LinearBounds(.init()), try IntervalBounds(.init())] {
        let found = try certificate.certify(examples, answer.question(threat), of: ensemble).examples
        for (known, margin) in zip(found, least) { #expect(known.margin <= margin + 1e-12) }
      }
    }
  }

  /// Forms of the input whose lines are close at some point lie below everywhere, not only there.
  @Test(arguments: LayerAnswer.bounded) func `has lines near any point that hold everywhere`(_ answer: LayerAnswer)
    throws
  {
    var numbers = Numbers(82)
    let examples = answer.examples.subset([0, 1])
    let classes = answer.ensemble.classCount
    for (norm, epsilon) in [(Norm.linf, 0.05), (.l2, 0.5)] {
      let threat = try ThreatModel(norm: norm, epsilon: epsilon, box: answer.box)
      func region(_ inputs: Tensor, _ epsilon: Double) throws -> InputRegion {
        try InputRegion(
          Examples(inputs: inputs, labels: examples.labels),
          CertificateQuestion(threat: threat, radii: [epsilon, epsilon], draws: [0]))
      }
      func moved() -> Tensor {
        var points = examples.inputs
        for index in points.elements.indices { points.elements[index] += numbers.uniform(-epsilon, epsilon) }
        threat.project(&points, around: examples.inputs)
        return points
      }
      let network = try answer.ensemble.boundedMember(0)
      var pass = BoundPass(network, over: try region(examples.inputs, epsilon), hidden: .linear)
      let near = BoundPass(network, over: try region(moved(), 0), hidden: .intervals).lower
      let coefficients = numbers.uniforms(2 * classes, -1, 1)
      for near in [nil, near] {
        let forms = pass.inputForms(of: coefficients, examples: [0, 1], at: pass.logits, near: near)
        let minima = pass.minima(of: coefficients, examples: [0, 1], at: pass.logits)
        for _ in 0..<8 {
          let points = moved()
          let logits = try answer.ensemble.member(0).logits(points)
          let size = points.rowSize
          for row in 0..<2 {
            let value = (0..<classes).reduce(0) {
              $0 + coefficients[row * classes + $1] * logits.elements[row * classes + $1]
            }
            let x = Array(points[row: row])
            let form = (0..<size).reduce(forms.constants[row]) { $0 + forms.coefficients[row * size + $1] * x[$1] }
            let room = 1e-12 * max(1, abs(value))
            #expect(form <= value + room && minima.bounds[row] <= value + room)
          }
        }
      }
    }
  }
}
