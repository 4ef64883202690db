import RobustnessCore

/// How much the checks of an evaluation may spend, beside what was asked for.
public enum CheckLevel: String, Sendable, Codable, CaseIterable {
  /// As many member-gradients as the attack itself.
  case quick
  /// Three times as many.
  case standard
  /// Ten times as many.
  case thorough

  var factor: Int {
    switch self {
    case .quick: 1
    case .standard: 3
    case .thorough: 10
    }
  }
}

/// What the checks may still spend in one ball: a multiple of the larger of the attacks that were asked for there and
/// of PGD of 15 steps.
final class CheckEffort {
  /// Member-gradients of 15 steps and one random start on every example.
  private let least: Int
  private let level: CheckLevel
  private var asked = 0
  /// Member-gradients of the companions so far.
  private(set) var spent = 0

  init(_ level: CheckLevel, examples: Int, draws: Int) {
    self.level = level
    least = 16 * examples * draws
  }

  /// An attack that was asked for.
  func allow(_ memberGradients: Int) { asked += memberGradients }

  /// A companion.
  func spend(_ memberGradients: Int) { spent += memberGradients }

  /// Member-gradients that are left; a forward pass counts as a third of one.
  var left: Int { level.factor * max(least, asked) - spent }

  /// Whether something can be afforded so that `reserve` is still left behind it.
  func leaves(_ cost: Int, beside reserve: Int) -> Bool { left - cost >= reserve }
}
