import Foundation
import NeuralNetworks

/// The draws of a journal, chain by chain, read when they are asked for.
final class JournalWeights: WeightSource {
  let architecture: Architecture
  let drawsPerChain: Int
  private let chains: [ChainRecords]
  private let files: [PlainFile]

  var drawCount: Int { chains.count * drawsPerChain }

  init(architecture: Architecture, chains: [ChainRecords], drawsPerChain: Int) throws {
    self.architecture = architecture
    self.chains = chains
    self.drawsPerChain = drawsPerChain
    files = try chains.map { try PlainFile($0.path, O_RDONLY) }
  }

  func read(draw: Int, into buffer: UnsafeMutableBufferPointer<Float>) throws {
    let chain = draw / drawsPerChain
    try chains[chain].read(draw: draw % drawsPerChain, from: files[chain], into: buffer)
  }
}
