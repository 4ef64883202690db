public import RobustnessCore

/// An ensemble that is a list of models; everything but the members is the protocol's default.
public struct ListedEnsemble<Member: Model>: PosteriorEnsemble {
  let members: [Member]

  /// An ensemble of these models.
  public init(_ members: [Member]) {
    self.members = members
  }

  /// Shape of one input.
  public var inputShape: [Int] { members[0].inputShape }
  /// Number of classes.
  public var classCount: Int { members[0].classCount }
  /// Number of draws.
  public var drawCount: Int { members.count }
  /// One of the models.
  public func member(_ draw: Int) throws -> Member { members[draw] }
}

/// Closed-form networks as an ensemble.
public typealias ClosedFormEnsemble = ListedEnsemble<ClosedFormNetwork>

extension ListedEnsemble where Member == ClosedFormNetwork {
  /// The tanh networks of these phases; `attack_fixtures.json` has 0, 0.15 and −0.2.
  public init(phases: [Double]) {
    self.init(phases.map { ClosedFormNetwork(phase: $0) })
  }
}
