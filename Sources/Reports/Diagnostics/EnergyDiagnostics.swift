/// The estimated Bayesian fraction of missing information of one chain of Hamiltonian Monte Carlo (Betancourt 2016,
/// arXiv:1604.00695, Eq. 3.1).
///
/// Mean squared change of the energy between successive draws over the energy's variance. Below 0.3 the momentum
/// resampling explores the energies so slowly that tails are missed.
///
/// - Parameter energies: the Hamiltonian after each draw of one chain, in nat.
/// - Returns: about 1 for independent energies; NaN for fewer than two draws, values that are not finite, or a constant
///   energy.
public func bayesianFractionOfMissingInformation(_ energies: [Double]) -> Double {
  guard energies.count >= 2, energies.allSatisfy(\.isFinite), energies.contains(where: { $0 != energies[0] }) else {
    return .nan
  }
  let changes = zip(energies.dropFirst(), energies).map { ($0 - $1) * ($0 - $1) }
  return mean(changes) / variance(energies)
}
