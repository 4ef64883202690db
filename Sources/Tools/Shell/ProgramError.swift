/// An error that knows with which code a program ends because of it: whose turn it is to do something.
///
/// Its description is one sentence that says what is wrong, where, and what to do.
package protocol ProgramError: Error, CustomStringConvertible {
  /// 64 usage; 65 bad data; 70 an output that cannot be written, or anything else that went wrong; 75 interrupted.
  var exitCode: Int32 { get }
}

/// A command line that makes no sense; exit code 64.
package struct UsageError: ProgramError {
  package let description: String
  package init(_ description: String) { self.description = description }
  package var exitCode: Int32 { 64 }
}

/// Data that cannot be used; exit code 65.
package struct BadDataError: ProgramError {
  package let description: String
  package init(_ description: String) { self.description = description }
  package var exitCode: Int32 { 65 }
}

/// An output that cannot be written; exit code 70.
package struct OutputError: ProgramError {
  package let description: String
  package init(_ description: String) { self.description = description }
  package var exitCode: Int32 { 70 }
}

/// The user, or the system, asked the program to stop; exit code 75. The sentence says what is lost and how to go on.
package struct Interrupted: ProgramError {
  package let description: String
  package init(_ description: String) { self.description = description }
  package var exitCode: Int32 { 75 }
}
