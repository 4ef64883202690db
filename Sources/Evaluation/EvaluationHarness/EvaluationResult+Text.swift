import Foundation
internal import NeuralNetworks
public import Reporting
import RobustnessCore

// MARK: - For programs

extension EvaluationResult {
  /// The result as JSON; every number that is not finite is `null`.
  public var json: JSONText {
    .object([
      ("model", .text(model)),
      ("summary", .text(summary)),
      ("examples", .integer(examples)),
      ("draws", .integer(draws)),
      ("attackDraws", .text(attackDraws.description)),
      ("target", .text(target.description)),
      ("gradient", .text(gradient.description)),
      ("surrogate", .optional(surrogate) { .text($0) }),
      ("decision", .text(decision.description)),
      ("arithmetic", .text(arithmetic.rawValue)),
      ("precision", .optional(precision) { .text($0) }),
      ("kernels", .optional(kernels) { .text($0) }),
      ("processor", .optional(processor) { .text($0) }),
      ("threads", .optional(threads) { .integer($0) }),
      ("products", .array(products.map(Self.product))),
      ("inputBounds", Self.pair(box)),
      ("seed", .natural(seed)),
      ("cleanAccuracy", .number(cleanAccuracy.value)),
      ("cleanAccuracyInterval", Self.interval(cleanAccuracy)),
      ("runs", .array(runs.map(\.json))),
      (
        "failures",
        .array(
          failures.map {
            .object([
              ("attack", .text($0.attack)), ("request", .text($0.request)), ("objective", .text($0.objective.rawValue)),
              ("norm", .text($0.norm.rawValue)), ("epsilon", .number($0.epsilon)), ("reason", .text($0.reason)),
            ])
          })
      ),
      ("lowestFound", .array(lowestFound.map(\.json))),
      (
        "worstCase",
        .array(
          worstCase.map {
            .object([
              ("norm", .text($0.norm.rawValue)), ("epsilon", .number($0.epsilon)),
              ("robustAccuracy", .number($0.accuracy.value)), ("robustAccuracyInterval", Self.interval($0.accuracy)),
            ])
          })
      ),
      ("curves", .array(curves.map(\.json))),
      (
        "verdict",
        .object([
          ("believable", .bool(verdict.believable)), ("failed", .array(verdict.failed.map { .text($0) })),
          ("warnings", .array(verdict.warnings.map { .text($0) })),
        ])
      ),
      ("posteriorSHA256", .optional(posteriorSHA256) { .text($0) }),
      ("dataSHA256", .optional(dataSHA256) { .text($0) }),
    ]).adding(
      "certified", certified.isEmpty && certificateFailures.isEmpty ? nil : .array(certified.map(\.json))
    ).adding(
      "certifiedRadii", certifiedRadii.isEmpty && certificateFailures.isEmpty ? nil : .array(certifiedRadii.map(\.json))
    ).adding(
      "certificatesNotAvailable", certificateFailures.isEmpty ? nil : .array(certificateFailures.map(\.json))
    ).adding("inputBoundsPerChannel", boxPerChannel.map { .array($0.map(Self.pair)) }).adding(
      "epsilonFactors", epsilonFactors.isEmpty ? nil : .array(epsilonFactors.map { .number($0) })
    ).adding(
      "rejection", rejection?.json)
  }

  private static func pair(_ box: ClosedRange<Double>) -> JSONText {
    .array([.number(box.lowerBound), .number(box.upperBound)])
  }

  private static func product(_ use: KernelUse) -> JSONText {
    .object([
      ("layer", .text(use.layer)), ("pass", .text(use.pass.rawValue)), ("precision", .text(use.precision)),
      ("rows", .integer(use.rows)), ("implementation", .text(use.implementation)),
    ])
  }

  static func interval(_ estimate: Estimate) -> JSONText {
    guard let low = estimate.low, let high = estimate.high else { return .null }
    return .array([.number(low), .number(high)])
  }

  /// What is certified in a run's ball by the certificate that certifies most there.
  private func certifiedCells(_ run: RunResult) -> [String] {
    guard !certified.isEmpty else { return [] }
    let inBall = certified.filter { $0.norm == run.norm && $0.epsilon == run.epsilon }
    guard let best = inBall.max(by: { $0.accuracy.value < $1.accuracy.value }) else { return ["", "", "", "", ""] }
    return [
      best.request, "\(best.accuracy.value)", best.accuracy.low.map { "\($0)" } ?? "",
      best.accuracy.high.map { "\($0)" } ?? "", "\(best.undecided)",
    ]
  }

  /// One row for each run.
  public var csv: String {
    let metricNames = Set(runs.flatMap(\.metrics.keys)).sorted()
    var table = CSVText(
      header: [
        "model", "posterior_sha256", "data_sha256", "examples", "draws", "attack", "objective", "norm", "epsilon",
        "clean_accuracy", "robust_accuracy", "robust_accuracy_low", "robust_accuracy_high",
        "robust_accuracy_best_query",
        "softmax_robustness", "member_gradients", "seconds", "seed", "believable", "failed_checks",
      ] + metricNames + (rejection == nil ? [] : RejectionResult.columns + RunRejection.columns)
        + (certified.isEmpty ? [] : ["certified_by", "certified", "certified_low", "certified_high", "undecided"]))
    for run in runs {
      let failed = run.checks.filter { $0.status == .failed }.map(\.name)
      table.append(
        [
          model, posteriorSHA256 ?? "", dataSHA256 ?? "", "\(examples)", "\(draws)", run.attack, run.objectiveName,
          run.norm.rawValue, "\(run.epsilon)", "\(cleanAccuracy.value)", "\(run.robustAccuracy.value)",
          run.robustAccuracy.low.map { "\($0)" } ?? "", run.robustAccuracy.high.map { "\($0)" } ?? "",
          "\(run.robustAccuracyBestQuery.value)", "\(run.softmaxRobustness.value)", "\(run.memberGradients)",
          "\(run.seconds)", "\(seed)", "\(failed.isEmpty)", failed.joined(separator: " "),
        ] + metricNames.map { name in run.metrics[name].map { "\($0.value)" } ?? "" }
          + (rejection?.cells ?? []) + (run.rejection?.cells ?? []) + certifiedCells(run))
    }
    return table.text
  }
}

extension RunResult {
  /// The run as JSON.
  var json: JSONText {
    .object([
      ("attack", .text(attack)),
      ("request", .text(request)),
      ("objective", .text(objectiveName)),
      ("norm", .text(norm.rawValue)),
      ("epsilon", .number(epsilon)),
      ("robustAccuracy", .number(robustAccuracy.value)),
      ("robustAccuracyInterval", EvaluationResult.interval(robustAccuracy)),
      ("robustAccuracyBestQuery", .number(robustAccuracyBestQuery.value)),
      ("softmaxRobustness", .number(softmaxRobustness.value)),
      (
        "accuracyDrop",
        .object([
          ("difference", .number(accuracyDrop.difference)),
          ("interval", .array([.number(accuracyDrop.low), .number(accuracyDrop.high)])),
          ("pValue", .number(accuracyDrop.pValue)),
        ])
      ),
      ("targetReached", .optional(targetReached) { .number($0.value) }),
      (
        "metrics",
        .object(
          metrics.sorted { $0.key < $1.key }.map { name, estimate in
            (
              name,
              .object([
                ("value", .number(estimate.value)), ("interval", EvaluationResult.interval(estimate)),
                ("unit", .text(estimate.unit)),
              ])
            )
          })
      ),
      ("memberGradients", .integer(memberGradients)),
      ("memberForwards", .integer(memberForwards)),
      ("queries", .integer(queries)),
      ("zeroGradientFraction", .optional(zeroGradientFraction) { .number($0) }),
      ("medianLog2GradientNorm", .optional(medianLog2GradientNorm) { .number($0) }),
      ("seconds", .number(seconds)),
      ("stages", .array(stages.map(\.json))),
      ("foundBy", .array(foundBy.map { .optional($0) { .text($0) } })),
      ("options", .object(options.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) })),
      ("checks", .array(checks.map(\.json))),
    ]).adding("rejection", rejection?.json)
  }
}

extension LowestFound {
  var json: JSONText {
    .object([
      ("norm", .text(norm.rawValue)), ("epsilon", .number(epsilon)), ("accuracy", .number(accuracy.value)),
      ("interval", EvaluationResult.interval(accuracy)),
      ("foundBy", .array(foundBy.map { .optional($0) { .text($0) } })),
      ("stages", .array(stages.map(\.json))), ("settled", .bool(isSettled)),
      ("gradientsPerExample", .number(gradientsPerExample)),
      ("forwardsPerExample", .number(forwardsPerExample)),
    ])
  }
}

extension StageResult {
  var json: JSONText {
    .object([
      ("name", .text(name)), ("tried", .integer(tried)), ("fell", .integer(fell)),
      ("memberGradients", .integer(memberGradients)), ("memberForwards", .integer(memberForwards)),
      ("seconds", .number(seconds)),
    ])
  }
}

extension Check {
  var json: JSONText {
    .object([
      ("name", .text(name)),
      ("passed", status == .notRun ? .null : .bool(status != .failed)),
      ("status", .text(status.rawValue)),
      ("value", .optional(value) { .number($0) }),
      ("finding", .text(finding)),
      ("advice", .text(advice)),
    ])
  }
}

// MARK: - For people

extension EvaluationResult {
  /// The table and the verdict, as a person reads them.
  public var table: String { table(computedWith: nil) }

  /// The same.
  ///
  /// - Parameter machine: What computed it, threads for instance; nil: not said.
  func table(computedWith machine: String?) -> String {
    let norms = Set(runs.map { "\($0.norm.symbol) ε = \(Self.short($0.epsilon))" })
    let threat = norms.count == 1 ? norms.first ?? "" : "ε as listed"
    var text = summary + "\n"
    text +=
      "\(examples) example\(examples == 1 ? "" : "s") · \(draws) draw\(draws == 1 ? "" : "s") · \(threat) in [\(Self.short(box.lowerBound)), \(Self.short(box.upperBound))]"
    if !epsilonFactors.isEmpty {
      text += " · ε times \(epsilonFactors.map(Self.short).joined(separator: ", ")) in the channels"
    }
    text += " · decision: \(decision == .predictive ? "posterior predictive" : decision.description) · seed \(seed)"
    if attackDraws != .same { text += " · attack draws \(attackDraws)" }
    if target == .each { text += " · every class aimed at" }
    if gradient != .exact { text += " · gradients \(gradient)" }
    if let surrogate { text += " · surrogate \(surrogate)" }
    if arithmetic != .logDomain { text += " · \(arithmetic.rawValue) arithmetic" }
    if let precision, precision != "float32" { text += " · \(precision)" }
    if let machine { text += " · \(machine)" }
    text += "\n\n" + runTable(listThreat: norms.count > 1) + stageLines + curveLines
    return text + targetLines + worstCaseLines + certifiedLines + metricTable + rejectionTable(label: label) + "\n"
      + verdictText
  }

  private func runTable(listThreat: Bool) -> String {
    var header = [
      ["", "", "", "accuracy", "softmax", "exactly zero", "member", ""],
      ["attack", "objective", "", "(95 % interval)", "robustness", "gradients", "gradients", "time"],
    ]
    if listThreat { header[1][2] = "threat" }
    var table = TextTable(header: header, alignments: [.left, .left, .left, .left, .right, .right, .right, .right])
    table.append(["clean", "", "", Self.accuracy(cleanAccuracy), "–", "–", "–", ""])
    for run in runs {
      let threat = listThreat ? "\(run.norm.symbol) \(Self.short(run.epsilon))" : ""
      let what =
        run.isNoise
        ? "\(run.options["distribution"] ?? ""), \(run.options["draws"] ?? "") each" : run.objectiveName
      table.append([
        label(run), what, threat, Self.accuracy(run.robustAccuracy),
        String(format: "%.3f", run.softmaxRobustness.value),
        run.zeroGradientFraction.map { percent($0) } ?? "–",
        run.memberGradients > 0 ? Self.grouped(run.memberGradients) : "–", String(format: "%.1f s", run.seconds),
      ])
    }
    for run in failures {
      let threat = listThreat ? "\(run.norm.symbol) \(Self.short(run.epsilon))" : ""
      table.append([run.attack, run.objective.rawValue, threat, "failed", "–", "–", "–", "–"])
    }
    // The headline: what withstands everything that was run.
    for lowest in lowestFound {
      let more = foundByChecks(lowest)
      table.append([
        "lowest found",
        target.isOneClass ? "not the target" : more > 0 ? "\(more) more by the checks" : "all runs together",
        listThreat ? "\(lowest.norm.symbol) \(Self.short(lowest.epsilon))" : "", Self.accuracy(lowest.accuracy), "–",
        "–",
        Self.grouped(Int((lowest.gradientsPerExample * Double(examples * draws)).rounded())), "",
      ])
    }
    return table.text
  }

  /// The attack's name, with its options where the same attack runs with several.
  private func label(_ run: RunResult) -> String {
    Set(runs.filter { $0.attack == run.attack }.map(\.request)).count > 1 ? run.request : run.attack
  }

  /// What the stages of a portfolio found, one line each.
  private var stageLines: String {
    runs.filter(\.isPortfolio).map { run in
      let width = run.stages.map(\.name.count).max() ?? 0
      let threat = "\(run.norm.symbol) \(Self.short(run.epsilon))"
      return "\(run.attack), \(threat): what each stage found\n"
        + run.stages.map { stage in
          let name = stage.name.padding(toLength: width, withPad: " ", startingAt: 0)
          let count = String(format: "%5d of %d", stage.fell, stage.tried)
          return "  \(name) \(count)  \(Self.short(stage.seconds)) s\n"
        }.joined()
    }.joined()
  }

  /// Examples that withstood every run in a ball and fell to what the checks tried beside them.
  private func foundByChecks(_ lowest: LowestFound) -> Int {
    let inBall = runs.filter { $0.norm == lowest.norm && $0.epsilon == lowest.epsilon }
    return lowest.foundBy.indices.count { row in lowest.foundBy[row] != nil && inBall.allSatisfy { $0.correct[row] } }
  }

  private var targetLines: String {
    runs.compactMap { run in
      run.targetReached.map { "target reached by \(label(run)) · \(run.objectiveName): \(Self.accuracy($0))\n" }
    }.joined()
  }

  private var worstCaseLines: String {
    worstCase.filter { _ in Set(runs.map { "\($0.attack) \($0.objectiveName)" }).count > 2 }.map {
      "worst case over all runs, \($0.norm.symbol) \(Self.short($0.epsilon)): \(Self.accuracy($0.accuracy))\n"
    }.joined()
  }

  private var metricTable: String {
    guard runs.contains(where: { !$0.metrics.isEmpty }) else { return "" }
    var table = TextTable(
      header: [["attack", "objective", "ε", "metric", "value", "95 % interval", "unit"]],
      alignments: [.left, .left, .left, .left, .right, .left, .left])
    for run in runs {
      for (name, estimate) in run.metrics.sorted(by: { $0.key < $1.key }) {
        let interval = zip([estimate.low].compactMap(\.self), [estimate.high].compactMap(\.self))
          .map { String(format: "%.4f to %.4f", $0, $1) }.first
        table.append([
          run.attack, run.isNoise ? "–" : run.objectiveName, Self.short(run.epsilon), name,
          String(format: "%.4f", estimate.value), interval ?? "–", estimate.unit,
        ])
      }
    }
    return "\n" + table.text
  }

  /// The verdict, and what to do about every check that failed or warns.
  private var verdictText: String {
    typealias Finding = (check: Check, place: String)
    let several = runs.count { !$0.isNoise } > 1
    func first(_ status: Check.Status) -> [Finding] {
      CheckName.all.compactMap { name in
        if name == CheckName.attackCompletes, status == .failed { return failures.first.map { ($0.check, "") } }
        for run in runs {
          if let check = run.checks.first(where: { $0.name == name && $0.status == status }) {
            let isOfEnsemble = CheckName.ofEnsemble.contains(name)
            return (
              check,
              several && !isOfEnsemble
                ? " (\(label(run)) · \(run.objectiveName) · ε \(Self.short(run.epsilon)))" : ""
            )
          }
        }
        return nil
      }
    }
    let failed = first(.failed)
    let failedNames = failed.map(\.check.name)
    let warnings = first(.warning).filter { !failedNames.contains($0.check.name) }
    let passed = Set(runs.flatMap(\.checks).filter { $0.status == .passed }.map(\.name))
      .subtracting((failed + warnings).map(\.check.name)).count
    var text = "Verdict: "
    if let first = failed.first {
      text +=
        "NOT believable. \(first.check.finding.prefix(1).uppercased())\(first.check.finding.dropFirst())\(first.place):\n"
    } else {
      text += "believable, as an upper bound on robustness\(effort). \(passed) checks passed"
      text += warnings.isEmpty ? ".\n" : ", \(warnings.count) warning\(warnings.count == 1 ? "" : "s").\n"
    }
    // Where the ensemble itself is at fault no number means anything.
    if failedNames.allSatisfy({ !CheckName.ofEnsemble.contains($0) }) {
      text += lowestSentence(isBelievable: failed.isEmpty)
    }
    text += certifiedSentence + rejectionSentence
    let width = (failed + warnings).map(\.check.name.count).max() ?? 0
    let space = String(repeating: " ", count: width + 6)
    for (index, (check, place)) in (failed + warnings).enumerated() {
      let mark = index < failed.count ? "✗" : "!"
      let name = check.name + String(repeating: " ", count: width - check.name.count)
      // The first failure's finding is the headline.
      let finding = "\(check.finding)\(place)"
      let sentence = finding.hasSuffix("?") ? finding : finding + "."
      let lines = index == 0 && !failed.isEmpty ? [] : [sentence]
      text += "  \(mark) \(name)  " + (lines + ["\(check.advice)"]).joined(separator: "\n" + space)
      text += "\n\(space)See Docs/verdict.md#\(check.name)\n"
    }
    return text
  }

  /// Where the number of the runs is not to be believed, the one that is lower; and whether that was still falling.
  private func lowestSentence(isBelievable: Bool) -> String {
    lowestFound.map { lowest in
      let place = lowestFound.count > 1 ? " at \(lowest.norm.symbol) \(Self.short(lowest.epsilon))" : ""
      let number = Self.accuracy(lowest.accuracy).split(separator: " ").joined(separator: " ")
      let isFalling = !lowest.isSettled && lowest.foundBy.contains { $0 != nil }
      if isBelievable {
        return isFalling ? "  The lowest number\(place) was still falling: --checks thorough may find less.\n" : ""
      }
      return "  The lowest number found\(place) is \(number)"
        + (isFalling
          ? ", and was still falling: --attack \(runs.contains { $0.isPortfolio } ? "thorough" : "standard"), or "
            + "--checks thorough, may find less.\n"
          : ".\n")
    }.joined()
  }

  /// How much stands behind the lowest number: of the ball with the least.
  private var effort: String {
    guard let least = lowestFound.map(\.gradientsPerExample).min(), least >= 1 else { return "" }
    let count = Int(least.rounded())
    return ", after \(Self.grouped(count)) gradient\(count == 1 ? "" : "s") for each example"
  }

  static func accuracy(_ estimate: Estimate) -> String {
    String(
      format: "%5.1f %% (%4.1f–%4.1f)", 100 * estimate.value, 100 * (estimate.low ?? .nan),
      100 * (estimate.high ?? .nan))
  }

  static func short(_ value: Double) -> String {
    let text = String(format: "%.4g", value)
    return text
  }

  static func grouped(_ value: Int) -> String {
    let digits = Array("\(value)")
    return digits.enumerated().map { ($0 > 0 && (digits.count - $0) % 3 == 0 ? "," : "") + String($1) }.joined()
  }
}
