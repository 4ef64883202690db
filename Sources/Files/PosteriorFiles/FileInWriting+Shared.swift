import HDF5
import NeuralNetworks

extension FileInWriting {
  /// Remembers a parameter that all draws share as the first draw has it, and refuses one that others have otherwise.
  mutating func keepShared(
    _ values: UnsafeBufferPointer<Float>, _ parameter: Architecture.Parameter, _ index: Int, draw: Int
  ) throws(PosteriorFileError) {
    guard let first = sharedValues[index] else {
      sharedValues[index] = Array(values)
      return
    }
    // By bits: what is not a number is refused for that, when the file is read back.
    guard zip(first, values).contains(where: { $0.bitPattern != $1.bitPattern }) else { return }
    throw PosteriorFileError(
      file: file.path, path: "\(Inspection.shared)/\(parameter.name)",
      reason: "would be stored once for all draws, and draw \(draw) has other values than draw 0",
      advice: "Leave it out of the shared parameters")
  }

  /// Writes what all draws share, which is known once they are written.
  mutating func writeShared() throws {
    guard !contents.shared.isEmpty else { return }
    try createGroup(Inspection.shared)
    for (index, parameter) in contents.weights.architecture.parameters.enumerated() {
      guard let values = sharedValues[index] else { continue }
      try values.withUnsafeBytes {
        try write(
          "\(Inspection.shared)/\(parameter.name)", .float32, shape: parameter.shape, chunk: parameter.shape, bytes: $0)
      }
    }
  }

  /// A distribution without a spread around the value is all that a shared parameter can have.
  func checkShared(
    _ variational: VariationalParameters, _ parameter: Architecture.Parameter, _ index: Int, from offset: Int
  ) throws(PosteriorFileError) {
    let range = offset..<offset + parameter.count
    guard variational.scale[range].allSatisfy({ $0 == 0 }), sharedValues[index] == Array(variational.mean[range])
    else {
      throw PosteriorFileError(
        file: file.path, path: "/variational/\(parameter.name).mean",
        reason: "is of a parameter that all draws share: its mean is its value, and its standard deviation 0",
        advice: "Leave it out of the shared parameters")
    }
  }
}

extension PosteriorContents {
  /// The parameters that are stored once.
  var shared: Set<Int> { sharedParameters ?? weights.sharedParameters }

  /// Why the shared parameters cannot be; nil when they can.
  var sharedProblem: (place: String, reason: String)? {
    let parameters = weights.architecture.parameters
    if let index = shared.first(where: { !parameters.indices.contains($0) }) {
      return (Inspection.shared, "would hold parameter \(index) of a network of \(parameters.count)")
    }
    guard shared.count == parameters.count, weights.drawCount > 1 else { return nil }
    return (
      Inspection.shared,
      "would hold every parameter of the network: all \(weights.drawCount) draws would be equal, and nothing would say "
        + "how many there are"
    )
  }

  /// Why the bounds of channels cannot be; nil when they can.
  var boundsProblem: (place: String, reason: String)? {
    guard let boundsPerChannel, let channels = weights.architecture.inputShape.first else { return nil }
    guard boundsPerChannel.count == channels else {
      return ("/model@input_bounds", "has \(boundsPerChannel.count) intervals for \(channels) channels")
    }
    return nil
  }
}
