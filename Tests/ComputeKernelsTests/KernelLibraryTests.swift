import Dispatch
import Synchronization
import TestSupport
import Testing

@testable import ComputeKernels

@Suite(.inTurn) struct Libraries {
  @Test func `the description names the library in use`() {
    let text = KernelLibrary.preferredDescription
    #expect(text.hasPrefix(KernelLibrary.preferred == .oneDNN ? "oneDNN " : "portable kernels, slow"))
  }

  @Test func `a library is available or says why not`() {
    #expect(KernelLibrary.isOneDNNAvailable == (KernelLibrary.oneDNNUnavailableReason == nil))
  }

  @Test(.enabled(if: !KernelLibrary.isOneDNNAvailable))
  func `a worker of an unavailable oneDNN gives the reason`() throws {
    let reason = try #require(KernelLibrary.oneDNNUnavailableReason)
    let error = #expect(throws: KernelError.self) { try KernelWorker(.oneDNN) }
    #expect(error?.description.contains(reason) == true)
    #expect(reason.contains("install"))
  }

  @Test(.enabled(if: !KernelLibrary.isOneDNNAvailable))
  func `a kernel of an unavailable oneDNN gives the reason`() throws {
    let reason = try #require(KernelLibrary.oneDNNUnavailableReason)
    let error = #expect(throws: KernelError.self) {
      try LinearProblem(rows: 1, inputs: 1, outputs: 1).kernel(.float32, .oneDNN)
    }
    #expect(error?.description.contains(reason) == true)
  }

  /// The limit is a property of each thread, and is lost without notice when OpenMP's function is not found.
  @Test(.enabled(if: KernelLibrary.isOneDNNAvailable))
  func `oneDNN has one thread wherever it is called from`() {
    let limits = Mutex<[Int]>([])
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      let limit = KernelLibrary.oneDNNThreadLimit
      limits.withLock { $0.append(limit) }
    }
    #expect(limits.withLock { $0 } == Array(repeating: 1, count: 8))
  }

  @Test func `bfloat16 without oneDNN is refused`() {
    let error = #expect(throws: KernelError.self) {
      try LinearProblem(rows: 1, inputs: 1, outputs: 1).kernel(.bfloat16, .portable)
    }
    #expect(error?.description.contains("needs oneDNN") == true)
  }

  @Test(.enabled(if: oneDNNRuns))
  func `a portable worker refuses a kernel of oneDNN`() throws {
    let kernel = try LinearProblem(rows: 1, inputs: 1, outputs: 1).kernel(.float32, .oneDNN)
    let memory = AlignedMemory(bytes: 1 << 16)
    let worker = try KernelWorker(.portable)
    #expect(throws: KernelError.self) {
      try kernel.backwardToInput(memory.base, weights: memory.base, into: memory.base, worker: worker)
    }
  }

  @Test func `an accumulated bfloat16 gradient is refused`() {
    #expect(throws: KernelError.self) {
      try LinearKernel(
        rows: 1, inputs: 1, outputs: 1, precision: .bfloat16, forwardDestination: .float32,
        backwardDestination: .bfloat16, activation: .none, accumulatesInputGradient: true, library: .oneDNN)
    }
  }

  @Test(arguments: libraries)
  func `two threads share a kernel and get the same bits`(library: KernelLibrary) throws {
    let problem = LinearProblem(rows: 100, inputs: 300, outputs: 200)
    let kernel = try problem.kernel(.float32, library)
    let weights = AlignedMemory(bytes: kernel.forwardWeightBytes)
    try kernel.pack(problem.weights, forward: weights.base, backward: nil, worker: KernelWorker(library))
    let x = AlignedMemory(problem.x, as: .float32)
    let alone = try problem.results(.float32, library).y
    let different = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 2) { _ in
      let y = AlignedMemory(bytes: 100 * 200 * 4)
      let worker = try? KernelWorker(library)
      for _ in 0..<50 {
        guard let worker,
          (try? kernel.forward(x.base, weights: weights.base, bias: problem.bias, into: y.base, worker: worker)) != nil,
          y.numbers(100 * 200, as: .float32) == alone
        else {
          different.withLock { $0 += 1 }
          continue
        }
      }
    }
    #expect(different.withLock { $0 } == 0)
  }

  @Test(arguments: libraries)
  func `two threads share a convolution and get the same bits`(library: KernelLibrary) throws {
    let problem = ConvolutionProblem(rows: 8, shape: [1, 16, 16], filters: 20, size: 5)
    let alone = try problem.results(.float32, library)
    let different = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 2) { _ in
      for _ in 0..<10 {
        guard let results = try? problem.results(.float32, library),
          results.y == alone.y, results.dx == alone.dx, results.dW == alone.dW
        else {
          different.withLock { $0 += 1 }
          continue
        }
      }
    }
    #expect(different.withLock { $0 } == 0)
  }
}
