import HDF5

/// The one place where warnings about a posterior file are made: from what it says, and from what its values are.
struct StatementReview {
  let structure: PosteriorStructure

  /// Every warning, in the order in which a person would want to know them.
  var warnings: [PosteriorWarning] { shapeWarnings + precisionWarnings + referenceWarnings }

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
    case .variational where chains > 1:
      return [
        PosteriorWarning(
          place: "/provenance@kind",
          sentence: "is variational, which is one chain; /posterior holds \(chains), whose agreement is not judged",
          advice: "Store (1, draw, …), or say mcmc where they are chains")
      ]
    default: return []
    }
  }

  /// Numbers in more digits than networks are computed with.
  private var precisionWarnings: [PosteriorWarning] {
    let rounded = structure.roles.keys.sorted().filter { path in
      structure.datasets[path]?.type == .number(.float64)
        && [.parameter, .variationalMean, .variationalScale, .inputs].contains(structure.roles[path])
    }
    guard let first = rounded.first else { return [] }
    let more = rounded.count == 1 ? "" : ", as \(Self.count(rounded.count - 1, "further data set")) do"
    return [
      PosteriorWarning(
        place: first, sentence: "holds float64 numbers\(more), which are rounded to float32",
        advice: "Store what the network computes with: .astype(\"<f4\")")
    ]
  }

  private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
