import MicroKernels

// This folder is compiled twice: as MicroKernels8, and through a symlink as MicroKernels16 with WIDE defined.
#if WIDE
  typealias Vector = SIMD16<Float>
  public typealias Vector16Kernels = VectorKernels
#else
  typealias Vector = SIMD8<Float>
  public typealias Vector8Kernels = VectorKernels
#endif

/// The micro-kernels at this module's vector width. Exported functions are `@inline(never)`: inlined into a module that
/// is compiled without FMA, their `addingProduct` would turn into calls of libm.
public enum VectorKernels: MicroKernels {
  public static var width: Int { Vector.scalarCount }
}
