#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// eˣ, for the files of this module that need nothing else of the C library.
func exponential(_ x: Double) -> Double { exp(x) }
