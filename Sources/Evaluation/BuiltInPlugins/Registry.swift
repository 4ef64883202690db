// The one place that names every plugin: Package.swift builds them, this registry offers them. A test keeps both and
// the folders in step.
import APGD
import BranchAndBound
import Calibration
import CarliniWagner
import DDN
import DeepFool
import FAB
import FGSM
import FMN
import FeatureGuided
import HMC
import IntervalBounds
import JointBounds
import LinearBounds
import MIFGSM
import NES
import PGD
import RandomNoise
import RayS
import RobustAccuracy
public import RobustnessCore
import SGDEnsemble
import SoftmaxRobustness
import Square
import Uncertainty
import VariationalInference

extension Array where Element == any Attack.Type {
  /// The attacks of this package, sorted by type name.
  public static var builtIn: [any Attack.Type] {
    [
      AutoProjectedGradientDescent.self,
      CarliniWagner.self,
      DecoupledDirectionAndNorm.self,
      DeepFool.self,
      FastAdaptiveBoundary.self,
      FastGradientSignMethod.self,
      FastMinimumNorm.self,
      FeatureGuidedSearch.self,
      MomentumIterativeMethod.self,
      NaturalEvolutionStrategy.self,
      ProjectedGradientDescent.self,
      RandomPerturbation.self,
      RaySearch.self,
      SquareAttack.self,
    ]
  }
}

extension Array where Element == any RobustnessCertificate.Type {
  /// The certificates of this package, sorted by type name.
  public static var builtIn: [any RobustnessCertificate.Type] {
    [
      BranchAndBound.self,
      IntervalBounds.self,
      JointBounds.self,
      LinearBounds.self,
    ]
  }
}

extension Array where Element == any RobustnessMetric.Type {
  /// The metrics of this package, sorted by type name.
  public static var builtIn: [any RobustnessMetric.Type] {
    [
      AccuracyDrop.self,
      AccuracyUnderAttack.self,
      BestQueryAccuracy.self,
      BrierScore.self,
      CleanAccuracy.self,
      CleanBrierScore.self,
      CleanExpectedCalibrationError.self,
      CleanExpectedEntropy.self,
      CleanMutualInformation.self,
      CleanNegativeLogLikelihood.self,
      CleanPredictiveEntropy.self,
      DoubleSoftmaxRobustness.self,
      ExpectedCalibrationError.self,
      ExpectedEntropy.self,
      MutualInformation.self,
      NegativeLogLikelihood.self,
      PredictiveEntropy.self,
      PredictiveSoftmaxRobustness.self,
    ]
  }
}

extension Array where Element == any PosteriorSampler.Type {
  /// The samplers of this package, sorted by type name.
  public static var builtIn: [any PosteriorSampler.Type] {
    [
      BootstrapEnsemble.self,
      DeepEnsemble.self,
      HamiltonianMonteCarlo.self,
      SingleNetwork.self,
      VariationalInference.self,
    ]
  }
}

extension Companions {
  /// Random noise and FGSM, and what portfolios are composed of.
  public static var builtIn: Companions {
    Companions(
      noise: RandomPerturbation.self, oneStep: FastGradientSignMethod.self,
      portfolio: PortfolioAttacks(
        momentum: MomentumIterativeMethod.self, adaptive: AutoProjectedGradientDescent.self,
        scores: SquareAttack.self,
        smallest: [
          SmallestAttack(DecoupledDirectionAndNorm.self, options: ["steps": "100"]),
          SmallestAttack(DecoupledDirectionAndNorm.self, options: ["steps": "100"], objective: .predictive),
          SmallestAttack(FastMinimumNorm.self, options: ["steps": "100"]),
          SmallestAttack(DeepFool.self, options: ["steps": "20"]),
        ]))
  }
}
