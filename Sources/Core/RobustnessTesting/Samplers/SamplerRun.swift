import Foundation
import RobustnessCore

/// One chain, step by step.
struct SamplerRun<S: PosteriorSampler> {
  struct Step {
    /// The warm-up before the step; nil where the step gives a draw.
    let warmup: WarmupProgress?
    /// What the state after the step stands for.
    let position: [Float]
    let statistics: [(name: String, value: Double)]
  }

  /// What the state before the first step stands for.
  let start: [Float]
  let steps: [Step]
  let state: S.State
  /// Saved states by the number of steps before them.
  let saved: [Int: Data]

  /// Steps before the first draw.
  var warmupCount: Int { steps.prefix { $0.warmup != nil }.count }
  /// Positions after the warm-up.
  var draws: [[Float]] { steps.filter { $0.warmup == nil }.map(\.position) }
}

/// A state as it is saved: exactly, whatever numbers it holds.
private struct Envelope<State: Codable>: Codable {
  let state: State
}

extension PosteriorSampler {
  static func save(_ state: State) throws -> Data {
    let encoder = PropertyListEncoder()
    encoder.outputFormat = .binary
    do {
      return try encoder.encode(Envelope(state: state))
    } catch {
      throw Finding("its state cannot be encoded: \(error)")
    }
  }

  static func restore(_ data: Data) throws -> State {
    do {
      return try PropertyListDecoder().decode(Envelope<State>.self, from: data).state
    } catch {
      throw Finding("its state cannot be decoded from what it encodes: \(error)")
    }
  }
}

/// Whether two chains did the same, to the bit; what differs otherwise.
func difference<S>(_ a: ArraySlice<SamplerRun<S>.Step>, _ b: ArraySlice<SamplerRun<S>.Step>) -> String? {
  for (index, pair) in zip(a, b).enumerated() {
    let (a, b) = pair
    if a.warmup != b.warmup { return "after \(index) steps the warm-up is different" }
    if let parameter = zip(a.position, b.position).enumerated().first(where: { $1.0.bitPattern != $1.1.bitPattern }) {
      let (one, other) = parameter.element
      return "parameter \(parameter.offset) is \(one) or \(other) after \(index + 1) steps"
    }
    if let statistic = zip(a.statistics, b.statistics).first(where: { $0.value.bitPattern != $1.value.bitPattern }) {
      return "\(statistic.0.name) is \(statistic.0.value) or \(statistic.1.value) after \(index + 1) steps"
    }
  }
  return a.count == b.count ? nil : "one run has \(a.count) steps and the other \(b.count)"
}
