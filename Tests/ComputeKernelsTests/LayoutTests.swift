import ComputeKernels
import TestSupport
import Testing

@Suite(.inTurn) struct Layouts {
  /// The layout of 20 channels after a convolution: in blocks, padded to 32, where the library has such.
  static func blocks(_ library: KernelLibrary) throws -> ActivationLayout {
    try ConvolutionKernel(
      rows: 3, inputShape: [4, 6, 5], filters: 20, kernelSize: 2, precision: .float32, activation: .none,
      plainSource: false, library: library
    ).destination
  }

  @Test(arguments: libraries)
  func `a round trip through blocks changes nothing`(library: KernelLibrary) throws {
    let worker = try KernelWorker(library)
    let layout = try Self.blocks(library)
    var numbers = Numbers(seed: 4)
    let x = numbers.array(3 * 20 * 5 * 4)
    let there = try blocked(x, layout, library, worker)
    #expect(try plain(there, layout, library, worker) == x.map(Double.init))
  }

  @Test(arguments: libraries)
  func `examples are outermost, contiguous and of equal size`(library: KernelLibrary) throws {
    let worker = try KernelWorker(library)
    let layout = try Self.blocks(library)
    #expect(layout.elementsPerRow * layout.rows * 4 == layout.bytes)
    // Ones in the second example alone must lie in its part of the memory alone.
    let example = 20 * 5 * 4
    let x = (0..<3 * example).map { $0 / example == 1 ? Float(1) : 0 }
    let there = try blocked(x, layout, library, worker)
    #expect(there.rows(0..<1, of: 3).allSatisfy { $0 == 0 })
    #expect(there.rows(2..<3, of: 3).allSatisfy { $0 == 0 })
  }

  @Test(arguments: libraries)
  func `images are flattened into a plain matrix`(library: KernelLibrary) throws {
    let worker = try KernelWorker(library)
    let layout = try Self.blocks(library)
    let flat = try ActivationLayout.plain(rows: 3, shape: [400], precision: .float32, library: library)
    var numbers = Numbers(seed: 5)
    let x = numbers.array(1200)
    let there = try blocked(x, layout, library, worker)
    let result = AlignedMemory(bytes: flat.bytes)
    if let reorder = try Reorder.make(from: layout, to: flat, library: library) {
      try reorder.run(there.base, into: result.base, worker: worker)
      #expect(result.numbers(1200, as: .float32) == x.map(Double.init))
    } else {
      #expect(layout.isPlain)
    }
  }

  @Test(arguments: libraries)
  func `equal layouts need no reorder`(library: KernelLibrary) throws {
    let layout = try Self.blocks(library)
    #expect(try Reorder.make(from: layout, to: Self.blocks(library), library: library) == nil)
  }

  /// Images whose every value is the number of its channel and position, laid out by the library, and found where the
  /// layout says.
  @Test(arguments: libraries, [1, 3, 5, 8, 16, 20, 32, 40])
  func `channels lie where the layout says`(library: KernelLibrary, channels: Int) throws {
    let worker = try KernelWorker(library)
    for precision in bfloat16Runs && library == .oneDNN ? [Precision.float32, .bfloat16] : [.float32] {
      for (height, width) in [(5, 4), (1, 7), (1, 1)] {
        for groups in Set([1, channels]) {
          let layout = try ConvolutionKernel(
            ConvolutionGeometry(
              rows: 2, inputShape: [channels, height, width], filters: channels, kernel: ImageExtent(1), groups: groups),
            precision: precision, activation: .none, plainSource: false, library: library
          ).destination
          try Self.expectChannels(in: layout, library, worker)
        }
      }
    }
  }

  static func expectChannels(in layout: ActivationLayout, _ library: KernelLibrary, _ worker: KernelWorker) throws {
    let (channels, positions) = (layout.shape[0], layout.positions)
    #expect(layout.paddedChannels >= channels)
    #expect(layout.paddedChannels * positions == layout.elementsPerRow)
    let block = try #require(layout.channelBlock)
    #expect(block == 1 || !layout.isPlain || positions == 1)
    // Exact in bfloat16 as well, which has eight bits.
    func value(_ row: Int, _ channel: Int, _ position: Int) -> Float {
      Float((row * 7 + channel * 31 + position * 3) % 251 + 1)
    }
    let image = (0..<layout.rows * channels * positions).map {
      value($0 / (channels * positions), $0 / positions % channels, $0 % positions)
    }
    let memory = try blocked(image, layout, library, worker)
    let numbers = memory.numbers(layout.rows * layout.elementsPerRow, as: layout.precision)
    var differences = 0
    for row in 0..<layout.rows {
      for channel in 0..<layout.paddedChannels {
        for position in 0..<positions {
          let element = ((channel / block) * positions + position) * block + channel % block
          let expected = channel < channels ? value(row, channel, position) : 0
          if numbers[row * layout.elementsPerRow + element] != Double(expected) { differences += 1 }
        }
      }
    }
    #expect(differences == 0)
  }

  @Test(arguments: libraries)
  func `features lie like channels of one position`(library: KernelLibrary) throws {
    let layout = try ActivationLayout.plain(rows: 2, shape: [5], precision: .float32, library: library)
    #expect(layout.channelBlock == 1)
    #expect(layout.paddedChannels == 5)
    #expect(layout.positions == 1)
  }

  @Test func `float64 and float32 are converted into each other`() throws {
    let worker = try KernelWorker(.portable)
    let single = try ActivationLayout.plain(rows: 2, shape: [3], precision: .float32, library: .portable)
    let double = try ActivationLayout.plain(rows: 2, shape: [3], precision: .float64, library: .portable)
    let x: [Float] = [1, 0.1, -3, 4, 0x1p-140, 6]
    let narrow = AlignedMemory(x, as: .float32)
    let wide = AlignedMemory(bytes: double.bytes)
    let reorder = try #require(try Reorder.make(from: single, to: double, library: .portable))
    try reorder.run(narrow.base, into: wide.base, worker: worker)
    #expect(wide.numbers(6, as: .float64) == x.map(Double.init))
  }

  @Test func `layouts with different elements are refused`() throws {
    let four = try ActivationLayout.plain(rows: 2, shape: [4], precision: .float32, library: .portable)
    let five = try ActivationLayout.plain(rows: 2, shape: [5], precision: .float32, library: .portable)
    #expect(throws: KernelError.self) { try Reorder.make(from: four, to: five, library: .portable) }
  }

  @Test func `large memory is zeroed and aligned to two mebibytes`() {
    let memory = AlignedMemory(bytes: 5 << 20)
    #expect(UInt(bitPattern: memory.base) % (2 << 20) == 0)
    #expect(memory.rows(0..<1, of: 1).allSatisfy { $0 == 0 })
  }
}
