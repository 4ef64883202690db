import Foundation
import Reporting
import RobustnessCore

// MARK: - For programs

extension JSONText {
  /// The object with a key more, where there is something to say: without the option the text is the same.
  func adding(_ key: String, _ value: JSONText?) -> JSONText {
    guard case .object(let members) = self, let value else { return self }
    return .object(members + [(key, value)])
  }
}

extension RejectionResult {
  /// The columns of the CSV that are the same in all rows.
  static let columns = ["rejection", "rejection_threshold", "clean_coverage", "clean_accuracy_with_rejection"]

  var cells: [String] {
    [rule.description, "\(threshold)", "\(cleanCoverage.value)", "\(cleanAccuracy.value)"]
  }

  var json: JSONText {
    .object([
      ("score", .text(rule.score.rawValue)),
      ("rate", .number(rule.rate)),
      ("threshold", .number(threshold)),
      ("cleanCoverage", .number(cleanCoverage.value)),
      ("cleanCoverageInterval", EvaluationResult.interval(cleanCoverage)),
      ("cleanAccuracy", .number(cleanAccuracy.value)),
      ("cleanAccuracyInterval", EvaluationResult.interval(cleanAccuracy)),
      ("acceptedAccuracy", .number(acceptedAccuracy.value)),
      ("acceptedAccuracyInterval", EvaluationResult.interval(acceptedAccuracy)),
      (
        "lowestFound",
        .array(
          lowestFound.map { lowest in
            .object([
              ("norm", .text(lowest.norm.rawValue)), ("epsilon", .number(lowest.epsilon)),
              ("robustAccuracy", .number(lowest.robustAccuracy.value)),
              ("robustAccuracyInterval", EvaluationResult.interval(lowest.robustAccuracy)),
              ("foundBy", .array(lowest.foundBy.map { .optional($0) { .text($0) } })),
            ])
          })
      ),
    ])
  }
}

extension RunRejection {
  var json: JSONText {
    .object([
      ("robustAccuracy", .number(robustAccuracy.value)),
      ("robustAccuracyInterval", EvaluationResult.interval(robustAccuracy)),
      ("blind", blind.json),
      ("adaptive", .optional(adaptive) { $0.json }),
      ("memberGradients", .integer(memberGradients)),
      ("memberForwards", .integer(memberForwards)),
      ("queries", .integer(queries)),
      ("seconds", .number(seconds)),
    ])
  }

  /// The columns of the CSV that a run has of its own.
  static let columns =
    ["", "_low", "_high"].map { "accuracy_with_rejection\($0)" }
    + ["blind", "adaptive"].flatMap { side in
      ["accuracy_with_rejection", "coverage", "auroc"].map { "\(side)_\($0)" }
    }

  var cells: [String] {
    func text(_ value: Double?) -> String { value.map { $0.isNaN ? "" : "\($0)" } ?? "" }
    return [robustAccuracy.value, robustAccuracy.low, robustAccuracy.high].map(text)
      + [blind, adaptive].flatMap { side in
        [side?.robustAccuracy.value, side?.coverage.value, side?.detection.value].map(text)
      }
  }
}

extension RejectionMeasures {
  var json: JSONText {
    .object([
      ("robustAccuracy", .number(robustAccuracy.value)),
      ("robustAccuracyInterval", EvaluationResult.interval(robustAccuracy)),
      ("coverage", .number(coverage.value)),
      ("coverageInterval", EvaluationResult.interval(coverage)),
      ("fooled", .integer(fooled)),
      ("auroc", .number(detection.value)),
      ("aurocInterval", EvaluationResult.interval(detection)),
    ])
  }
}

// MARK: - For people

extension EvaluationResult {
  /// What a defence that rejects changes, below the table.
  func rejectionTable(label: (RunResult) -> String) -> String {
    guard let rejection else { return "" }
    let several = rejection.lowestFound.count > 1
    func place(_ norm: Norm, _ epsilon: Double) -> String { several ? "\(norm.symbol) \(Self.short(epsilon))" : "" }
    var table = TextTable(
      header: [
        ["", "", "", "accuracy with", "accepted", "AUROC of", "member", ""],
        [
          "with rejection", "objective", several ? "threat" : "", "rejection (95 %)", "inputs", "detection (95 %)",
          "gradients", "time",
        ],
      ], alignments: [.left, .left, .left, .left, .right, .left, .right, .right])
    table.append([
      "clean", "", "", Self.accuracy(rejection.cleanAccuracy), percent(rejection.cleanCoverage.value), "–", "–", "",
    ])
    for run in runs {
      guard let own = run.rejection else { continue }
      let threat = place(run.norm, run.epsilon)
      table.append(
        [label(run), run.isNoise ? "–" : run.objectiveName, threat] + own.blind.words
          + [run.memberGradients > 0 ? Self.grouped(run.memberGradients) : "–", String(format: "%.1f s", run.seconds)])
      guard let adaptive = own.adaptive else { continue }
      table.append(
        ["  adaptive", "", threat] + adaptive.words
          + [Self.grouped(own.memberGradients), String(format: "%.1f s", own.seconds)])
    }
    for lowest in rejection.lowestFound {
      table.append([
        "lowest found", "all together", place(lowest.norm, lowest.epsilon), Self.accuracy(lowest.robustAccuracy), "–",
        "–", "–", "",
      ])
    }
    let rejected = rejection.cleanRejected.count { $0 }
    return "\nRejected: \(rejection.rule.score.rawValue) above \(Self.short(rejection.threshold)) nat, "
      + "\(rejected) of \(examples) clean inputs\n\n" + table.text
  }

  /// The headline where a defence rejects.
  var rejectionSentence: String {
    guard let rejection else { return "" }
    return rejection.lowestFound.map { lowest in
      let place = rejection.lowestFound.count > 1 ? " at \(lowest.norm.symbol) \(Self.short(lowest.epsilon))" : ""
      let number = Self.accuracy(lowest.robustAccuracy).split(separator: " ").joined(separator: " ")
      return "  With rejection, \(number) withstand everything that was run\(place), the adaptive attack included.\n"
    }.joined()
  }
}

extension RejectionMeasures {
  /// Accuracy, coverage and detection, as a person reads them.
  fileprivate var words: [String] {
    var area = detection.value.isNaN ? "–" : String(format: "%.3f", detection.value)
    if let low = detection.low, let high = detection.high { area += String(format: " (%.3f–%.3f)", low, high) }
    return [EvaluationResult.accuracy(robustAccuracy), percent(coverage.value), area]
  }
}
