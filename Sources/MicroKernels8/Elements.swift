// Loading, storing and walking over arrays whose length need not be a multiple of the vector.

@inline(__always)
func load(_ pointer: UnsafePointer<Float>) -> Vector {
  UnsafeRawPointer(pointer).loadUnaligned(as: Vector.self)
}

@inline(__always)
func store(_ vector: Vector, _ pointer: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: vector, as: Vector.self)
}

/// The first `lanes` floats, zeros behind them.
@inline(__always)
func load(_ pointer: UnsafePointer<Float>, lanes: Int) -> Vector {
  if lanes == Vector.scalarCount { return load(pointer) }
  var vector = Vector.zero
  for i in 0..<lanes { vector[i] = pointer[i] }
  return vector
}

@inline(__always)
func store(_ vector: Vector, _ pointer: UnsafeMutablePointer<Float>, lanes: Int) {
  if lanes == Vector.scalarCount { return store(vector, pointer) }
  for i in 0..<lanes { pointer[i] = vector[i] }
}

/// Calls `body` with the start and number of lanes of each vector of an array, the partial one last.
@inline(__always)
func forEachVector(_ count: Int, _ body: (_ start: Int, _ lanes: Int) -> Void) {
  var i = 0
  while i &+ Vector.scalarCount <= count {
    body(i, Vector.scalarCount)
    i &+= Vector.scalarCount
  }
  if i < count { body(i, count &- i) }
}

/// Fused multiply-add: a * b + c.
@inline(__always)
func fma(_ a: Vector, _ b: Vector, _ c: Vector) -> Vector { c.addingProduct(a, b) }
