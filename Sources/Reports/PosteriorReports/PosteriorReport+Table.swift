public import Diagnostics
import Foundation
import Reporting
import RobustnessCore

// MARK: - For people

extension PosteriorReport {
  /// The tables, what the checks found, and the verdict last, as a person reads them.
  public var table: String {
    [qualityTable, convergenceTable, chainTable, checkLines].filter { !$0.isEmpty }.joined(separator: "\n")
      + "\nVerdict: \(verdict)\(verdict.hasSuffix(".") ? "" : ".")\n"
  }

  private var qualityTable: String {
    guard let quality else { return "no labelled held-out data: the quality of predictions is not known\n" }
    let count = quality.exampleCount
    var table = TextTable(
      header: [
        ["held-out data", "posterior", "each draw:", "", ""],
        ["\(grouped(count)) example\(count == 1 ? "" : "s")", "predictive", "mean", "smallest", "largest"],
      ], alignments: [.left, .right, .right, .right, .right])
    let rows: [(String, (PredictiveQuality) -> Double, (Double) -> String)] = [
      ("accuracy", { $0.accuracy }, { percent($0) }),
      ("negative log-likelihood (nat)", { $0.negativeLogLikelihood }, { number($0, 4) }),
      ("Brier score", { $0.brierScore }, { number($0, 4) }),
      ("expected calibration error", { $0.expectedCalibrationError }, { percent($0) }),
    ]
    for (name, score, text) in rows {
      let spread = quality.spread(score)
      table.append(
        [name, text(score(quality.predictive))] + [spread.mean, spread.minimum, spread.maximum].map { text($0) })
    }
    return table.text
  }

  private var convergenceTable: String {
    if origin != .mcmc, origin != nil {
      guard let functionSpace, !functionSpace.largestMonteCarloError.isNaN else { return "" }
      return "Monte Carlo error of the predictive probability, from \(drawCount) independent draws: "
        + "at most \(number(functionSpace.largestMonteCarloError, 4))\n"
    }
    var columns: [(String, String, ConvergenceSummary)] = []
    if let functionSpace {
      let count = functionSpace.quantityCount
      columns.append(("function space", "\(count) input\(count == 1 ? "" : "s")", functionSpace))
    }
    if let weightSpace {
      let all = grouped(weightSpace.population)
      let isSample = weightSpace.quantityCount < weightSpace.population
      columns.append(
        (
          "weight space", (isSample ? "\(grouped(weightSpace.quantityCount)) of " : "") + "\(all) parameters",
          weightSpace
        )
      )
    }
    if let logDensity { columns.append(("log-density", "lp", logDensity)) }
    if let energy { columns.append(("energy", "", energy)) }
    guard !columns.isEmpty else { return "" }
    var table = TextTable(
      header: [["convergence"] + columns.map(\.0), [""] + columns.map(\.1)],
      alignments: [.left] + columns.map { _ in .right })
    let rows: [(String, (ConvergenceSummary) -> String)] = [
      ("R-hat, ninth decile", { number($0.ninthDecileRHat, 3) }),
      ("R-hat, largest", { number($0.largestRHat, 3) }),
      ("bulk ESS, smallest", { number($0.smallestBulkESS, 0) }),
      ("bulk ESS, median", { number($0.medianBulkESS, 0) }),
      ("tail ESS, smallest", { number($0.smallestTailESS, 0) }),
      ("tail ESS, median", { number($0.medianTailESS, 0) }),
      ("Monte Carlo error, largest", { short($0.largestMonteCarloError) }),
      ("without diagnostics", { "\($0.undefinedCount)" }),
    ]
    for (name, text) in rows { table.append([name] + columns.map { text($0.2) }) }
    return table.text
  }

  /// Chains as rows; what nobody recorded is left out.
  private var chainTable: String {
    // What there is to say about draws that are no chains, the checks say.
    guard origin == .mcmc || origin == nil else { return "" }
    let all: [(String, (ChainSummary) -> String?)] = [
      ("draws", { grouped($0.drawCount) }),
      ("distinct", { $0.distinctDrawCount.map(grouped) }),
      ("divergent", { $0.divergenceCount.map(grouped) }),
      ("acceptance", { $0.meanAcceptanceRate.isNaN ? nil : percent($0.meanAcceptanceRate) }),
      (
        "energy error > 10",
        { chain in
          chain.largeEnergyErrorCount.map { percent(Double($0) / Double(chain.drawCount)) }
        }
      ),
      ("step size", { $0.meanStepSize.isNaN ? nil : short($0.meanStepSize) }),
      ("steps", { $0.meanStepCount.isNaN ? nil : number($0.meanStepCount, 1) }),
      ("E-BFMI", { $0.energyFraction.isNaN ? nil : number($0.energyFraction, 2) }),
    ]
    let columns = all.filter { column in (chains + [allChains]).contains { column.1($0) != nil } }
    var table = TextTable(
      header: [["chain"] + columns.map(\.0)], alignments: [.left] + columns.map { _ in .right })
    // More chains than a person reads; JSON has them.
    let shown = chains.prefix(20)
    if chains.count > 1 {
      for (index, chain) in shown.enumerated() { table.append(["\(index)"] + columns.map { $0.1(chain) ?? "–" }) }
      if shown.count < chains.count { table.append(["…"] + columns.map { _ in "" }) }
    }
    table.append(["all"] + columns.map { $0.1(allChains) ?? "–" })
    return table.text
  }

  private var checkLines: String {
    let width = checks.map(\.name.count).max() ?? 0
    let space = String(repeating: " ", count: width + 6)
    return checks.map { check in
      let mark =
        switch check.status {
        case .passed: "✓"
        case .failed: "✗"
        case .warning: "!"
        case .notJudged, .doesNotApply: "–"
        }
      let line = "  \(mark) \(check.name.padding(toLength: width, withPad: " ", startingAt: 0))  \(check.finding)\n"
      guard check.status == .failed || check.status == .warning else { return line }
      return line + "\(space)\(check.advice)\n\(space)See Docs/diagnostics.md#\(check.name)\n"
    }.joined()
  }
}

/// A number with so many decimals; a dash where it is not defined.
private func number(_ value: Double, _ digits: Int) -> String {
  guard value.isFinite else { return value.isNaN ? "–" : value > 0 ? "∞" : "−∞" }
  return String(format: "%.\(digits)f", value)
}

private func short(_ value: Double) -> String {
  value.isFinite ? String(format: "%.3g", value) : number(value, 0)
}

private func percent(_ fraction: Double) -> String {
  fraction.isNaN ? "–" : String(format: "%.1f %%", 100 * fraction)
}

private func grouped(_ value: Int) -> String {
  let digits = Array("\(value)")
  return digits.enumerated().map { ($0 > 0 && (digits.count - $0) % 3 == 0 ? "," : "") + String($1) }.joined()
}
