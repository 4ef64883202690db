import Foundation
import NeuralNetworks
import PosteriorFiles
import Shell

/// A posterior file of a run in progress, as it stands: what `posterior publish` makes.
///
/// Works while the run goes on, and changes nothing of its journal.
public struct PublishedRun: Sendable {
  /// Where the file is.
  public let path: String
  /// Number of chains that have draws.
  public let chains: Int
  /// Draws of each: as many as the chain with the fewest has.
  public let draws: Int
  /// How much of the run this is, in words; nil for all of it.
  public let incompleteness: String?

  /// What the diagnostics say about the draws, in a sentence.
  public let verdict: String

  /// Why a run could not be published, and the exit code that says so.
  public struct Failure: Error, CustomStringConvertible, Sendable {
    /// A sentence.
    public let description: String
    /// 64 usage, 65 a journal that is missing or damaged, 70 an output that cannot be written.
    public let exitCode: Int32
  }

  /// Writes the file.
  ///
  /// - Parameters:
  ///   - run: The output of the run, or its journal.
  ///   - output: Where the file goes; nil for `NAME.partial.h5` beside `NAME.h5`.
  ///   - overwrite: Replace a file that is no earlier publication of a run in progress.
  ///   - isCompressed: Whether the file is compressed.
  /// - Throws: ``Failure``.
  public init(_ run: String, to output: String? = nil, overwrite: Bool = false, isCompressed: Bool = false) throws {
    let suffix = ".journal"
    let trimmed = run.hasSuffix("/") ? String(run.dropLast()) : run
    let base = trimmed.hasSuffix(suffix) ? String(trimmed.dropLast(suffix.count)) : trimmed
    let folder = JournalFiles.folder(of: base)
    path = output ?? (base.hasSuffix(".h5") ? String(base.dropLast(3)) : base) + ".partial.h5"
    do {
      guard FileManager.default.fileExists(atPath: JournalFiles.description(folder)) else {
        throw BadDataError(
          FileManager.default.fileExists(atPath: base)
            ? "\(base) is complete: there is no run in progress beside it"
            : "there is no run to publish: \(folder) holds no run.json")
      }
      try OutputPlace.requireFile(path)
      if FileManager.default.fileExists(atPath: path), !overwrite {
        let existing = try? PosteriorFile.open(path, probe: .currentProgram)
        guard existing?.provenance["incomplete"] != nil else {
          throw UsageError("\(path) is there already: give another --output, or --overwrite")
        }
      }
      let publication = try Publication(folder)
      chains = publication.chains.count
      draws = publication.draws
      incompleteness = publication.incompleteness
      let (contents, verdict) = try publication.contents(
        isCompressed: isCompressed, threads: ProcessorAllowance.current.threads)
      self.verdict = verdict
      do {
        try PosteriorWriter.write(contents, to: path)
      } catch {
        throw RunError("\(error)")
      }
    } catch let error as UsageError {
      throw Failure(description: error.description, exitCode: 64)
    } catch let error as BadDataError {
      throw Failure(description: error.description, exitCode: 65)
    } catch {
      throw Failure(description: "\(error)", exitCode: 70)
    }
  }
}

extension PublishedRun.Failure: ProgramError {}
