import CProcessor
import MicroKernels
import MicroKernels16
import MicroKernels8

/// The vector instructions that the micro-kernels use.
public enum InstructionSet: String, CaseIterable, Sendable {
  /// Eight lanes: AVX2 with FMA on x86-64, NEON on arm64.
  case avx2
  /// Sixteen lanes: AVX-512 (x86-64-v4).
  case avx512

  /// Floats of a vector.
  public var width: Int { self == .avx2 ? 8 : 16 }

  /// What this processor can run, narrowest first; empty on an x86-64 processor without AVX2 and FMA.
  public static var available: [InstructionSet] {
    var sets: [InstructionSet] = []
    if processor_has_avx2_fma() { sets.append(.avx2) }
    if processor_has_avx512() { sets.append(.avx512) }
    return sets
  }

  var kernels: MicroKernelSet { self == .avx512 ? Vector16Kernels.self : Vector8Kernels.self }
}

/// The micro-kernels of some width, as a value. One word for all who pass them on, because where there is one width only, as
/// in a browser, this is its type.
typealias MicroKernelSet = any MicroKernels.Type
