import Foundation
import RobustnessCore
import TestSupport

/// `attack_fixtures.json`: what other libraries' attacks return on a closed-form network, from float32.
struct AttackFixtures: Decodable {
  struct Network: Decodable {
    let x: [[Double]]
    let y: [Int]
    let target: [Int]
    let logits: [[Double]]
    enum CodingKeys: String, CodingKey {
      case x, y, logits
      case target = "y_target"
    }
  }
  struct Outcome: Decodable {
    let adv: [[Double]]?
    let success: [Bool]?
    let linf: [Double]?
    let l2: [Double]?
    let losses: [Double]?
    enum CodingKeys: String, CodingKey {
      case adv, success, linf, l2
      case losses = "loss_best"
    }
  }
  struct Ensemble: Decodable {
    struct Objective: Decodable {
      let value: [Double]
      let grad: [[Double]]
      let pgd: [[Double]]
      enum CodingKeys: String, CodingKey {
        case value, grad
        case pgd = "pgd_linf_eps0p1_rel0p0333_steps40"
      }
    }
    let phases: [Double]
    let x: [[Double]]
    let y: [Int]
    let objectives: [String: Objective]
  }

  let single: Network
  let attacks: [String: Outcome]
  let ensemble: Ensemble

  static let shared: AttackFixtures = {
    do {
      return try JSONDecoder().decode(
        AttackFixtures.self, from: Data(contentsOf: Fixtures.url("oracles/attack_fixtures.json")))
    } catch { fatalError("attack_fixtures.json: \(error)") }
  }()

  /// The examples of the single network, with the targets of the targeted entry.
  var examples: Examples {
    Examples(inputs: tensor(single.x), labels: single.y, targets: single.target)
  }
}

/// The `SimpleModel` entries, whose keys are mixed with the network's description.
struct SimpleModelFixtures {
  let x: Tensor
  let labels: [Int]
  private let entries: [String: Any]

  static func load() throws -> SimpleModelFixtures {
    let data = try Data(contentsOf: Fixtures.url("oracles/attack_fixtures.json"))
    guard let all = try JSONSerialization.jsonObject(with: data) as? [String: Any],
      let entries = all["cleverhans_SimpleModel"] as? [String: Any], let x = entries["x"] as? [[Double]],
      let labels = entries["y"] as? [Int]
    else { throw CoreError("attack_fixtures.json has no cleverhans_SimpleModel") }
    return SimpleModelFixtures(x: tensor(x), labels: labels, entries: entries)
  }

  func points(_ key: String) throws -> Tensor {
    guard let rows = entries[key] as? [[Double]] else { throw CoreError("no entry '\(key)'") }
    return tensor(rows)
  }
}

func tensor(_ rows: [[Double]]) -> Tensor {
  Tensor(shape: [rows.count, rows[0].count], elements: rows.flatMap { $0 })
}

/// The largest difference of any element.
func largestDifference(_ a: Tensor, _ b: Tensor) -> Double {
  zip(a.elements, b.elements).reduce(0) { max($0, abs($1.0 - $1.1)) }
}

let streams = RandomStreams(seed: 7, purpose: "tests")

/// Runs an attack given as on the command line.
func run<A: Attack, E: PosteriorEnsemble>(
  _: A.Type, _ assignments: [String: String] = [:], on ensemble: E, _ examples: Examples, _ threat: ThreatModel,
  objective: Objective = .predictive, random: RandomStreams = streams
) throws -> (points: Tensor, oracle: DirectOracle<E>) {
  var oracle = DirectOracle(ensemble, examples, objective: objective, goal: threat.goal)
  let attack = try A(A.Options(assignments: assignments))
  return (try attack.perturb(examples, within: threat, oracle: &oracle, random: random), oracle)
}
