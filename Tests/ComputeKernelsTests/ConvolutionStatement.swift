import ComputeKernels

extension ConvolutionProblem {
  /// The definition, term by term in double precision: what every kernel is compared with. The residual and the
  /// activation are left to the test.
  func stated() -> Results {
    let g = geometry
    let (channels, height, width) = (g.inputShape[0], g.inputShape[1], g.inputShape[2])
    let (groupChannels, groupFilters) = (channels / g.groups, g.filters / g.groups)
    let (outHeight, outWidth) = (g.outputShape[1], g.outputShape[2])
    var results = Results(
      y: Array(repeating: 0, count: dy.count), dx: Array(repeating: 0, count: x.count),
      dW: Array(repeating: Double(Self.before), count: weights.count),
      db: Array(repeating: Double(Self.before), count: bias.count))
    for row in 0..<g.rows {
      for filter in 0..<g.filters {
        for i in 0..<outHeight {
          for j in 0..<outWidth {
            let output = ((row * g.filters + filter) * outHeight + i) * outWidth + j
            results.y[output] += Double(bias[filter])
            results.db[filter] += Double(dy[output])
            for c in 0..<groupChannels {
              for u in 0..<g.kernel.height {
                for v in 0..<g.kernel.width {
                  let y = i * g.stride.height + u * g.dilation.height - g.padding.top
                  let x = j * g.stride.width + v * g.dilation.width - g.padding.left
                  guard 0..<height ~= y, 0..<width ~= x else { continue }
                  let channel = filter / groupFilters * groupChannels + c
                  let input = ((row * channels + channel) * height + y) * width + x
                  let weight = ((filter * groupChannels + c) * g.kernel.height + u) * g.kernel.width + v
                  results.y[output] += Double(weights[weight]) * Double(self.x[input])
                  results.dx[input] += Double(weights[weight]) * Double(dy[output])
                  results.dW[weight] += Double(self.x[input]) * Double(dy[output])
                }
              }
            }
          }
        }
      }
    }
    return results
  }
}
