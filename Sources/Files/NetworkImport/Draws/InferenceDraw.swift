import ArrayFiles
import PosteriorFiles

/// One draw of an InferenceData, as named arrays.
struct InferenceDraw: ArrayArchive {
  private let file: InferenceDataFile
  private let draw: Int

  init(_ file: InferenceDataFile, draw: Int) {
    self.file = file
    self.draw = draw
  }

  /// What the draw is called in messages.
  var name: String {
    "\(file.path), draw \(draw % file.drawsPerChain) of chain \(draw / file.drawsPerChain)"
  }

  var names: [String] { file.variables.filter { $0.objection == nil }.map(\.name) }

  func array(_ name: String) throws(ArrayFileError) -> ForeignArray {
    guard let variable = file.variables.first(where: { $0.name == name }) else {
      throw ArrayFileError(
        file: file.path, place: name, reason: "is no variable of the posterior",
        advice: "It has \(names.joined(separator: ", "))")
    }
    if let objection = variable.objection { throw Self.translated(objection) }
    let count = variable.shape.reduce(1, *)
    return try ForeignArray(
      name: name, shape: variable.shape, element: .float32, file: file.path, byteCount: 4 * count
    ) { () throws(ArrayFileError) -> [UInt8] in
      do throws(PosteriorFileError) {
        return try file.floats(name, draw: draw).withUnsafeBytes { Array($0) }
      } catch {
        throw Self.translated(error)
      }
    }
  }

  private static func translated(_ error: PosteriorFileError) -> ArrayFileError {
    ArrayFileError(file: error.file, place: error.path, reason: error.reason, advice: error.advice)
  }
}
