import OutsideLab
import RobustnessTesting
import Testing

@Test func `label probability keeps every rule for metrics`() throws {
  try expectConformance(of: LabelProbability.self)
}
