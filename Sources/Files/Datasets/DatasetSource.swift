import Foundation
public import PosteriorFiles

/// A data set by its name: images, half-moons, or a file with arrays.
public enum DatasetSource: Sendable, Hashable {
  /// MNIST, Fashion-MNIST, CIFAR-10 or CIFAR-100.
  case images(ImageDataset)
  /// Generated half-moons, with noise 0.1 or without.
  case halfMoons(noise: Double)
  /// A file or a folder with labelled inputs.
  case file(String)

  /// The names that are not files.
  public static let names = ImageDataset.allCases.map(\.rawValue) + ["half-moons", "half-moons-noise-free"]

  /// Finds out what a name means; a name with a slash or an extension is the path of a file.
  ///
  /// - Throws: ``DatasetError`` for a name that is neither.
  public init(_ name: String) throws(DatasetError) {
    if let images = ImageDataset(rawValue: name) {
      self = .images(images)
    } else if name == "half-moons" {
      self = .halfMoons(noise: 0.1)
    } else if name == "half-moons-noise-free" {
      self = .halfMoons(noise: 0)
    } else if name.contains("/") || name.contains(".") {
      self = .file(name)
    } else {
      throw DatasetError(
        file: name, reason: "is no data set",
        advice:
          "There are \(Self.names.joined(separator: ", ")), and the path of a file (HDF5, .npz, .csv) or of a folder "
          + "of images, with a slash or a dot in it")
    }
  }

  /// Reads or generates the data set.
  ///
  /// - Parameters:
  ///   - folders: Where files of images are looked for.
  ///   - seed: Seed of what is generated.
  ///   - probe: The program that opens an HDF5 file first; nil for files that this program has just written.
  /// - Throws: ``DatasetError`` or ``/PosteriorFiles/PosteriorFileError`` with the file and the reason.
  public func load(folders: DataFolders, seed: UInt64 = 0, probe: ProbeCommand?) throws -> Dataset {
    switch self {
    case .images(let images): try images.load(from: folders)
    case .halfMoons(let noise): HalfMoons(noise: noise, seed: seed).dataset
    case .file(let path): try Dataset(file: path, probe: probe)
    }
  }
}
