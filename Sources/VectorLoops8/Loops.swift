import VectorLoops

// This folder is compiled twice: as VectorLoops8, and through a symlink as VectorLoops16 with WIDE defined.
#if WIDE
  typealias Vector = SIMD16<Float>
  public typealias Loops16 = Loops
#else
  typealias Vector = SIMD8<Float>
  public typealias Loops8 = Loops
#endif

/// The inner loops at this module's vector width. Exported functions are `@inline(never)`: inlined into a module that
/// is compiled without FMA, their `addingProduct` would turn into calls of libm.
public enum Loops: VectorLoops {
  public static var width: Int { Vector.scalarCount }
}
