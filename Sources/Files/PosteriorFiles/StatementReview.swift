import HDF5
import NeuralNetworks
import RobustnessCore

/// What is absent from the values of a file.
struct ContentFindings {
  /// For each parameter, by path, the number of draws in which all of it is zero.
  var zeroDrawCounts: [String: Int] = [:]
  /// Parameters that all draws share and that are zero throughout, by path.
  var zeroSharedParameters: Set<String> = []
  /// Statistics that count as not recorded.
  var absences: [RecordedStatistics.Absence] = []
  /// What the evaluation data say; nil without them.
  var examples: ExampleReview?
  /// How the draws compare with the distribution that they are said to come from.
  var variationalFit = VariationalFit(drawCount: 0)
  var hasVariationalScale = false
  var variationalScaleIsZero = true
}

/// The one place where warnings about a posterior file are made: from what it says, and from what its values are.
struct StatementReview {
  let structure: PosteriorStructure
  let findings: ContentFindings

  /// Every warning, in the order in which a person would want to know them.
  var warnings: [PosteriorWarning] {
    shapeWarnings + meaningWarnings + absenceWarnings + precisionWarnings + referenceWarnings
  }

  /// What the kind and the shape say, where they do not go together. No number depends on these, but checks do.
  private var shapeWarnings: [PosteriorWarning] {
    let (chains, draws) = (structure.chainCount, structure.drawsPerChain)
    switch structure.kind {
    case .mcmc where chains > draws:
      return [
        PosteriorWarning(
          place: "/posterior",
          sentence:
            "holds \(Self.count(chains, "chain")) of \(Self.count(draws, "draw")): are the first two axes swapped?",
          advice: "Axes are (chain, draw, …); numpy's swapaxes(0, 1) turns them")
      ]
    case .ensemble where draws > 1, .bootstrap where draws > 1:
      return [
        PosteriorWarning(
          place: "/provenance@kind",
          sentence: "is \(structure.kind?.rawValue ?? ""), which is one draw for each chain; /posterior holds "
            + "\(Self.count(chains, "chain")) of \(Self.count(draws, "draw")), which are taken as \(chains * draws) networks",
          advice:
            "Store (network, 1, …), or say mcmc where the draws are states of a chain, so that convergence is judged"
        )
      ]
    case .variational where chains > 1, .independent where chains > 1:
      return [
        PosteriorWarning(
          place: "/provenance@kind",
          sentence:
            "is \(structure.kind?.rawValue ?? ""), which is one chain; /posterior holds \(chains), whose agreement is not judged",
          advice: "Store (1, draw, …), or say mcmc where they are chains")
      ]
    default: return []
    }
  }

  /// What is stated of the numbers and not borne out by them, or not applied.
  private var meaningWarnings: [PosteriorWarning] {
    var warnings: [PosteriorWarning] = []
    if let architecture = structure.architecture, case let function = architecture.lastFunction,
      function != .identity, function != .sigmoid
    {
      warnings.append(
        PosteriorWarning(
          place: "/model@architecture",
          sentence: "gives the last layer the activation \(function.word): what it returns "
            + "is taken as logits",
          advice: "Logits have the activation identity; where the network was trained so, the numbers are right"))
    }
    warnings += structure.furtherStatements.map(\.warning)
    // A scale of 0 throughout has a warning of its own.
    if let sentence = findings.variationalFit.sentence {
      warnings.append(
        PosteriorWarning(
          place: "/variational", sentence: sentence,
          advice: "The scale is a standard deviation, with the shape and the order of one draw"))
    }
    return warnings
  }

  /// Room that was made and, as it looks, not used.
  private var absenceWarnings: [PosteriorWarning] {
    var warnings = parameterWarnings
    if findings.hasVariationalScale, findings.variationalScaleIsZero {
      warnings.append(
        PosteriorWarning(
          place: "/variational", sentence: "has no standard deviation but 0: fresh draws all are the mean",
          advice: "Store the scales, or leave the group out"))
    }
    warnings += findings.absences.map {
      PosteriorWarning(
        place: "/sample_stats/\($0.name)", sentence: "\($0.sentence): it counts as not recorded, and judges nothing",
        advice: "Record it, or leave it out")
    }
    return warnings
      + (findings.examples?.warnings(labels: "/evaluation_data/labels", inputs: "/evaluation_data/inputs") ?? [])
  }

  /// Parameters that are zero in whole draws. A bias begins as zeros, and a unit that never fires leaves it so; a
  /// weight does not, and neither does a bias that was drawn. A factor that is zero switches a unit off, as dropout does.
  private var parameterWarnings: [PosteriorWarning] {
    guard let architecture = structure.architecture else { return [] }
    let draws = structure.chainCount * structure.drawsPerChain
    let isDrawn = structure.kind == .mcmc || structure.kind == .variational
    func isWeight(_ parameter: Architecture.Parameter) -> Bool {
      if case .weight = parameter.purpose { true } else { false }
    }
    var shared: String?
    var suspicious: [String: Int] = [:]
    for parameter in architecture.parameters {
      if findings.zeroSharedParameters.contains("\(Inspection.shared)/\(parameter.name)"), isWeight(parameter) {
        shared = shared ?? "\(Inspection.shared)/\(parameter.name)"
      }
      let path = "/posterior/\(parameter.name)"
      guard let count = findings.zeroDrawCounts[path], isWeight(parameter) || (isDrawn && count < draws) else {
        continue
      }
      suspicious[path] = count
    }
    var warnings: [PosteriorWarning] = []
    if let (path, count) = suspicious.min(by: { $0.key < $1.key }) {
      let more = suspicious.count == 1 ? "" : ", and \(Self.count(suspicious.count - 1, "further parameter")) in some"
      warnings.append(
        PosteriorWarning(
          place: path,
          sentence: "holds only zeros in \(count) of \(Self.count(draws, "draw"))\(more): was it ever filled?",
          advice: "Look at the program that stored the draws"))
    }
    if let shared {
      warnings.append(
        PosteriorWarning(
          place: shared, sentence: "holds only zeros: was it ever filled?",
          advice: "Look at the program that stored it"))
    }
    return warnings
  }

  /// Numbers in more digits than networks are computed with.
  private var precisionWarnings: [PosteriorWarning] {
    let rounded = structure.items.keys.sorted().filter { path in
      structure.datasets[path]?.type == .number(.float64)
        && [.parameter, .shared, .variationalMean, .variationalScale, .inputs].contains(structure.role(of: path))
    }
    guard let first = rounded.first else { return [] }
    let more = rounded.count - 1
    let others = more == 0 ? "" : more == 1 ? ", as does 1 further data set" : ", as do \(more) further data sets"
    return [
      PosteriorWarning(
        place: first, sentence: "holds float64 numbers\(others), which are rounded to float32",
        advice: "Store what the network computes with: .astype(\"<f4\")")
    ]
  }

  private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
