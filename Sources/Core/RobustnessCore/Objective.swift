/// The loss whose gradient an attack follows. Which one is followed is a choice apart from the attack and from the
/// decision that is scored.
///
/// Below, z are the logits and p the probabilities of draw s of S, p̄ = (1/S) Σ p the posterior predictive, and y the
/// label; losses are in nat. All are computed in the log domain, so that a loss of 10⁻¹¹² has a gradient.
public enum Objective: String, Codable, Sendable, CaseIterable {
  /// Mean over the draws of the cross-entropy, (1/S) Σ −log p_y: Eq. (2) of Carbone et al. (NeurIPS 2020). Members that
  /// are already fooled dominate it.
  case expectedLoss = "expected-loss"
  /// −log p̄_y, of the posterior predictive's probability of the label: the loss of the decision that is scored.
  case predictive
  /// Cross-entropy of the mean of the logits, −log softmax((1/S) Σ z)_y.
  case meanLogit = "mean-logit"
  /// The largest other log-probability of the predictive minus the label's, max log p̄_k − log p̄_y over k ≠ y. It does
  /// not saturate, and is negative where the decision is the label.
  case margin
  /// The largest other probability of the predictive minus the label's, max p̄_k − p̄_y over k ≠ y (Xie et al. 2024,
  /// *Towards Million-Scale Adversarial Robustness Evaluation*). Between −1 and 1; negative where the decision is the
  /// label.
  case probabilityMargin = "probability-margin"
  /// Difference of logits ratio, (max log p̄_k − log p̄_y) / (log p̄_π1 − log p̄_π3), k ≠ y and π1, π2, … the classes by
  /// their probability (Croce and Hein, ICML 2020, Eq. (6), with log p̄ of the predictive in the place of logits): the
  /// margin in units that no scale of the logits changes. Needs three classes. Constant where the label is the third.
  case dlr
  /// Cross-entropy applied to mean probabilities as if they were logits, −log softmax(p̄)_y: what the original authors'
  /// code differentiates. For the audit only.
  case doubleSoftmax = "double-softmax"

  /// The smallest number of classes for which the objective is defined.
  public var minimumClasses: Int { self == .dlr ? 3 : 2 }

  /// The objectives that are defined for a number of classes.
  public static func defined(forClasses count: Int) -> [Objective] { allCases.filter { $0.minimumClasses <= count } }

  /// Refuses a number of classes for which the objective is not defined.
  ///
  /// - Throws: `CoreError`.
  public func check(classes count: Int) throws {
    guard count >= minimumClasses else {
      throw CoreError("the objective \(rawValue) needs at least \(minimumClasses) classes, there are \(count)")
    }
  }

  /// Whether its value can be negative, so that what the oracle calls its value is the loss and not the loss's
  /// logarithm.
  public var isSigned: Bool { self == .margin || self == .probabilityMargin || self == .dlr }
}

/// How the ensemble's outputs become one class.
public enum Decision: Sendable, Hashable, LosslessStringConvertible, CodableAsText {
  /// The largest probability of the posterior predictive.
  case predictive
  /// The class that most draws choose; ties go to the larger predictive probability.
  case majorityVote
  /// The choice of one draw.
  case singleDraw(Int)

  /// Reads `predictive`, `majority-vote` or `draw:N`.
  public init?(_ text: String) {
    switch text {
    case "predictive": self = .predictive
    case "majority-vote": self = .majorityVote
    default:
      guard text.hasPrefix("draw:"), let draw = Int(text.dropFirst(5)), draw >= 0 else { return nil }
      self = .singleDraw(draw)
    }
  }

  /// The text that `init` reads.
  public var description: String {
    switch self {
    case .predictive: "predictive"
    case .majorityVote: "majority-vote"
    case .singleDraw(let draw): "draw:\(draw)"
    }
  }
}

/// The arithmetic in which losses and gradients are computed.
public enum Arithmetic: String, Codable, Sendable, CaseIterable {
  /// Losses and gradients that neither underflow nor cancel.
  case logDomain = "log-domain"
  /// softmax, then log, then the order of automatic differentiation, all in float32: what other tools would have
  /// reported.
  case naiveFloat32 = "naive-float32"
}

/// Which draws of the ensemble take part.
public enum DrawSelection: Sendable, Hashable {
  /// Every draw.
  case all
  /// These draws, each once, in this order.
  case some([Int])

  /// The indices among `count` draws.
  public func indices(of count: Int) -> [Int] {
    switch self {
    case .all: Array(0..<count)
    case .some(let indices): indices
    }
  }
}
