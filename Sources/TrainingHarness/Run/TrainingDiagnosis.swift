import PosteriorFiles

/// The place where a posterior that is about to be written is diagnosed.
enum TrainingDiagnosis {
  /// Entries for the provenance, among them `diagnostics`; a function of the contents alone.
  static func entries(_ contents: PosteriorContents, threads: Int) throws -> [String: ProvenanceValue] {
    [:]
  }
}
