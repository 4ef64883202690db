import Shell

/// An output or a journal that cannot be written, or a sampler that cannot go on; exit code 70.
struct RunError: ProgramError {
  let description: String
  init(_ description: String) { self.description = description }
  var exitCode: Int32 { 70 }
}
