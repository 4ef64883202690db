/// The version of this package: what `--version` prints, and files that are written say.
package enum ProgramVersion {
  package static let current = "0.1.0"
}
