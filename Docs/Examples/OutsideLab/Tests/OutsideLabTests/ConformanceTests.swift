import OutsideLab
import RobustnessTesting
import Testing

@Test func `momentum keeps every rule for attacks`() throws {
  try expectConformance(of: Momentum.self)
}

@Test func `so does its version without options`() throws {
  try expectConformance(of: PlainMomentum.self)
}
