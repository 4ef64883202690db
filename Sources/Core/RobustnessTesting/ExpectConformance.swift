public import RobustnessCore

/// Checks an attack against every rule that attacks of this project keep.
///
/// ```swift
/// @Test func `my attack conforms`() throws { try expectConformance(of: Mine.self) }
/// ```
///
/// All that is needed is in memory: small ensembles in closed form, some of them with exactly known robust radii. It
/// takes about as long as a few thousand queries of small models.
///
/// - Parameters:
///   - attack: the type of the attack.
///   - options: options as on the command line, `["random-start": "false"]`; the defaults when empty.
/// - Throws: ``ConformanceFailure``, which names each broken rule. ``AttackRule`` lists them.
public func expectConformance<A: Attack>(of attack: A.Type, options: [String: String] = [:]) throws {
  let violations = AttackConformance<A>(options: options).violations()
  guard violations.isEmpty else { throw ConformanceFailure(plugin: A.name, violations: violations) }
}

/// Checks a metric against every rule that metrics of this project keep.
///
/// - Parameter metric: the type of the metric.
/// - Throws: ``ConformanceFailure``, which names each broken rule. ``MetricRule`` lists them.
public func expectConformance<M: RobustnessMetric>(of metric: M.Type) throws {
  let violations = MetricConformance<M>().violations()
  guard violations.isEmpty else { throw ConformanceFailure(plugin: M.name, violations: violations) }
}

/// Checks a sampler against every rule that samplers of this project keep.
///
/// ```swift
/// @Test func `my sampler conforms`() throws { try expectConformance(of: Mine.self) }
/// ```
///
/// All that is needed is in memory: densities in closed form, and small networks on made-up examples. Samplers of any
/// `LogDensity` are run on both, those of `BayesianNetwork` on the networks. It takes about as long as a hundred
/// warm-ups in two dimensions.
///
/// - Parameters:
///   - sampler: the type of the sampler.
///   - options: options as on the command line; the defaults when empty.
/// - Throws: ``ConformanceFailure``, which names each broken rule. ``SamplerRule`` lists them.
public func expectConformance<S: PosteriorSampler>(of sampler: S.Type, options: [String: String] = [:]) throws {
  let violations = try SamplerConformance<S>(options: options).violations()
  guard violations.isEmpty else { throw ConformanceFailure(plugin: S.name, violations: violations) }
}
