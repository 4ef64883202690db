import CRobustnessPlugin
import RobustnessCore

extension Conversation {
  private static func of(_ context: UnsafeMutableRawPointer?) -> Conversation? {
    context.map { Unmanaged<Conversation>.fromOpaque($0).takeUnretainedValue() }
  }

  /// The functions that a plugin may call. What they are given is checked as far as a pointer can be.
  func setCallbacks(_ problem: inout robustness_problem) {
    problem.ascent = { context, points, rows, count, objective, values, gradients, exponents, successes in
      guard let conversation = Conversation.of(context) else { return Int32(ROBUSTNESS_BAD_QUERY) }
      return conversation.answer {
        guard let gradients else { throw BadQuery("it asked for gradients at a null pointer") }
        let asked = try conversation.question(points, rows, count)
        let found = try conversation.ascent(asked.points, asked.rows, try conversation.objective(objective))
        copy(found.gradient.values.elements, to: gradients)
        copy(found.values, to: values)
        copy(found.gradient.exponents.map { Int32(clamping: $0) }, to: exponents)
        copy(found.successes.map { $0 ? 1 : 0 }, to: successes)
      }
    }
    problem.values = { context, points, rows, count, objective, values, successes in
      guard let conversation = Conversation.of(context) else { return Int32(ROBUSTNESS_BAD_QUERY) }
      return conversation.answer {
        let asked = try conversation.question(points, rows, count)
        let found = try conversation.values(asked.points, asked.rows, try conversation.objective(objective))
        copy(found.values, to: values)
        copy(found.successes.map { $0 ? 1 : 0 }, to: successes)
      }
    }
    problem.log_probabilities = { context, points, rows, count, logProbabilities in
      guard let conversation = Conversation.of(context) else { return Int32(ROBUSTNESS_BAD_QUERY) }
      return conversation.answer {
        guard let logProbabilities else { throw BadQuery("it asked for log-probabilities at a null pointer") }
        let asked = try conversation.question(points, rows, count)
        let found = try conversation.logProbabilities(asked.points, asked.rows)
        copy(found.elements, to: logProbabilities)
      }
    }
    problem.project = { context, points, rows, count in
      guard let conversation = Conversation.of(context) else { return Int32(ROBUSTNESS_BAD_QUERY) }
      return conversation.answer {
        var asked = try conversation.question(UnsafePointer(points), rows, count)
        conversation.threat.project(&asked.points, around: conversation.examples.inputs.rows(asked.rows))
        copy(asked.points.elements, to: points)
      }
    }
    problem.uniforms = { context, example, purpose, count, numbers in
      guard let conversation = Conversation.of(context) else { return Int32(ROBUSTNESS_BAD_QUERY) }
      return conversation.answer {
        guard let numbers, example < conversation.examples.count else {
          throw BadQuery(
            "it asked for random numbers of example \(example) of \(conversation.examples.count), or at a null pointer")
        }
        // Of the example, not of its place: the numbers do not depend on the examples beside it.
        var stream = conversation.random.streams(for: "plugin/\(purpose)")
          .stream(example: conversation.examples.identifiers[example])
        copy(stream.uniforms(count), to: numbers)
      }
    }
  }
}

private func copy<Number>(_ numbers: [Number], to pointer: UnsafeMutablePointer<Number>?) {
  guard let pointer else { return }
  numbers.withUnsafeBufferPointer { source in
    if let base = source.baseAddress { pointer.update(from: base, count: source.count) }
  }
}
