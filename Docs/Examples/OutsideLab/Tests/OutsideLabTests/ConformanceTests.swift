import OutsideLab
import RobustnessTesting
import Testing

@Test func `momentum keeps every rule for attacks`() throws {
  try expectConformance(of: Momentum.self)
}

@Test func `so does its version without options`() throws {
  try expectConformance(of: PlainMomentum.self)
}

@Test func `label probability keeps every rule for metrics`() throws {
  try expectConformance(of: LabelProbability.self)
}
