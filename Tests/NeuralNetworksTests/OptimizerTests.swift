import Foundation
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

@Suite("Optimisers", .inTurn)
struct OptimizerTests {
  /// f(x) = Σ ½ c (x − 1)², c = 1, 2, …
  private func gradient(_ x: [Float]) -> [Float] { x.indices.map { Float($0 % 7 + 1) * (x[$0] - 1) } }

  @Test("Adam takes the steps of its algorithm in Double")
  func adam() throws {
    let count = 50
    var x = (0..<count).map { Float($0) / 10 }
    var (exact, m, v) = (
      x.map { Double($0) }, [Double](repeating: 0, count: count), [Double](repeating: 0, count: count)
    )
    var adam = Adam(dimension: count)
    for step in 1...200 {
      let g = gradient(x)
      for index in 0..<count {
        // The same gradient for both, so that only the update is compared.
        let gradient = Double(g[index])
        m[index] = 0.9 * m[index] + 0.1 * gradient
        v[index] = 0.999 * v[index] + 0.001 * gradient * gradient
        let (mean, square) = (m[index] / (1 - pow(0.9, Double(step))), v[index] / (1 - pow(0.999, Double(step))))
        exact[index] -= 0.01 * mean / (square.squareRoot() + 1e-8)
      }
      x.withUnsafeMutableBufferPointer { x in
        g.withUnsafeBufferPointer { adam.update(x, gradient: $0, rate: 0.01) }
      }
    }
    #expect(zip(x, exact).allSatisfy { abs(Double($0) - $1) < 1e-4 })
    #expect(adam.steps == 200)
  }

  @Test("momentum sums the gradients with falling weights, and both optimisers reach a minimum")
  func momentum() {
    var x: [Float] = [3]
    var descent = MomentumDescent(dimension: 1, momentum: 0.5)
    for _ in 0..<3 {
      x.withUnsafeMutableBufferPointer { x in
        [Float(1)].withUnsafeBufferPointer { descent.update(x, gradient: $0, rate: 0.1) }
      }
    }
    // Velocities 1, 1.5, 1.75.
    #expect(abs(x[0] - (3 - 0.425)) < 1e-6)
    var far = [Float](repeating: 4, count: 100)
    var other = MomentumDescent(dimension: 100, momentum: 0.9)
    for _ in 0..<500 {
      let g = gradient(far)
      far.withUnsafeMutableBufferPointer { x in
        g.withUnsafeBufferPointer { other.update(x, gradient: $0, rate: 0.02) }
      }
    }
    #expect(far.allSatisfy { abs($0 - 1) < 1e-4 })
  }

  @Test("threads and coding change no bit")
  func threads() throws {
    let count = 200_001
    func run(_ threads: Int, coding: Bool) throws -> [Float] {
      var x = (0..<count).map { Float($0 % 100) / 50 }
      var adam = Adam(dimension: count)
      for step in 0..<5 {
        if coding, step == 2 { adam = try JSONDecoder().decode(Adam.self, from: JSONEncoder().encode(adam)) }
        let g = gradient(x)
        x.withUnsafeMutableBufferPointer { x in
          g.withUnsafeBufferPointer { adam.update(x, gradient: $0, rate: 0.01, threads: threads) }
        }
      }
      return x
    }
    let one = try run(1, coding: false)
    #expect(try run(2, coding: false) == one)
    #expect(try run(3, coding: true) == one)
  }

  @Test("schedules begin at the full rate and end where they say")
  func schedules() {
    let cosine = LearningRateSchedule.cosine(steps: 10)
    #expect(cosine.factor(at: 0) == 1)
    #expect(abs(cosine.factor(at: 5) - 0.5) < 1e-12)
    #expect(cosine.factor(at: 10) == 0)
    let decay = LearningRateSchedule.decay(factor: 0.1, period: 3)
    #expect((0..<7).map { decay.factor(at: $0) }.prefix(3) == [1, 1, 1])
    #expect(abs(decay.factor(at: 6) - 0.01) < 1e-12)
    var stream = RandomStreams(seed: 1, purpose: "test/plateau").stream(example: 0)
    var growing = PlateauDetector(window: 20)
    #expect(!(0..<200).contains { _ in growing.add(Double(growing.current.count) + (growing.previousMean ?? 0)) })
    var flat = PlateauDetector(window: 20)
    let noise = stream.normals(400)
    #expect(noise.contains { flat.add($0) })
  }

  @Test("an epoch passes once through all examples, in an order of its own")
  func order() {
    let streams = RandomStreams(seed: 5, purpose: "test/order")
    let order = MiniBatchOrder(examples: (0..<103).map { Int64($0) }, batchSize: 20)
    let epochs = (0..<3).map { order.batches(epoch: $0, random: streams) }
    for batches in epochs {
      #expect(batches.map(\.count) == [20, 20, 20, 20, 20, 3])
      #expect(batches.flatMap { $0 }.sorted() == (0..<103).map { Int64($0) })
    }
    #expect(epochs[0] != epochs[1])
    #expect(epochs[0] == order.batches(epoch: 0, random: streams))
    #expect(epochs[0] != order.batches(epoch: 0, random: RandomStreams(seed: 6, purpose: "test/order")))
    // Every example comes first equally often.
    var first = [Int](repeating: 0, count: 10)
    let small = MiniBatchOrder(examples: (0..<10).map { Int64($0) }, batchSize: 3)
    for epoch in 0..<5000 { first[Int(small.batches(epoch: epoch, random: streams)[0][0])] += 1 }
    let chiSquare = first.reduce(0.0) { $0 + pow(Double($1) - 500, 2) / 500 }
    #expect(chiSquare < 27.9)  // 99.9 % quantile with nine degrees of freedom
  }
}
