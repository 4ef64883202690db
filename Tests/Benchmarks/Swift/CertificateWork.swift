import Dispatch
import Foundation
import LinearBounds
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import Synchronization

/// Linear bounds of 50 draws of 784-64-64-10 at one ε for 500 images: what a certificate costs beside an attack.
///
/// How much there is to do depends on the weights: they are those of `Fixtures/mnist-ensemble.h5`, whose 8 networks take
/// turns, each bounded anew every time.
struct CertificateWork {
  static let row = "certify-784-64-64-10"
  static let draws = 50
  static let epsilon = 0.02

  let threads: Int
  let repetitions: Int

  func measure() throws -> Measurement {
    let path = AttackWork.folder.appending(path: "../../Fixtures/mnist-ensemble.h5").standardizedFileURL.path
    let file = try PosteriorFile.open(path, probe: nil)
    guard let data = try file.evaluationData() else { throw CoreError("\(path) has no examples") }
    let ensemble = try NetworkEnsemble(file, configuration: .init(threads: 1, inputBounds: file.inputBounds))
    let examples = Examples(
      inputs: Tensor(shape: [data.count] + file.architecture.inputShape, elements: data.values), labels: data.labels)
    let linear = try LinearBounds(.init())
    let threat = try ThreatModel(epsilon: Self.epsilon, box: file.inputBounds)
    let blocks = stride(from: 0, to: examples.count, by: 16).map { Array($0..<min($0 + 16, examples.count)) }
    let found = Mutex((certified: 0, multiplications: 0.0, failure: (any Error)?.none))
    let timings = Timings.measure(repetitions) {
      found.withLock { $0 = (0, 0, nil) }
      let next = Mutex(0)
      DispatchQueue.concurrentPerform(iterations: threads) { _ in
        func take() -> Int? {
          next.withLock { next in
            defer { next += 1 }
            return next < blocks.count ? next : nil
          }
        }
        while let block = take() {
          do {
            let rows = blocks[block]
            let question = CertificateQuestion(
              threat: threat, radii: rows.map { _ in Self.epsilon },
              draws: (0..<Self.draws).map { $0 % ensemble.drawCount })
            let result = try linear.certify(examples.subset(rows), question, of: ensemble)
            found.withLock {
              $0.certified += result.examples.count { $0.isCertified }
              $0.multiplications += result.multiplications
            }
          } catch {
            found.withLock { $0.failure = error }
          }
        }
      }
    }
    let last = found.withLock { ($0.certified, $0.multiplications, $0.failure) }
    if let failure = last.2 { throw failure }
    guard last.0 * 2 > examples.count else { throw CoreError("only \(last.0) examples are certified") }
    return Measurement(row: Self.row, timings: timings, operations: 2 * last.1)
  }
}
