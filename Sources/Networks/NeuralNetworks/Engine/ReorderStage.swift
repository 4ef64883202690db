internal import ComputeKernels

/// A copy to another layout: what comes out of convolutions lies in blocks of channels where oneDNN computes them.
struct ReorderStage: Stage {
  let there: Reorder
  let back: Reorder?

  func forward(_ pass: StagePass) throws {
    try there.run(pass.input(), into: pass.result, worker: pass.worker)
  }

  func backward(_ pass: StagePass) throws {
    guard let target = pass.target() else { return }
    try back?.run(pass.incoming, into: target.gradient, worker: pass.worker)
  }
}
