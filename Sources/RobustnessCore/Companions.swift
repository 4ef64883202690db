/// Attacks that a harness runs beside those that are asked for, to tell whether to believe these.
///
/// The companions of this package are `.builtIn`, from the module `BuiltInPlugins`.
public struct Companions: Sendable {
  /// Random noise: what every attack must be stronger than. It has a row of its own in every result.
  public var noise: any Attack.Type
  /// One step along the gradient: what an attack of many steps must be stronger than.
  public var oneStep: any Attack.Type

  /// These attacks as companions, each with its default options.
  public init(noise: any Attack.Type, oneStep: any Attack.Type) {
    self.noise = noise
    self.oneStep = oneStep
  }
}
