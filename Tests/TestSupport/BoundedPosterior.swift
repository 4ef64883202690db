/// Posterior files with examples whose layers have bounds: fixtures, oracles, imported networks. The raw value is their
/// place in `Fixtures`, without its extension.
public enum BoundedPosterior: String, CaseIterable, Sendable {
  case hmc = "mnist-hmc"
  case ensemble = "mnist-ensemble"
  case deepEnsemble = "mnist-deep-ensemble"
  case moons = "half-moons-hmc"
  case fashion = "fashion-vi"
  case relu = "oracles/mnist-fc2-relu"
  case sharp = "oracles/mnist-fc1-tanh-sharp"
  case saturated = "oracles/mnist-fc2-tanh-saturated"
  case convolution = "oracles/mnist-conv-leaky"
  case moonsLeaky = "oracles/moons-fc2-leaky"
  case sigmoid = "networks/binary-sigmoid"
  case lenet = "networks/lenet5-tanh"
  case dropout = "networks/mcdropout-cnn"
  case mobilenet = "networks/mobilenet-relu6"
  case resnet = "networks/resnet20-bn"

  /// Deep convolutional networks, where linear bounds of every hidden layer take long.
  public static let deep: [BoundedPosterior] = [.lenet, .mobilenet, .resnet]
  /// The others.
  public static let small = allCases.filter { !deep.contains($0) }
}
