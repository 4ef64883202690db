/// Memory that workers read.
///
/// `Sendable` without a check, because the compiler knows nothing of memory: who makes one keeps the memory alive and
/// unchanged until the workers have ended. ``WorkerTeam/perform(_:)`` waits for them, so a buffer's own scope will do.
struct SharedPointer<Element>: @unchecked Sendable {
  let pointer: UnsafePointer<Element>

  init(_ pointer: UnsafePointer<Element>) { self.pointer = pointer }
  init(_ pointer: UnsafeMutablePointer<Element>) { self.pointer = UnsafePointer(pointer) }
  /// The elements of a buffer that has some.
  init(_ buffer: UnsafeBufferPointer<Element>) { pointer = buffer.baseAddress! }
}

/// Memory that workers write, each at places that no other one touches.
///
/// `Sendable` without a check, because the compiler knows nothing of memory: who makes one keeps the memory alive until
/// the workers have ended, and has every worker write to elements of its own; what they say is read after that.
struct SharedMutablePointer<Element>: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Element>

  init(_ pointer: UnsafeMutablePointer<Element>) { self.pointer = pointer }
  /// The elements of a buffer that has some.
  init(_ buffer: UnsafeMutableBufferPointer<Element>) { pointer = buffer.baseAddress! }
}
