public import Foundation

/// A file that can be fetched, known by its content.
public struct RemoteFile: Sendable, Hashable {
  /// Its name, on the server and here.
  public let name: String
  /// Its length in bytes.
  public let byteCount: Int
  /// SHA-256 of its bytes, in hexadecimal.
  public let sha256: String

  /// Describes a file.
  public init(name: String, byteCount: Int, sha256: String) {
    self.name = name
    self.byteCount = byteCount
    self.sha256 = sha256
  }
}

extension ImageDataset {
  /// The files as they were published.
  public var remoteFiles: [RemoteFile] {
    switch self {
    case .mnist:
      Self.idxFiles([
        (9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        (28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        (1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        (4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
      ])
    case .fashionMNIST:
      Self.idxFiles([
        (26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        (29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        (4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        (5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
      ])
    // The page of the data sets states MD5 c32a1d4ab5d03f1284b67883e8d87530 and 03b5dce01913d631647c71ecec9e9cb8 of
    // these files, TensorFlow Datasets their lengths and SHA-256.
    case .cifar10:
      [
        RemoteFile(
          name: "cifar-10-binary.tar.gz", byteCount: 170_052_171,
          sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd")
      ]
    case .cifar100:
      [
        RemoteFile(
          name: "cifar-100-binary.tar.gz", byteCount: 168_513_733,
          sha256: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec")
      ]
    }
  }

  /// MNIST's four files, which Fashion-MNIST has under the same names: their lengths and SHA-256.
  private static func idxFiles(_ contents: [(byteCount: Int, sha256: String)]) -> [RemoteFile] {
    let names = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"]
    return zip(names, contents).map { name, content in
      RemoteFile(name: "\(name)-ubyte.gz", byteCount: content.byteCount, sha256: content.sha256)
    }
  }

  /// Public folders that hold the files, in the order in which they are tried. They need not be trusted: digests
  /// decide.
  public var mirrors: [URL] {
    let texts =
      switch self {
      case .mnist:
        [
          "https://ossci-datasets.s3.amazonaws.com/mnist",
          "https://storage.googleapis.com/cvdf-datasets/mnist",
        ]
      case .fashionMNIST:
        [
          "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
          "https://fashion-mnist.s3.eu-central-1.amazonaws.com",
          "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
        ]
      case .cifar10, .cifar100: ["https://www.cs.toronto.edu/~kriz"]
      }
    return texts.compactMap { URL(string: $0) }
  }
}
