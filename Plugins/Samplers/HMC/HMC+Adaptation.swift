import Foundation
import RobustnessCore

extension HamiltonianMonteCarlo {
  /// Doubles or halves the step size until the acceptance probability of a single step crosses 0.8 (Hoffman and Gelman
  /// 2014, algorithm 4; threshold of Stan).
  ///
  /// - Throws: `CoreError` when no step size is accepted, or every one.
  func reasonableStepSize(
    _ state: State, _ gradient: [Double], from first: Double, _ target: some LogDensity, _ random: RandomStreams
  ) throws -> Double {
    let inverseMass = options.massMatrix == .prior ? target.priorDeviations?.map { $0 * $0 } : state.inverseMass
    let start = state.position.map(Double.init)
    var stepSize = first
    var grows: Bool?
    // 2^±200 lies beyond every step that could be meant.
    for trial in 0..<200 {
      var stream = random.stream(example: state.transitions, restart: trial)
      let momentum = Self.momentum(&stream, dimension: start.count, inverseMass: inverseMass)
      var end = Leapfrog(position: start, momentum: momentum, gradient: gradient)
      try end.advance(target, steps: 1, stepSize: stepSize, inverseMass: inverseMass)
      let ratio = Self.logRatio(target, end, start, state.value)
      let error = end.kineticDifference(from: momentum, inverseMass: inverseMass) - ratio
      let isAccepted = !end.hasDiverged && -error > log(0.8)
      if let grows, grows != isAccepted { return stepSize }
      grows = isAccepted
      stepSize *= isAccepted ? 2 : 0.5
    }
    throw CoreError(
      grows == true
        ? "hmc: every step size is accepted; is the density flat?"
        : "hmc: no step size is accepted at the start; is the gradient that of the density?")
  }

  /// What a transition of the warm-up changes: the step size, and at the end of a window masses and the beginning of
  /// the search.
  func adapt(_ state: inout State, _ acceptance: Double, _ target: any LogDensity, _ random: RandomStreams) throws {
    let transition = state.transitions
    if var averaging = state.averaging {
      state.stepSize = averaging.update(acceptance: acceptance)
      state.averaging = averaging
    }
    if options.massMatrix == .diagonal, schedule.collects(transition) {
      var variance = state.variance ?? RunningVariance(dimension: state.position.count)
      variance.add(state.position)
      state.variance = variance
    }
    // The step size begins anew at the end of the first window too: the way from the start to where the mass lies is
    // behind.
    let isEarly = schedule.windows.count >= 3 && transition + 1 == schedule.windows[0].upperBound
    if schedule.endsWindow(transition), let variances = state.variance?.regularizedVariances {
      state.inverseMass = variances
      state.variance = nil
      try restart(&state, target, random)
    } else if isEarly {
      try restart(&state, target, random)
    }
    if transition + 1 == options.warmup, let averaging = state.averaging {
      state.stepSize = averaging.finalStepSize ?? state.stepSize
      state.averaging = nil
    }
  }

  private func restart(_ state: inout State, _ target: any LogDensity, _ random: RandomStreams) throws {
    guard state.averaging != nil else { return }
    let gradient = try state.gradient ?? Self.evaluate(target, state.position).gradient
    state.transitions += 1  // streams of their own, not those of the start
    state.stepSize = try reasonableStepSize(
      state, gradient, from: state.stepSize, target, random.streams(for: "step-size"))
    state.transitions -= 1
    state.averaging = DualAveraging(stepSize: state.stepSize, target: options.targetAcceptance)
  }
}
