import Datasets
import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import PaperExperiments

@Suite(.inTurn) struct GeneratedDataTests {
  @Test(arguments: [20, 50, 100, 500])
  func everyClassIsAmongTheExamples(count: Int) throws {
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let catalog = DataCatalog(folder: folder.path, dataFolder: nil)
    for spec in [
      DataSpec.named("half-moons"), .named("half-moons-noise-free"), .embeddedMoons(dimension: 10),
      .spheres(dimension: 10),
    ] {
      let data = try catalog.load(spec)
      let part = try #require(data.dataset.test)
      // As experiments and `train` choose them.
      for labels in [
        evenlySpaced(count, of: part.count).map { part.labels[$0] },
        (0..<count).map { part.labels[$0 * part.count / count] },
      ] {
        let ones = labels.count { $0 == 1 }
        #expect(Double(ones) > 0.2 * Double(count) && Double(ones) < 0.8 * Double(count), "\(spec.name): \(ones)")
      }
    }
  }
}
