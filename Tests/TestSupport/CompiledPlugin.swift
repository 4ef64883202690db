public import Foundation

/// A plugin in C, compiled with the system's compiler into a folder that goes away with it.
public final class CompiledPlugin: Sendable {
  /// The shared library.
  public let path: String
  private let folder: URL

  /// What the compiler said.
  public struct CompilerFailure: Error, CustomStringConvertible {
    /// Its messages.
    public let description: String
  }

  /// Compiles a source file of this package.
  public convenience init(file: URL, definitions: [String] = []) throws {
    try self.init(source: try String(contentsOf: file, encoding: .utf8), definitions: definitions)
  }

  /// Compiles a source text with `robustness_plugin.h` at hand; every warning is an error.
  ///
  /// - Parameter definitions: macros, as `NAME` or `NAME=VALUE`.
  public init(source: String, definitions: [String] = []) throws {
    folder = try makeFolder()
    let code = folder.appending(path: "plugin.c")
    try source.write(to: code, atomically: true, encoding: .utf8)
    path = folder.appending(path: "libplugin.so").path
    let include = Fixtures.packageRoot.appending(path: "Sources/Evaluation/CRobustnessPlugin/include").path
    let compiler = Process()
    compiler.executableURL = URL(filePath: "/usr/bin/env")
    compiler.arguments =
      [
        ProcessInfo.processInfo.environment["CC"] ?? "cc", "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared",
        "-fPIC",
      ]
      + definitions.map { "-D\($0)" } + ["-I", include, "-o", path, code.path, "-lm", "-lpthread"]
    let errors = folder.appending(path: "errors")
    _ = FileManager.default.createFile(atPath: errors.path, contents: nil)
    compiler.standardError = try FileHandle(forWritingTo: errors)
    try compiler.run()
    compiler.waitUntilExit()
    guard compiler.terminationStatus == 0 else {
      throw CompilerFailure(description: (try? String(contentsOf: errors, encoding: .utf8)) ?? "no output")
    }
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// The example of the documentation.
  public static let example = Fixtures.packageRoot.appending(path: "Docs/Examples/CPlugin/iterated_sign.c")

  /// Attacks that misbehave, one each: their names say how.
  public static let misbehaving = #"""
    #include <math.h>
    #include <pthread.h>
    #include <stdio.h>
    #include <string.h>
    #include "robustness_plugin.h"
    #define UNUSED (void)problem, (void)points, (void)message, (void)size
    #define ATTACK(function) static int32_t function(const robustness_problem *problem, double *points, char *message, size_t size)

    ATTACK(says_why) { UNUSED; snprintf(message, size, "the moon is in the wrong house"); return -7; }
    ATTACK(gives_a_number) { UNUSED; return 42; }
    ATTACK(overfills_its_message) { UNUSED; memset(message, 'x', size); return -1; }
    ATTACK(writes_past_the_end) { UNUSED; points[problem->example_count * problem->input_size] = 1; return 0; }
    ATTACK(writes_before_the_start) { UNUSED; points[-1] = 1; return 0; }
    ATTACK(writes_to_the_inputs) { UNUSED; ((double *)problem->inputs)[0] += 1; return 0; }
    ATTACK(asks_about_no_example) {
      UNUSED;
      int64_t row = (int64_t)problem->example_count;
      problem->project(problem->context, points, &row, 1);
      return 0;
    }
    ATTACK(asks_for_no_objective) {
      UNUSED;
      return problem->values(problem->context, points, NULL, 1, "happiness", NULL, NULL);
    }
    ATTACK(asks_with_null) { UNUSED; return problem->log_probabilities(problem->context, points, NULL, 1, NULL); }
    ATTACK(asks_about_too_many) { UNUSED; return problem->project(problem->context, points, NULL, problem->example_count + 1); }
    static const robustness_problem *shared;
    static double *shared_points;
    static void *elsewhere(void *status) {
      *(int32_t *)status = shared->project(shared->context, shared_points, NULL, 1);
      return NULL;
    }
    ATTACK(asks_from_another_thread) {
      UNUSED;
      pthread_t thread;
      int32_t status = 0;
      shared = problem, shared_points = points;
      pthread_create(&thread, NULL, elsewhere, &status);
      pthread_join(thread, NULL);
      return status;
    }
    ATTACK(returns_nan) { UNUSED; points[0] = NAN; return 0; }
    ATTACK(leaves_the_box) { UNUSED; points[0] = problem->box_high + problem->epsilon / 2; return 0; }
    ATTACK(leaves_the_ball) {
      UNUSED;
      points[0] += points[0] > (problem->box_low + problem->box_high) / 2 ? -2 * problem->epsilon : 2 * problem->epsilon;
      return 0;
    }

    #define ENTRY(name_, function) \
      { .name = name_, .norms = ROBUSTNESS_NORM_LINF, .access = ROBUSTNESS_ACCESS_SCORES, .minimum_classes = 2, .perturb = function }
    static const robustness_attack attacks[] = {
        ENTRY("says-why", says_why), ENTRY("gives-a-number", gives_a_number),
        ENTRY("overfills-its-message", overfills_its_message), ENTRY("writes-past-the-end", writes_past_the_end),
        ENTRY("writes-before-the-start", writes_before_the_start), ENTRY("writes-to-the-inputs", writes_to_the_inputs),
        ENTRY("asks-about-no-example", asks_about_no_example), ENTRY("asks-for-no-objective", asks_for_no_objective),
        ENTRY("asks-with-null", asks_with_null), ENTRY("asks-about-too-many", asks_about_too_many),
        ENTRY("asks-from-another-thread", asks_from_another_thread), ENTRY("returns-nan", returns_nan),
        ENTRY("leaves-the-box", leaves_the_box), ENTRY("leaves-the-ball", leaves_the_ball),
    };
    static const robustness_plugin plugin = {
        ROBUSTNESS_PLUGIN_ABI, sizeof(robustness_attack), sizeof(robustness_option), sizeof attacks / sizeof *attacks, attacks};
    const robustness_plugin *robustness_plugin_entry(uint32_t abi) { (void)abi; return &plugin; }
    """#
}
