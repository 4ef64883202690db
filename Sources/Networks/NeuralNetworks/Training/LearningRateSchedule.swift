import Foundation

/// How a learning rate changes over the steps of a run.
public enum LearningRateSchedule: Sendable, Hashable, Codable {
  /// Always the same.
  case constant
  /// From the full rate to zero along half a cosine: ½(1 + cos(π · step/steps)) (Loshchilov and Hutter, ICLR 2017,
  /// equation 5, without restarts).
  case cosine(steps: Int)
  /// Multiplied by `factor` after every `period` steps.
  case decay(factor: Double, period: Int)

  /// What the learning rate is multiplied by in step `step`, from 0.
  public func factor(at step: Int) -> Double {
    switch self {
    case .constant: 1
    case .cosine(let steps): 0.5 * (1 + cos(.pi * Double(min(step, steps)) / Double(max(1, steps))))
    case .decay(let factor, let period): pow(factor, Double(step / max(1, period)))
    }
  }
}

/// Tells from noisy values, one an epoch, whether what is to become larger still does.
///
/// Two consecutive windows are compared: as long as the mean of the newer one is larger by more than the standard error
/// of the difference, there is progress. Nothing here has a scale, so that the same rule fits ELBOs of −30 and of
/// −30,000.
public struct PlateauDetector: Codable, Sendable, Hashable {
  /// Values in a window.
  public let window: Int
  /// Values of the window that is being filled.
  public private(set) var current: [Double] = []
  /// Mean and squared standard error of the window before.
  public private(set) var previousMean: Double?
  private var previousSquaredError = 0.0

  /// - Parameter window: At least 2.
  public init(window: Int) {
    precondition(window >= 2)
    self.window = window
  }

  /// Adds a value; true when it completes a window that is no better than the one before.
  public mutating func add(_ value: Double) -> Bool {
    current.append(value)
    guard current.count == window else { return false }
    let count = Double(window)
    let mean = current.reduce(0, +) / count
    let squares = current.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let squaredError = squares / (count - 1) / count
    defer {
      previousMean = mean
      previousSquaredError = squaredError
      current.removeAll(keepingCapacity: true)
    }
    guard let previousMean else { return false }
    return mean - previousMean <= (squaredError + previousSquaredError).squareRoot()
  }

  /// Forgets what it saw: after a change of the learning rate.
  public mutating func reset() { self = PlateauDetector(window: window) }
}
