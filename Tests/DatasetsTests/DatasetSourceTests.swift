import TestSupport
import Testing

@testable import Datasets

/// What the names of data sets mean.
@Suite(.inTurn) struct DatasetSourceTests {
  @Test(arguments: [
    ("mnist", DatasetSource.images(.mnist)), ("fashion-mnist", .images(.fashionMNIST)),
    ("half-moons", .halfMoons(noise: 0.1)), ("half-moons-noise-free", .halfMoons(noise: 0)),
    ("arrays.h5", .file("arrays.h5")), ("folder/arrays", .file("folder/arrays")),
  ])
  func `a name means one source`(_ name: String, _ source: DatasetSource) throws {
    #expect(try DatasetSource(name) == source)
  }

  @Test func `a name without a meaning is refused with the names there are`() {
    let error = #expect(throws: DatasetError.self) { try DatasetSource("minst") }
    #expect(
      error?.description
        == "minst: is no data set. There are mnist, fashion-mnist, cifar10, cifar100, half-moons, half-moons-noise-free, and the path of a file (HDF5, .npz, .csv) or of a folder of images, with a slash or a dot in it."
    )
  }

  @Test func `a seed reaches what is generated`() throws {
    let folders = DataFolders(given: nil, environment: [:])
    let loaded = try DatasetSource.halfMoons(noise: 0.1).load(folders: folders, seed: 7, probe: nil)
    #expect(loaded == HalfMoons(seed: 7).dataset)
  }
}
