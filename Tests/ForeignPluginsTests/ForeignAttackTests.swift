import ForeignPlugins
import Foundation
import PGD
import RobustnessCore
import RobustnessTesting
import TestSupport
import Testing

/// Attacks in C beside the same ones in Swift.
@Suite(.inTurn) struct `An attack in C` {
  static let example = Result { try PluginLibrary.attacks(inFile: compiled.get().path) }
  static let compiled = Result { try CompiledPlugin(file: CompiledPlugin.example) }

  static let ensemble = ClosedFormEnsemble(phases: [0, 0.15, -0.2])
  static func examples(_ count: Int = 7) throws -> Examples {
    let streams = RandomStreams(seed: 5, purpose: "test/foreign-inputs")
    let rows = (0..<count).flatMap { row in
      var stream = streams.stream(example: row)
      return stream.uniforms(4)
    }
    let inputs = Tensor(shape: [count, 4], elements: rows)
    return Examples(inputs: inputs, labels: try ensemble.predict(inputs, draws: .all).classes(.predictive))
  }

  /// Points that an attack returns, and the oracle after it.
  static func run(
    _ attack: any Attack.Type, _ assignments: [String: String], _ threat: ThreatModel, _ examples: Examples
  ) throws -> (points: Tensor, oracle: DirectOracle<ClosedFormEnsemble>) {
    func open<A: Attack>(_ type: A.Type) throws -> (Tensor, DirectOracle<ClosedFormEnsemble>) {
      var oracle = DirectOracle(ensemble, examples, goal: threat.goal)
      let attack = try A(A.Options(assignments: assignments))
      let points = try attack.perturb(
        examples, within: threat, oracle: &oracle, random: RandomStreams(seed: 1, purpose: "test"))
      return (points, oracle)
    }
    return try open(attack)
  }

  @Test(arguments: [Norm.linf, .l2], [false, true]) func `finds what the same attack in Swift finds`(
    _ norm: Norm, _ targeted: Bool
  ) throws {
    let plain = try Self.examples()
    let examples = Examples(
      inputs: plain.inputs, labels: plain.labels, targets: targeted ? plain.labels.map { ($0 + 1) % 4 } : nil)
    let threat = try ThreatModel(norm: norm, epsilon: 0.2, goal: targeted ? .targeted : .untargeted)
    let mine = try Self.run(try Self.example.get()[0], ["steps": "12", "relative-step": "0.3"], threat, examples)
    let swift = try Self.run(
      ProjectedGradientDescent.self,
      ["steps": "12", "relative-step": "0.3", "random-start": "false", "keep": "last"], threat, examples)
    #expect(mine.points != examples.inputs)
    #expect(mine.oracle.gradientQueryCount == 12)
    if norm == .linf {
      #expect(mine.points == swift.points)
    } else {
      let difference = zip(mine.points.elements, swift.points.elements).map { abs($0 - $1) }.max() ?? .nan
      #expect(difference < 1e-9)
    }
  }

  @Test func `conforms`() throws {
    func check<A: Attack>(_ type: A.Type) throws { try expectConformance(of: type) }
    try check(try Self.example.get()[0])
  }

  @Test func `has options like any other`() throws {
    func described<A: Attack>(_ type: A.Type, _ assignments: [String: String]) throws -> [String] {
      try A.Options(assignments: assignments).described().map { "\($0.name)=\($0.value ?? "")" }
    }
    func help<A: Attack>(_ type: A.Type) -> [String: String] { A.Options.help }
    let attack = try Self.example.get()[0]
    #expect(try described(attack, [:]) == ["steps=10", "relative-step=0.25"])
    #expect(try described(attack, ["steps": "3"]) == ["steps=3", "relative-step=0.25"])
    #expect(help(attack)["steps"] == "number of steps, each one gradient")
    #expect(throws: CoreError("option 'steps' must lie between 1 and 100000, not 0")) {
      try described(attack, ["steps": "0"])
    }
    #expect(throws: CoreError("option 'steps' takes a whole number, not '1.5'")) {
      try described(attack, ["steps": "1.5"])
    }
  }

  /// Everything a plugin can be told, told back through the points.
  static let echo = #"""
    #include <string.h>
    #include "robustness_plugin.h"
    static int32_t values(const robustness_problem *p, double *points, char *message, size_t size) {
      (void)message, (void)size;
      int64_t row = 1;
      uint8_t success;
      double value;
      int32_t status = p->values(p->context, p->inputs + p->input_size, &row, 1, "margin", &value, &success);
      points[0] = value, points[1] = success, points[2] = (double)p->class_count, points[3] = (double)p->shape[0];
      return status ? status : p->log_probabilities(p->context, p->inputs + p->input_size, &row, 1, points + 4);
    }
    static int32_t uniforms(const robustness_problem *p, double *points, char *message, size_t size) {
      (void)message, (void)size;
      int32_t status = 0;
      for (size_t i = 0; !status && i < p->example_count; i++)
        status = p->uniforms(p->context, i, (uint64_t)p->options[0], p->input_size, points + i * p->input_size);
      return status;
    }
    static int32_t scaled(const robustness_problem *p, double *points, char *message, size_t size) {
      (void)message, (void)size;
      int32_t exponents[64];
      int32_t status = p->ascent(p->context, p->inputs, NULL, p->example_count, NULL, NULL, points, exponents, NULL);
      for (size_t i = 0; i < p->example_count; i++)
        for (size_t j = 0; j < p->input_size; j++) {
          double power = 1;
          for (int e = 0; e < exponents[i]; e++) power *= 2;
          for (int e = 0; e > exponents[i]; e--) power /= 2;
          points[i * p->input_size + j] *= power;
        }
      return status;
    }
    static const robustness_option options[] = {
        {"purpose", NULL, ROBUSTNESS_INTEGER, 0, 0, 9}, {"flag", NULL, ROBUSTNESS_BOOLEAN, 1, 0, 0}};
    static const robustness_attack attacks[] = {
        {"echo-values", NULL, ROBUSTNESS_ACCESS_SCORES, ROBUSTNESS_NORM_LINF, 0, 2, 0, NULL, values},
        {"echo-uniforms", NULL, ROBUSTNESS_ACCESS_NONE, ROBUSTNESS_NORM_LINF, 0, 2, 2, options, uniforms},
        {"echo-gradients", NULL, ROBUSTNESS_ACCESS_GRADIENTS, ROBUSTNESS_NORM_LINF, 0, 2, 0, NULL, scaled}};
    static const robustness_plugin plugin = {
        ROBUSTNESS_PLUGIN_ABI, sizeof(robustness_attack), sizeof(robustness_option), 3, attacks};
    const robustness_plugin *robustness_plugin_entry(uint32_t abi) { (void)abi; return &plugin; }
    """#

  @Test func `is answered as the oracle answers`() throws {
    let library = try CompiledPlugin(source: Self.echo)
    let attacks = try PluginLibrary.attacks(inFile: library.path)
    let examples = try Self.examples()
    let threat = try ThreatModel(norm: .linf, epsilon: 0.1)
    var oracle = DirectOracle(Self.ensemble, examples)
    let second = examples.inputs.rows([1])

    let told = try Self.run(attacks[0], [:], threat, examples).points.elements
    let expected = try oracle.values(second, of: [1], objective: .margin)
    #expect(Array(told[0..<4]) == [expected.values[0], expected.successes[0] ? 1 : 0, 4, 4])
    #expect(Array(told[4..<8]) == (try oracle.logProbabilities(second, of: [1])).elements)

    let gradients = try Self.run(attacks[2], [:], threat, examples).points
    #expect(gradients == (try oracle.ascent(examples.inputs)).gradient.plain)
    #expect(gradients.elements.contains { $0 != 0 })
  }

  @Test func `gets random numbers that belong to the example`() throws {
    let library = try CompiledPlugin(source: Self.echo)
    let attack = try PluginLibrary.attacks(inFile: library.path)[1]
    let threat = try ThreatModel(norm: .linf, epsilon: 0.1)
    let examples = try Self.examples()
    let all = try Self.run(attack, [:], threat, examples).points
    #expect(try Self.run(attack, [:], threat, examples).points == all)
    #expect(try Self.run(attack, [:], threat, examples.subset([5, 2])).points == all.rows([5, 2]))
    #expect(try Self.run(attack, ["purpose": "1"], threat, examples).points != all)
    #expect(Set(all.elements).count == all.elements.count && all.elements.allSatisfy { (0..<1).contains($0) })
    #expect(try Self.described(attack) == ["purpose=0", "flag=true"])
  }

  private static func described(_ attack: any Attack.Type) throws -> [String] {
    func open<A: Attack>(_ type: A.Type) throws -> [String] {
      try A.Options().described().map { "\($0.name)=\($0.value ?? "")" }
    }
    return try open(attack)
  }

  static let failures: [(attack: String, reason: String)] = [
    ("says-why", "the moon is in the wrong house"), ("gives-a-number", "it returned 42"),
    ("overfills-its-message", String(repeating: "x", count: 511)),
    ("writes-past-the-end", "it wrote past the 28 numbers that are its own"),
    ("writes-before-the-start", "it wrote past the 28 numbers that are its own"),
    ("writes-to-the-inputs", "it wrote to the inputs, which are not its own"),
    ("asks-about-no-example", "it asked about example 7; there are 7, from 0"),
    ("asks-for-no-objective", "it asked for an objective 'happiness'; there are "),
    ("asks-with-null", "it asked for log-probabilities at a null pointer"),
    ("asks-about-too-many", "it asked about 8 points without rows; there are 7 examples"),
    ("asks-from-another-thread", "it returned 3"),
  ]

  @Test(arguments: failures.indices) func `that misbehaves is told apart`(_ index: Int) throws {
    let (name, reason) = Self.failures[index]
    let library = try CompiledPlugin(source: CompiledPlugin.misbehaving)
    let attack = try #require(try PluginLibrary.attacks(inFile: library.path).first { $0.name == name })
    let threat = try ThreatModel(norm: .linf, epsilon: 0.1)
    do {
      _ = try Self.run(attack, [:], threat, try Self.examples())
      Issue.record("\(name) passed")
    } catch {
      #expect("\(error)".hasPrefix(reason), "\(name): \(error)")
    }
  }
}
