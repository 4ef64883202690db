/// A command line that makes no sense; exit code 64.
struct UsageError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Data, a start or a journal that cannot be used; exit code 65.
struct BadDataError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// An output that cannot be written, or a sampler that cannot go on; exit code 70.
struct RunError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// The user stopped the run, which can be resumed; exit code 75.
struct Interrupted: Error, CustomStringConvertible {
  let description: String
}
