import ArgumentParser
import Datasets
import PosteriorFiles

/// `datasets info NAME`
struct Info: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Print what a data set holds.")

  @Argument(
    help: ArgumentHelp(
      "mnist, fashion-mnist, cifar10, cifar100, half-moons, half-moons-noise-free, or a path: a file in HDF5, a .npz or "
        + ".csv file, a folder of PNG images."))
  var name: String

  @OptionGroup var options: FolderOptions

  @Option(help: "Seed of what is generated.")
  var seed: UInt64 = 0

  func run() throws {
    let source = try resolve(name)
    let dataset = try source.load(folders: options.folders, seed: seed, probe: .currentProgram)
    var rows = [
      ("name", dataset.name), ("origin", dataset.origin),
      ("input", dataset.inputShape.map(String.init).joined(separator: " × ") + ", " + dataset.train.storage),
      ("input bounds", "\(dataset.inputBounds.lowerBound) to \(dataset.inputBounds.upperBound)"),
      ("classes", "\(dataset.classCount)"),
    ]
    rows += Self.rows("train", dataset.train, dataset, source)
    if let test = dataset.test {
      rows += Self.rows("test", test, dataset, source)
    } else {
      rows.append(("test", "none"))
    }
    try printTable(rows)
  }

  private static func rows(
    _ name: String, _ part: DatasetPart, _ dataset: Dataset, _ source: DatasetSource
  ) -> [(String, String)] {
    let counts = part.classCounts(dataset.classCount)
    let (fewest, most) = (counts.min() ?? 0, counts.max() ?? 0)
    let spread = (fewest == most ? "\(most)" : "\(fewest) to \(most)") + " of each class"
    var size = "\(part.count) examples, \(spread)"
    if case .images(let images) = source, !images.publishedDigests.isEmpty {
      size += images.isComplete(part) ? ", all as published" : ", not as published"
    }
    return [(name, size), ("\(name) SHA-256", part.sha256)]
  }
}

/// A data set by its name; a name that means nothing is wrong usage.
func resolve(_ name: String) throws -> DatasetSource {
  do throws(DatasetError) {
    return try DatasetSource(name)
  } catch {
    throw ValidationError("\(error)")
  }
}
