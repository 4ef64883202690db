import HDF5

extension Inspection {
  /// Whether it has the draws of another program, and nothing of this format: who has begun to add it wants to hear
  /// what is missing.
  var isInferenceData: Bool {
    guard (try? file.kind(of: "/posterior")) == .group, (try? file.kind(of: "/model")) == .none else { return false }
    return ["chain", "draw"].allSatisfy { (try? file.kind(of: "/posterior/\($0)")) == .dataset }
  }
}
