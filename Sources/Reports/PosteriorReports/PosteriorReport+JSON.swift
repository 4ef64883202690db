public import Diagnostics
public import PosteriorFiles
public import Reporting
import RobustnessCore

// MARK: - For programs

extension PosteriorReport {
  /// The report as JSON, with every draw's quality and every chain; numbers that are not finite are `null`.
  public var json: JSONText { json(detailed: true) }

  /// The report without what there is one of for each draw or chain, and with the checks under `checks_made`: short
  /// enough for a file's provenance.
  ///
  /// A function of draws and held-out data alone, without times: the same bytes whenever the same posterior is
  /// diagnosed.
  public var summaryJSON: JSONText { json(detailed: false).withSnakeCaseKeys }

  /// What a file's `/provenance` says about its diagnosis: the summary under the name `diagnostics`.
  public var provenanceEntries: [String: ProvenanceValue] { ["diagnostics": .text(summaryJSON.compact)] }

  private func json(detailed: Bool) -> JSONText {
    var members: [(String, JSONText)] = [
      ("kind", .optional(origin) { .text($0.rawValue) }),
      ("chains", .integer(chainCount)),
      ("drawsPerChain", .integer(drawsPerChain)),
      ("draws", .integer(drawCount)),
      ("nonFiniteNumbers", .integer(nonFiniteCount)),
      ("functionSpace", .optional(functionSpace, \.json)),
      ("weightSpace", .optional(weightSpace, \.json)),
      ("logDensity", .optional(logDensity, \.json)),
      ("energy", .optional(energy, \.json)),
      ("allChains", allChains.json),
    ]
    if detailed { members.append(("perChain", .array(chains.map(\.json)))) }
    members += [
      ("quality", .optional(quality) { $0.json(detailed: detailed) }),
      (detailed ? "checks" : "checksMade", .array(checks.map { $0.json })),
      ("outcome", .text(outcome.rawValue)),
      ("verdict", .text(verdict)),
    ]
    return .object(members)
  }
}

extension ConvergenceSummary {
  var json: JSONText {
    .object([
      ("quantities", .integer(quantityCount)),
      ("quantitiesInAll", .integer(population)),
      ("notDefined", .integer(undefinedCount)),
      ("largestRHat", .number(largestRHat)),
      ("ninthDecileRHat", .number(ninthDecileRHat)),
      ("smallestBulkESS", .number(smallestBulkESS)),
      ("medianBulkESS", .number(medianBulkESS)),
      ("smallestTailESS", .number(smallestTailESS)),
      ("medianTailESS", .number(medianTailESS)),
      ("largestMonteCarloError", .number(largestMonteCarloError)),
    ])
  }
}

extension ChainSummary {
  var json: JSONText {
    func fraction(_ count: Int?) -> JSONText { .optional(count) { .number(Double($0) / Double(drawCount)) } }
    return .object([
      ("draws", .integer(drawCount)),
      ("distinctDraws", .optional(distinctDrawCount) { .integer($0) }),
      ("distinctFraction", fraction(distinctDrawCount)),
      ("divergences", .optional(divergenceCount) { .integer($0) }),
      ("divergenceFraction", fraction(divergenceCount)),
      ("largeEnergyErrorFraction", fraction(largeEnergyErrorCount)),
      ("meanAcceptanceRate", .number(meanAcceptanceRate)),
      ("meanStepSize", .number(meanStepSize)),
      ("meanStepCount", .number(meanStepCount)),
      ("energyFraction", .number(energyFraction)),
    ])
  }
}

extension PredictiveQuality {
  /// The scores with their names in JSON.
  static let scores: [(name: String, value: @Sendable (PredictiveQuality) -> Double)] = [
    ("accuracy", { $0.accuracy }),
    ("negativeLogLikelihood", { $0.negativeLogLikelihood }),
    ("brierScore", { $0.brierScore }),
    ("expectedCalibrationError", { $0.expectedCalibrationError }),
  ]
}

extension QualityReport {
  func json(detailed: Bool) -> JSONText {
    let spreads = PredictiveQuality.scores.map { name, value -> (String, JSONText) in
      let spread = spread(value)
      var members: [(String, JSONText)] = [
        ("mean", .number(spread.mean)), ("minimum", .number(spread.minimum)), ("maximum", .number(spread.maximum)),
      ]
      if detailed { members.append(("values", .array(draws.map { .number(value($0)) }))) }
      return (name, .object(members))
    }
    return .object([
      ("examples", .integer(exampleCount)),
      ("predictive", .object(PredictiveQuality.scores.map { ($0.name, .number($0.value(predictive))) })),
      ("eachDraw", .object(spreads)),
    ])
  }
}

extension DiagnosticCheck {
  var json: JSONText {
    .object([
      ("name", .text(name)), ("status", .text(status.rawValue)), ("value", .number(value)), ("finding", .text(finding)),
      ("advice", .text(advice)),
    ])
  }
}

extension JSONText {
  /// The same value with keys in the style of the file format: `largest_r_hat` for `largestRHat`.
  var withSnakeCaseKeys: JSONText {
    switch self {
    case .array(let values): .array(values.map(\.withSnakeCaseKeys))
    case .object(let members): .object(members.map { (Self.snakeCase($0.0), $0.1.withSnakeCaseKeys) })
    default: self
    }
  }

  static func snakeCase(_ name: String) -> String {
    // Two capitals in a row are an acronym, but for R-hat.
    let letters = Array(name.replacing("RHat", with: "_r_hat").replacing("ESS", with: "_ess"))
    return letters.map { $0.isUppercase ? "_" + $0.lowercased() : String($0) }.joined()
  }
}
