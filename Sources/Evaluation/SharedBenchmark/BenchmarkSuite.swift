import Crypto
import Foundation
public import RobustnessCore
import Shell

/// The protocol of a shared benchmark: everything that two laboratories must have in common for their numbers to be
/// comparable.
public struct BenchmarkSuite: Codable, Sendable, Hashable {
  /// A ball, in units that fit every data set.
  public struct Threat: Codable, Sendable, Hashable {
    /// The norm.
    public var norm: Norm
    /// The radius as a multiple of the box's width; for L2 as a multiple of width × √(number of features).
    public var relativeRadius: Double

    /// Reads a threat; the radius may be a fraction as text, `"8/255"`.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      norm = try container.decode(Norm.self, forKey: .norm)
      if let text = try? container.decode(String.self, forKey: .relativeRadius) {
        guard let radius = Double.reading(numberOrFraction: text) else {
          throw DecodingError.dataCorruptedError(
            forKey: .relativeRadius, in: container, debugDescription: "'\(text)' is neither a number nor a fraction")
        }
        relativeRadius = radius
      } else {
        relativeRadius = try container.decode(Double.self, forKey: .relativeRadius)
      }
    }

    /// The radius in the units of the inputs.
    public func epsilon(box: ClosedRange<Double>, features: Int) -> Double {
      let width = box.upperBound - box.lowerBound
      return relativeRadius * width * (norm == .l2 ? Double(features).squareRoot() : 1)
    }
  }

  /// An attack with its options, and the objective it follows.
  public struct Entry: Codable, Sendable, Hashable {
    /// As on the command line of `evaluate`, without a norm: every threat is run that the attack supports.
    public var attack: String
    /// The loss whose gradient is followed; a portfolio has its own, and leaves this as it is.
    public var objective: Objective
    /// A budget of this attack's own, in place of the suite's.
    public var gradientsPerExample: Int?
    /// The same for the points that it may ask about.
    public var queriesPerExample: Int?

    /// An entry, with the budget of the suite unless it has one of its own.
    public init(
      attack: String, objective: Objective = .predictive, gradientsPerExample: Int? = nil,
      queriesPerExample: Int? = nil
    ) {
      self.attack = attack
      self.objective = objective
      self.gradientsPerExample = gradientsPerExample
      self.queriesPerExample = queriesPerExample
    }
  }

  /// Name of the protocol.
  public var name: String
  /// Its version: changes with everything that changes numbers.
  public var version: Int
  /// Names all random streams.
  public var seed: UInt64
  /// How outputs become a class: `predictive`, `majority-vote` or `draw:N`.
  public var decision: String
  /// Number of examples, from the first on; all where there are fewer.
  public var examples: Int
  /// The balls.
  public var threats: [Threat]
  /// The most gradients that an attack may ask for, for each example and threat; one gradient passes through all draws.
  public var gradientsPerExample: Int
  /// The most points that an attack may ask about, for each example and threat.
  public var queriesPerExample: Int
  /// The attacks that every laboratory runs. Others may be added to them.
  public var attacks: [Entry]
  /// The certificates that every laboratory runs, with their options as on the command line of `evaluate`; nil in suites
  /// without them, whose digest it does not change.
  public var certificates: [String]?

  /// `standard 1`
  public var title: String { "\(name) \(version)" }

  /// SHA-256 of the content, whatever its layout in the file: two suites of one name and version that differ are told
  /// apart by it.
  public var sha256: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Numbers, texts and lists: nothing that could fail to be encoded.
    let content = (try? encoder.encode(self)) ?? Data()
    return SHA256.hash(data: content).map { String(format: "%02x", $0) }.joined()
  }

  /// Reads and checks a suite.
  ///
  /// - Throws: an error of exit code 65 that says which key is missing, unknown or out of range.
  public static func read(_ path: String) throws -> BenchmarkSuite {
    let data: Data
    do {
      data = try Data(contentsOf: URL(filePath: path))
    } catch {
      throw BadDataError("\(path) cannot be read: \(SystemError.words(of: error))")
    }
    do {
      let suite = try JSONDecoder().decode(BenchmarkSuite.self, from: data)
      try suite.check(unknownKeysIn: data)
      return suite
    } catch let error as DecodingError {
      throw BadDataError("\(path): \(error.sentence)")
    } catch let error as CoreError {
      throw BadDataError("\(path): \(error)")
    }
  }

  private func check(unknownKeysIn data: Data) throws {
    let known: Set<String> = [
      "name", "version", "seed", "decision", "examples", "threats", "gradientsPerExample", "queriesPerExample",
      "attacks", "certificates",
    ]
    let keys = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] ?? [:]
    if let unknown = keys.keys.sorted().first(where: { !known.contains($0) }) {
      throw CoreError("unknown key '\(unknown)'; a suite has \(known.sorted().joined(separator: ", "))")
    }
    guard !name.isEmpty, name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }) else {
      throw CoreError("'\(name)' is no name for a suite: letters, digits and hyphens")
    }
    let budgets =
      [gradientsPerExample, queriesPerExample]
      + attacks.flatMap { [$0.gradientsPerExample, $0.queriesPerExample].compactMap(\.self) }
    guard version > 0, examples > 0, budgets.allSatisfy({ $0 >= 0 }) else {
      throw CoreError("version and examples must be positive, budgets not negative")
    }
    guard Decision(decision) != nil else { throw CoreError("no decision named '\(decision)'") }
    guard !threats.isEmpty, !attacks.isEmpty else { throw CoreError("threats and attacks must not be empty") }
    let names = attacks.map { "\($0.attack) \($0.objective.rawValue)" }
    guard Set(threats).count == threats.count, Set(names).count == names.count,
      Set(certificates ?? []).count == certificates?.count ?? 0
    else {
      throw CoreError("a threat, an attack or a certificate is listed twice")
    }
    for threat in threats where !(threat.relativeRadius.isFinite && threat.relativeRadius > 0) {
      throw CoreError("relativeRadius must be positive, not \(threat.relativeRadius)")
    }
  }
}
