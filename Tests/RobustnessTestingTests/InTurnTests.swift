import Foundation
import Synchronization
import TestSupport
import Testing

/// What makes the time of each test its own: TestSupport/InTurn.swift.
@Suite(.inTurn) struct `Tests take turns` {
  /// The sources of tests, by their path.
  static func sources() throws -> [(path: String, text: String)] {
    let root = Fixtures.packageRoot.appending(path: "Tests")
    let files = try #require(FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
    return try files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
      .map { ($0.path.replacing(root.path + "/", with: ""), try String(contentsOf: $0, encoding: .utf8)) }
  }

  @Test func `every test is in a suite, and every suite is in turn`() throws {
    var suites = 0
    for (path, text) in try Self.sources() {
      let declared = text.matches(of: /(?m)^ *(@Suite\b[^`{]*)/).map { String($0.output.1) }
      #expect(declared.filter { !$0.contains(".inTurn") } == [], "\(path): write @Suite(.inTurn)")
      // A test outside of types stands in the first column.
      #expect(!text.contains("\n@Test"), "\(path): put its tests into a @Suite(.inTurn)")
      if text.contains(/(?m)^ *@Test/) { #expect(!declared.isEmpty, "\(path) has no @Suite(.inTurn)") }
      suites += declared.count
    }
    #expect(suites > 100)
  }

  /// As many blocked pieces of work as there are threads in Swift's pool, and one in the pool that all of them wait
  /// for.
  @Test(.timeLimit(.minutes(1))) func `a test that blocks leaves Swift's pool to others`() async {
    let count = ProcessInfo.processInfo.activeProcessorCount + 1
    let arrived = DispatchSemaphore(value: 0)
    let gate = Gate()
    let inTime = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<count {
        group.addTask {
          arrived.signal()
          // Blocks its thread, as waiting for a program does.
          for _ in 0..<1000 where !gate.isOpen { usleep(10_000) }
          return gate.isOpen
        }
      }
      group.addTask {
        for _ in 0..<count { arrived.wait() }
        await Task.detached { gate.open() }.value
        return true
      }
      return await group.reduce(true) { $0 && $1 }
    }
    #expect(inTime)
  }

  private final class Gate: Sendable {
    private let state = Mutex(false)
    var isOpen: Bool { state.withLock { $0 } }
    func open() { state.withLock { $0 = true } }
  }

  @Test func `tests of one suite do not overlap`() async {
    await Self.expectAlone()
  }

  @Test(arguments: 0..<3) func `nor do the cases of a test`(_: Int) async {
    await Self.expectAlone()
  }

  private static let running = Mutex(0)

  private static func expectAlone() async {
    #expect(
      running.withLock {
        $0 += 1; return $0
      } == 1)
    try? await Task.sleep(for: .milliseconds(20))
    running.withLock { $0 -= 1 }
  }
}
