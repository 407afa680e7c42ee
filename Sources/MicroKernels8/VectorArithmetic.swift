import CProcessor

// In this module these take the place of the operators of the same names for any SIMD type, which the optimiser has to
// put together from lanes.

@inline(__always)
func + (a: Vector, b: Vector) -> Vector {
  #if WIDE
    processor_add16(a, b)
  #else
    processor_add8(a, b)
  #endif
}

@inline(__always)
func - (a: Vector, b: Vector) -> Vector {
  #if WIDE
    processor_subtract16(a, b)
  #else
    processor_subtract8(a, b)
  #endif
}

@inline(__always)
func * (a: Vector, b: Vector) -> Vector {
  #if WIDE
    processor_multiply16(a, b)
  #else
    processor_multiply8(a, b)
  #endif
}

@inline(__always)
func += (a: inout Vector, b: Vector) { a = a + b }

@inline(__always)
func *= (a: inout Vector, b: Vector) { a = a * b }

extension Vector {
  /// self + a * b, rounded once.
  @inline(__always)
  func addingProduct(_ a: Vector, _ b: Vector) -> Vector {
    #if WIDE
      processor_multiply_add16(a, b, self)
    #else
      processor_multiply_add8(a, b, self)
    #endif
  }

  /// self - a * b, rounded once.
  @inline(__always)
  func subtractingProduct(_ a: Vector, _ b: Vector) -> Vector {
    #if WIDE
      processor_multiply_subtract16(a, b, self)
    #else
      processor_multiply_subtract8(a, b, self)
    #endif
  }
}
