/// What one stage of a portfolio did.
public struct StageResult: Sendable, Hashable, Codable {
  /// Names the stage.
  public var name: String
  /// Examples that still stood when it began.
  public var tried: Int
  /// Of these, examples that fell to it.
  public var fell: Int
  /// Backward passes through one draw for one example.
  public var memberGradients: Int
  /// Forward passes through one draw for one example that were no part of a gradient.
  public var memberForwards: Int
  /// Time.
  public var seconds: Double
}
