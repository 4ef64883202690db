import Foundation
import TestSupport
import Testing

/// The JSON that `evaluate` printed, read strictly: a missing or mistyped member stops the test.
struct Report: Decodable, Equatable {
  struct Run: Decodable, Equatable {
    struct Drop: Decodable, Equatable {
      var difference: Double
      var interval: [Double]
      var pValue: Double
    }
    struct Metric: Decodable, Equatable {
      var value: Double?
      var interval: [Double]?
      var unit: String
    }
    struct Check: Decodable, Equatable {
      var name: String
      var passed: Bool?
      var status: String
      var value: Double?
      var finding: String
      var advice: String
    }
    var attack: String
    var objective: String
    var norm: String
    var epsilon: Double
    var robustAccuracy: Double
    var robustAccuracyInterval: [Double]
    var robustAccuracyBestQuery: Double
    var softmaxRobustness: Double
    var accuracyDrop: Drop
    var targetReached: Double?
    var metrics: [String: Metric]
    var memberGradients: Int
    var queries: Int
    var zeroGradientFraction: Double?
    var seconds: Double
    var options: [String: String]
    var checks: [Check]
  }
  struct WorstCase: Decodable, Equatable {
    var norm: String
    var epsilon: Double
    var robustAccuracy: Double
    var robustAccuracyInterval: [Double]
  }
  struct Failure: Decodable, Equatable {
    var attack: String
    var request: String
    var objective: String
    var norm: String
    var epsilon: Double
    var reason: String
  }
  struct Product: Decodable, Equatable {
    var layer: String
    var pass: String
    var precision: String
    var rows: Int
    var implementation: String
  }
  struct Verdict: Decodable, Equatable {
    var believable: Bool
    var failed: [String]
    var warnings: [String]
  }
  var model: String
  var summary: String
  var examples: Int
  var draws: Int
  var attackDraws: String
  var decision: String
  var arithmetic: String
  var kernels: String?
  var precision: String?
  var processor: String?
  var threads: Int?
  var products: [Product]
  var inputBounds: [Double]
  var seed: UInt64
  var cleanAccuracy: Double
  var cleanAccuracyInterval: [Double]
  var runs: [Run]
  var failures: [Failure]
  var worstCase: [WorstCase]
  var verdict: Verdict
  var posteriorSHA256: String?
  var dataSHA256: String?

  func run(_ attack: String) throws -> Run {
    try #require(runs.first { $0.attack == attack }, "no run of \(attack)")
  }
}

/// Runs `evaluate --format json` and reads what it prints.
func report(_ arguments: [String], in folder: URL? = nil) throws -> Report {
  let run = try Program.evaluate.run(arguments + ["--format", "json"], in: folder)
  try #require(run.code == 0 && !run.isSignal, "\(arguments.joined(separator: " ")): \(run.errors)")
  return try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
}

/// The JSON as it was printed, without the lines that tell times.
func timeless(_ json: String) -> String {
  json.split(separator: "\n").filter { !$0.contains("\"seconds\":") && !$0.contains("\"threads\":") }.joined(
    separator: "\n")
}

/// Files that the tests evaluate.
enum Sample {
  static let main = Fixtures.url("mnist-ensemble.h5").path
  static func oracle(_ name: String) -> String { Fixtures.url("oracles/\(name).h5").path }
  static func malformed(_ name: String) -> String { Fixtures.url("malformed/\(name).h5").path }
}
