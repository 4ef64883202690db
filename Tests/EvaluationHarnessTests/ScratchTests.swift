import BuiltInPlugins
import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

@Suite(.serialized) struct Scratch {
  @Test(arguments: [20, 60, 200], [0.02, 0.05, 0.1, 0.2]) func baseline(_ n: Int, _ e: Double) throws {
    let r = try ClosedForm.subject(n).evaluated(
      [request("pgd"), request("fgsm"), request("pgd:norm=l2")], objectives: Objective.allCases, epsilons: [e])
    print(
      "BASE n=\(n) e=\(e)", r.verdict,
      r.runs.map { "\($0.attack)/\($0.objective) \($0.robustAccuracy.value)" }.joined(separator: " "))
    for run in r.runs {
      for c in run.checks where c.status == .failed {
        print("   ", run.attack, run.objective, run.norm, c.name, c.finding)
      }
    }
  }
  @Test(arguments: Oracle.allCases) func oracles(_ o: Oracle) throws {
    let (s, box) = try o.subject(500)
    let (e, step) = try o.reference()
    for (norm, eps, st) in [("linf", e, step), ("l2", 1.5, 0.25)] {
      let start = Date()
      let r = try s.evaluated(
        [
          request("fgsm:norm=\(norm)"), request("pgd:norm=\(norm)"),
          request("pgd:norm=\(norm),keep=last,random-start=false,step=\(st)"),
        ], objectives: Objective.allCases, epsilons: [eps], box: box)
      print("ORACLE \(o) \(norm)", r.verdict, Date().timeIntervalSince(start), "clean", r.cleanAccuracy.value)
      for run in r.runs {
        print(
          "   \(run.attack)/\(run.objective) keep=\(run.options["keep"] ?? "") \(run.robustAccuracy.value) best \(run.robustAccuracyBestQuery.value) zero \(run.zeroGradientFraction ?? -1)"
        )
        for c in run.checks
        where c.status == .failed || c.status == .warning || c.name == "finite-differences" || c.name == "saturation" {
          print("      ", c.status, c.name, c.value ?? -1, c.finding)
        }
      }
    }
  }
  @Test(arguments: [Oracle.sharp, .saturated]) func naive(_ o: Oracle) throws {
    let (s, box) = try o.subject(500, arithmetic: .naiveFloat32)
    let (e, _) = try o.reference()
    let r = try s.evaluated([request("pgd")], objectives: Objective.allCases, epsilons: [e], box: box)
    print("NAIVE \(o)", r.verdict)
    for run in r.runs {
      print("   \(run.attack)/\(run.objective) \(run.robustAccuracy.value)")
      for c in run.checks where c.status == .failed { print("      ", c.status, c.name, c.value ?? -1, c.finding) }
    }
  }
}
@Suite(.serialized) struct ScratchFD {
  @Test(arguments: Oracle.allCases) func errors(_ o: Oracle) throws {
    let (s, box) = try o.subject(200)
    for objective in Objective.allCases {
      for seed in 0..<(o == .convolution ? UInt64(1) : 3) {
        let f = try GradientChecks(
          subject: s, draws: Array(0..<s.ensemble.drawCount), box: box,
          effort: .init(examples: o == .convolution ? 4 : 16, draws: 8, directions: 4), seed: seed
        ).findings(objective)
        print(
          "FD \(o) \(objective) n=\(f.errors.count) worst", f.errors.sorted().suffix(3), "lost", f.lostOrTurned,
          f.examples)
      }
    }
  }
}
