import Foundation

/// Whether the long repetitions run: `make test-long`.
public let runsLongTests = ProcessInfo.processInfo.environment["ROBUSTNESS_LONG_TESTS"] == "1"
