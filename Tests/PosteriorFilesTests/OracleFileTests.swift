import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

/// Files that another program wrote with h5py; the expected values were read with h5py too.
@Suite(.inTurn) struct OracleFileTests {
  struct Oracle: CustomTestStringConvertible, Sendable {
    var name: String
    var summary: String
    var draws: [Int]
    var parameterCount: Int
    var inputs: [Int]
    var posterior: String
    var data: String
    var content: String
    var testDescription: String { name }
  }

  static let oracles = [
    Oracle(
      name: "mnist-conv-leaky",
      summary: "conv 32·5×5 leaky ReLU, pool 2, conv 16·5×5 leaky ReLU, pool 2 stride 1, dense 10", draws: [4, 1],
      parameterCount: 21498, inputs: [200, 1, 28, 28],
      posterior: "a50f001394783680413422ac1bc1d2567d933ceb0ce6fb0e99b3703d306a3038",
      data: "09a341411cd32e404b9df84aa6ec777df15ea011aa63e7f83f953c7d036af460",
      content: "cb57653af119881120c1f5bd8e613ab29f48c4830186aaec0448d3e3cebf36fe"),
    Oracle(
      name: "mnist-fc1-tanh-sharp", summary: "784-48-10 tanh", draws: [6, 1],
      parameterCount: 38170, inputs: [500, 1, 28, 28],
      posterior: "072d2ed55bae89d84c0ac92554c5af8ae4764a22486ff9734795cfb7f7273b93",
      data: "546c05ae99f9786150692610a04fbf561124b6893a8b55a278a0e4502d81b53a",
      content: "e9e7cccd2d05110e6bdd36c8545bec4a715337038077b289e6034173705d6027"),
    Oracle(
      name: "mnist-fc2-relu", summary: "784-64-64-10 ReLU", draws: [8, 1],
      parameterCount: 55050, inputs: [500, 1, 28, 28],
      posterior: "293948244ecb69c8544c11fd394e4757d058ae3e000214d23bed19dabbd8fa54",
      data: "546c05ae99f9786150692610a04fbf561124b6893a8b55a278a0e4502d81b53a",
      content: "c4c36521e69dfc737f60668cfe83110c34ee2c26a00775b7838b190a406c9373"),
    Oracle(
      name: "mnist-fc2-tanh-saturated", summary: "784-64-32-10 tanh", draws: [6, 1],
      parameterCount: 52650, inputs: [500, 1, 28, 28],
      posterior: "297ac6369e5d4e9cefcdf0d1e05d4c97f4f11fa101cd96d8b7bd5ec87689491b",
      data: "546c05ae99f9786150692610a04fbf561124b6893a8b55a278a0e4502d81b53a",
      content: "4942e131a7c0ca488ad6050643954caa845db2fce931fe83226ee5328f8905b0"),
    Oracle(
      name: "moons-fc2-leaky", summary: "2-32-32-2 leaky ReLU", draws: [16, 1],
      parameterCount: 1218, inputs: [500, 2],
      posterior: "afadb758705159d14caeeb478294cf186e574eb486e736aaa62c4251ed4fac8a",
      data: "151e4e0d3cd631d2eee42c3f06a18504b5bb0f563ae04b3207338733b8201fff",
      content: "95ec67f4eef95168e1f6af44196e9a80d01b96248ad1a3ae41e1032f7966b5ca"),
  ]

  @Test(arguments: oracles) func `a file of another program is read with the digests that it was signed with`(
    _ oracle: Oracle
  ) throws {
    let file = try PosteriorFile.open(TestFiles.oracle(oracle.name), probe: nil)
    #expect(file.integrity == .verified)
    #expect(file.posteriorSHA256 == oracle.posterior)
    #expect(file.dataSHA256 == oracle.data)
    #expect(file.contentSHA256 == oracle.content)
  }

  @Test(arguments: oracles) func `architecture, draws and data have the shapes that are stored`(_ oracle: Oracle) throws
  {
    let file = try PosteriorFile.open(TestFiles.oracle(oracle.name), probe: nil)
    #expect(file.architecture.summary == oracle.summary)
    #expect(file.architecture.parameterCount == oracle.parameterCount)
    #expect([file.chainCount, file.drawsPerChain] == oracle.draws)
    #expect(file.distinctDrawCount == oracle.draws[0] * oracle.draws[1])
    let data = try #require(try file.evaluationData())
    #expect(data.shape == oracle.inputs)
    #expect(data.inputs.count == oracle.inputs.reduce(1, *))
    #expect(data.labels.count == oracle.inputs[0])
  }

  @Test(arguments: oracles) func `the checking process finds what reading in the same process finds`(
    _ oracle: Oracle
  ) throws {
    let file = try PosteriorFile.open(TestFiles.oracle(oracle.name), probe: TestFiles.probe)
    #expect(file.integrity == .verified)
    #expect(file.contentSHA256 == oracle.content)
    #expect(file.distinctDrawCount == oracle.draws[0] * oracle.draws[1])
  }

  @Test func `weights, inputs and labels are those that h5py reads`() throws {
    let file = try PosteriorFile.open(TestFiles.oracle("moons-fc2-leaky"), probe: nil)
    var draw = [Float](repeating: 0, count: file.architecture.parameterCount)
    try draw.withUnsafeMutableBufferPointer { try file.read(draw: 3, into: $0) }
    #expect(Array(draw.prefix(3)) == [-0.8541063070297241, -1.2064265012741089, -0.48479029536247253])
    #expect(draw.last == 0.1409441977739334)
    let data = try #require(try file.evaluationData())
    #expect(Array(data.values.prefix(2)) == [0.7240710258483887, 0.11303524672985077])
    #expect(Array(data.labels.prefix(8)) == [1, 0, 0, 1, 0, 0, 1, 0])
  }

  @Test func `bytes are divided by 255`() throws {
    let file = try PosteriorFile.open(TestFiles.oracle("mnist-fc2-relu"), probe: nil)
    let data = try #require(try file.evaluationData())
    let index = 202
    #expect(data.values[index] == 84.0 / 255)
    #expect(Array(data.labels.prefix(8)) == [7, 2, 1, 0, 4, 1, 4, 9])
  }
}
