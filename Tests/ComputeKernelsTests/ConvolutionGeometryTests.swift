import ComputeKernels
import TestSupport
import Testing

/// Strides, padding, dilation and groups.
@Suite(.inTurn) struct `Convolution geometry` {
  /// What real networks have.
  static let known = [
    geometry([16, 9, 9], 16, 3, padding: 1),  // padded
    geometry([16, 10, 10], 32, 3, stride: 2, padding: 1),  // strided
    geometry([16, 11, 7], 32, 3, stride: 2, padding: 1),  // strided, of an odd image
    geometry([16, 8, 8], 32, 1, stride: 2),  // a shortcut
    geometry([16, 9, 7], 19, 1, stride: 3),  // a strided single filter
    geometry([3, 16, 16], 20, 7, stride: 2, padding: 3),  // of the first layer
    geometry([1, 15, 14], 16, 3, stride: 2, padding: 1),  // of a grey first layer
    geometry([16, 11, 12], 16, 3, padding: 2, dilation: 2),  // dilated
    geometry([16, 11, 12], 16, 3, stride: 2, padding: 2, dilation: 2),  // dilated and strided
    geometry([32, 9, 9], 32, 3, padding: 1, groups: 32),  // depthwise
    geometry([32, 9, 9], 32, 3, stride: 2, padding: 1, groups: 32),  // depthwise and strided
    geometry([5, 8, 7], 5, 3, padding: 1, groups: 5),  // depthwise of few channels
    geometry([20, 8, 7], 20, 5, padding: 2, groups: 20),  // depthwise of 20 channels, large
    geometry([16, 9, 9], 16, 3, padding: 2, dilation: 2, groups: 16),  // depthwise and dilated
    geometry([16, 9, 9], 32, 3, padding: 1, groups: 16),  // depthwise with two filters a channel
    geometry([32, 7, 7], 32, 3, padding: 1, groups: 2),  // in two groups
    geometry([32, 7, 7], 32, 3, padding: 1, groups: 4),  // in four groups of eight
    geometry([6, 7, 8], 10, 3, padding: 1, groups: 2),  // in groups that fill no block
    geometry([8, 5, 5], 8, 3, padding: 4),  // padded beyond its filter
  ]

  static func geometry(
    _ shape: [Int], _ filters: Int, _ size: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1
  ) -> ConvolutionGeometry {
    ConvolutionGeometry(
      rows: 3, inputShape: shape, filters: filters, kernel: ImageExtent(size), stride: ImageExtent(stride),
      padding: ImagePadding(padding), dilation: ImageExtent(dilation), groups: groups)
  }

  /// Everything at once, with different numbers in the two directions and on the four sides.
  static let random: [ConvolutionGeometry] = {
    var numbers = Numbers(seed: 21)
    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &numbers) }
    func extent(_ range: ClosedRange<Int>) -> ImageExtent { ImageExtent(height: draw(range), width: draw(range)) }
    var made: [ConvolutionGeometry] = []
    while made.count < 40 {
      let groups = [1, 1, 2, 3, 8][draw(0...4)]
      let (kernel, dilation) = (extent(1...4), extent(1...3))
      let padding = ImagePadding(top: draw(0...3), bottom: draw(0...3), left: draw(0...3), right: draw(0...3))
      let (height, width) = (draw(1...13), draw(1...13))
      guard dilation.height * (kernel.height - 1) < height + padding.top + padding.bottom,
        dilation.width * (kernel.width - 1) < width + padding.left + padding.right
      else { continue }
      made.append(
        ConvolutionGeometry(
          rows: draw(1...3), inputShape: [groups * draw(1...9), height, width], filters: groups * draw(1...9),
          kernel: kernel, stride: extent(1...3), padding: padding, dilation: dilation, groups: groups))
    }
    return made
  }()

  static let all = known + random

  static func expect(
    _ results: ConvolutionProblem.Results, agreeWith stated: ConvolutionProblem.Results, within tolerance: Double,
    _ geometry: ConvolutionGeometry
  ) {
    #expect(relativeError(results.y, stated.y) < tolerance, "forward, \(geometry)")
    // Where padding hides the image from every window, both are zero.
    if stated.dx.contains(where: { $0 != 0 }) {
      #expect(relativeError(results.dx, stated.dx) < tolerance, "to the input, \(geometry)")
    } else {
      #expect(results.dx.allSatisfy { $0 == 0 })
    }
    #expect(relativeError(results.dW, stated.dW) < tolerance, "to the weights, \(geometry)")
    #expect(relativeError(results.db, stated.db) < tolerance, "to the bias, \(geometry)")
  }

  @Test(arguments: all)
  func `the portable kernel in double is the definition`(geometry: ConvolutionGeometry) throws {
    let problem = ConvolutionProblem(geometry)
    Self.expect(try problem.results(.float64, .portable), agreeWith: problem.stated(), within: 1e-12, geometry)
  }

  @Test(arguments: libraries, all)
  func `float32 agrees with the definition`(library: KernelLibrary, geometry: ConvolutionGeometry) throws {
    let problem = ConvolutionProblem(geometry)
    Self.expect(try problem.results(.float32, library), agreeWith: problem.stated(), within: 1e-5, geometry)
  }

  @Test(.enabled(if: oneDNNRuns), arguments: all)
  func `a plain source gives the same numbers`(geometry: ConvolutionGeometry) throws {
    var problem = ConvolutionProblem(geometry)
    problem.plainSource = true
    #expect(try problem.kernel(.float32, .oneDNN).source.isPlain)
    Self.expect(try problem.results(.float32, .oneDNN), agreeWith: problem.stated(), within: 1e-5, geometry)
  }

  @Test(.enabled(if: bfloat16Runs), arguments: all)
  func `bfloat16 operands cost two to three digits`(geometry: ConvolutionGeometry) throws {
    let problem = ConvolutionProblem(geometry)
    Self.expect(try problem.results(.bfloat16, .oneDNN), agreeWith: problem.stated(), within: 0.03, geometry)
  }

  @Test(arguments: libraries, known)
  func `both gradients are adjoint to the map`(library: KernelLibrary, geometry: ConvolutionGeometry) throws {
    var problem = ConvolutionProblem(geometry)
    problem.bias = problem.bias.map { _ in 0 }
    let precision: Precision = library == .portable ? .float64 : .float32
    let results = try problem.results(precision, library)
    let dy = problem.dy.map(Double.init)
    let pairing = dot(dy, results.y)
    let tolerance = (library == .portable ? 1e-13 : 1e-6) * (dot(results.y, results.y) * dot(dy, dy)).squareRoot()
    #expect(abs(pairing - dot(results.dx, problem.x.map(Double.init))) < tolerance)
    let dW = results.dW.map { $0 - Double(ConvolutionProblem.before) }
    #expect(abs(pairing - dot(dW, problem.weights.map(Double.init))) < tolerance)
  }

  @Test func `a padded and strided convolution worked out by hand`() throws {
    var problem = ConvolutionProblem(
      ConvolutionGeometry(
        rows: 1, inputShape: [1, 1, 4], filters: 1, kernel: ImageExtent(height: 1, width: 3),
        stride: ImageExtent(height: 1, width: 2), padding: ImagePadding(top: 0, bottom: 0, left: 1, right: 1)))
    problem.x = [1, 2, 3, 4]
    problem.weights = [1, 10, 100]
    problem.bias = [0.5]
    problem.dy = [1, 2]
    let results = try problem.results(.float64, .portable)
    #expect(results.y == [210.5, 432.5])
    #expect(results.dx == [10, 102, 20, 200])
    #expect(results.dW == [4.5, 7.5, 10.5])
  }

  /// With stride 2 an even image needs one row of zeros: TensorFlow's "SAME" puts it at the end, a padding of one on
  /// every side finds the first at the beginning and never reaches the last. The shapes agree, the numbers do not.
  @Test(arguments: libraries)
  func `SAME is not a padding of one`(library: KernelLibrary) throws {
    var everySide = ConvolutionGeometry(
      rows: 1, inputShape: [1, 1, 4], filters: 1, kernel: ImageExtent(height: 1, width: 3),
      stride: ImageExtent(height: 1, width: 2))
    everySide.padding = ImagePadding(top: 0, bottom: 0, left: 1, right: 1)
    var same = everySide
    same.padding = ImagePadding(top: 0, bottom: 0, left: 0, right: 1)
    #expect(same.outputShape == everySide.outputShape)
    var results: [[Double]] = []
    for geometry in [everySide, same] {
      var problem = ConvolutionProblem(geometry)
      problem.x = [1, 2, 3, 4]
      problem.weights = [1, 10, 100]
      problem.bias = [0]
      results.append(try problem.results(.float32, library).y)
    }
    #expect(results == [[210, 432], [321, 43]])
  }

  #if arch(x86_64)
  @Test(.enabled(if: oneDNNRuns && KernelLibrary.preferredDescription.contains("AVX")), arguments: [false, true])
  func `depthwise convolutions have code of their own`(plainSource: Bool) throws {
    for channels in [3, 20, 32] {
      for stride in [1, 2] {
        var problem = ConvolutionProblem(
          Self.geometry([channels, 12, 12], channels, 3, stride: stride, padding: 1, groups: channels))
        problem.plainSource = plainSource
        let used = try problem.kernel(.float32, .oneDNN).implementations
        for name in [used.forward, used.toInput, used.toWeights ?? ""] {
          #expect(name.hasPrefix("jit_dw"), "\(name) for \(problem.geometry)")
        }
      }
    }
  }
  #endif

  @Test(arguments: libraries, known)
  func `a residual is added before the activation`(library: KernelLibrary, geometry: ConvolutionGeometry) throws {
    var problem = ConvolutionProblem(geometry)
    problem.activation = .relu
    var numbers = Numbers(seed: 5)
    let residual = numbers.array(problem.dy.count, scale: 3)
    problem.residual = residual
    let expected = zip(problem.stated().y, residual).map { max($0 + Double($1), 0) }
    #expect(relativeError(try problem.results(.float32, library).y, expected) < 1e-5)
    if library == .portable {
      #expect(relativeError(try problem.results(.float64, library).y, expected) < 1e-12)
    } else if bfloat16Runs {
      #expect(relativeError(try problem.results(.bfloat16, library).y, expected) < 0.03)
    }
  }

  @Test(arguments: libraries)
  func `a residual where none belongs, or none where one does, is refused`(library: KernelLibrary) throws {
    let geometry = Self.known[0]
    let worker = try KernelWorker(library)
    let memory = AlignedMemory(bytes: 1 << 20)
    let bias = Array(repeating: Float(0), count: geometry.filters)
    for adds in [false, true] {
      let kernel = try ConvolutionKernel(
        geometry, precision: .float32, activation: .none, addsResidual: adds, plainSource: false, library: library)
      #expect(throws: KernelError.self) {
        try kernel.forward(
          memory.base, weights: memory.base, bias: bias, adding: adds ? nil : memory.base, into: memory.base,
          worker: worker)
      }
    }
  }

  @Test(arguments: libraries)
  func `sizes that cannot be are refused with a sentence`(library: KernelLibrary) throws {
    let good = Self.geometry([4, 6, 6], 8, 3, padding: 1)
    func refusal(_ change: (inout ConvolutionGeometry) -> Void) -> String {
      var geometry = good
      change(&geometry)
      let error = #expect(throws: KernelError.self) {
        try ConvolutionKernel(
          geometry, precision: .float32, activation: .none, plainSource: false, library: library)
      }
      return error?.description ?? ""
    }
    #expect(refusal { $0.rows = 0 }.contains("positive"))
    #expect(refusal { $0.inputShape = [4, 36] }.contains("(channels, height, width)"))
    #expect(refusal { $0.inputShape[1] = 0 }.contains("positive"))
    #expect(refusal { $0.filters = -1 }.contains("positive"))
    #expect(refusal { $0.kernel.width = 0 }.contains("positive"))
    #expect(refusal { $0.kernel.height = 9 }.contains("larger than the image of 6 with its padding of 1 + 1"))
    #expect(refusal { $0.stride.height = 0 }.contains("positive"))
    #expect(refusal { $0.dilation.width = 0 }.contains("positive"))
    #expect(refusal { $0.dilation.width = 4 }.contains("a window of 9 is larger"))
    #expect(refusal { $0.padding.left = -1 }.contains("padding not negative"))
    #expect(refusal { $0.padding.bottom = .max }.contains("may exceed"))
    #expect(refusal { $0.groups = 3 }.contains("3 groups must divide"))
    #expect(refusal { $0.groups = 0 }.contains("positive"))
    #expect(refusal { $0.rows = .max }.contains("may exceed"))
    #expect(refusal { $0.padding = ImagePadding(1 << 29) }.contains("memory"))
  }
}
