import ComputeKernels
import Diagnostics
import PosteriorFiles
import PosteriorReports
import Reporting
import RobustnessCore

/// What the diagnostics say about a posterior that is about to be written.
struct TrainingDiagnosis {
  /// Entries for the provenance, among them `diagnostics`; a function of the contents alone.
  let entries: [String: ProvenanceValue]
  /// The verdict in a sentence.
  let verdict: String

  /// Diagnoses contents.
  ///
  /// Draws that cannot be diagnosed are written all the same, with the reason: they took longer to make than a report.
  init(_ contents: PosteriorContents, threads: Int) throws {
    func failed(_ reason: String) -> TrainingDiagnosis {
      TrainingDiagnosis(
        entries: ["diagnostics": .text(JSONText.object([("error", .text(reason))]).compact)],
        verdict: "not diagnosed: \(reason)")
    }
    do {
      let report = try PosteriorReport(of: contents, threads: threads)
      self.init(entries: report.provenanceEntries, verdict: report.verdict)
    } catch let error as CoreError {
      self = failed("\(error)")
    } catch let error as KernelError {
      self = failed("\(error)")
    }
  }

  private init(entries: [String: ProvenanceValue], verdict: String) {
    self.entries = entries
    self.verdict = verdict
  }
}
