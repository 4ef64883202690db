import Foundation
import Shell

/// The page that lists every finished experiment: claim, evidence, verdict.
struct ResultIndex {
  let folder: String
  let scale: Scale

  func write() throws {
    var rows: [[String]] = []
    for type in Experiments.all {
      guard let data = FileManager.default.contents(atPath: "\(folder)/\(type.name)/manifest.json"),
        let manifest = try? JSONDecoder().decode(Reproduction.Manifest.self, from: data)
      else { continue }
      rows.append([
        "[\(type.name)](\(type.name)/\(type.name).md)", manifest.claim, manifest.judgement,
        "**\(manifest.verdict.rawValue)**", "`\(manifest.scale)`",
      ])
    }
    guard !rows.isEmpty else { return }
    let text = """
      # The paper, reproduced

      Carbone, Wicker, Laurenti, Patane, Bortolussi, Sanguinetti: *Robustness of Bayesian neural networks to gradient-based attacks* (NeurIPS 2020), experiment by experiment: what is claimed, what was measured here, and what the numbers say. Every sentence of judgement is made from the numbers by a rule that is in the source, whichever way they point.

      \(Markdown.table(["experiment", "claim", "evidence", "verdict", "scale"], rows))
      *Supported*, *not supported* and *contradicted* are about these runs: their networks, data and sizes, which every page states with the diagnostics of its posteriors. *Undecided* means that the intervals are too wide, or the posteriors not converged, to say; for `certificates` also that what is proven and what attacks leave point different ways. A chain that has not converged by its own diagnostics does not count towards a verdict, except in the audit, which is about the computation.

      To repeat all of it: `reproduce all --scale \(scale.rawValue) --output FOLDER`.

      """
    try ResultFile.write(text, to: folder + "/README.md")
  }
}
