import ArrayFiles
import RobustnessCore

extension ImageList {
  /// Decodes all images; they have the size and the channels of the first.
  func examples(_ path: String) throws(PosteriorFileError) -> ForeignExamples {
    var levels: [UInt8] = []
    let shape = try forEachImage(path) { image, shape throws(PosteriorFileError) in
      if levels.isEmpty {
        try checkMemory(values: files.count * shape.reduce(1, *), bytesEach: 8, of: path)
        levels.reserveCapacity(files.count * shape.reduce(1, *))
      }
      levels += image
    }
    return try ForeignExamples(
      path: path, inputs: .bytes(levels), inputShape: shape, labels: labels, places: .images(files),
      classCount: classNames?.count, notes: notes)
  }

  /// Decodes all images and keeps none: what the checking process does.
  func decodeAll(_ path: String) throws(PosteriorFileError) {
    _ = try forEachImage(path) { _, _ in }
  }

  private func forEachImage(
    _ path: String, _ body: ([UInt8], [Int]) throws(PosteriorFileError) -> Void
  ) throws(PosteriorFileError) -> [Int] {
    var shape: [Int] = []
    for file in files {
      let levels: [UInt8]
      do throws(ArrayFileError) {
        let image = try PNGImage("\(path)/\(file)")
        if shape.isEmpty { shape = image.shape }
        guard image.shape == shape else {
          throw ArrayFileError(
            file: path, reason: "is \(Self.words(image.shape)); \(files[0]) is \(Self.words(shape))",
            advice: "All images need the same size, and all colours or none: in Python with "
              + "PIL.Image.open(FILE).convert(\"RGB\").resize((32, 32))")
        }
        levels = try image.levels()
      } catch {
        throw PosteriorFileError(file: path, path: file, reason: error.reason, advice: error.advice)
      }
      try body(levels, shape)
    }
    return shape
  }

  private static func words(_ shape: [Int]) -> String {
    "\(shape[0] == 1 ? "grey" : "in colour") with \(shape[1]) × \(shape[2]) pixels"
  }
}
