/// Whose projected gradient descent is meant: defaults and semantics that go together.
public enum Preset: String, Codable, Sendable, CaseIterable {
  /// 15 steps of 2.5·ε/15 from a uniform start, best point kept, exact projection.
  case paper
  /// Foolbox 3.3.4: `LinfPGD`, `L2PGD`.
  case foolbox
  /// torchattacks 3.5.1: `PGD`, `PGDL2`.
  case torchattacks
  /// Adversarial Robustness Toolbox 1.20: `ProjectedGradientDescent`.
  case art
  /// CleverHans 4: `projected_gradient_descent`. It has no defaults for steps and step: both must be given.
  case cleverhans
}
