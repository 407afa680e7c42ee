import MicroKernels

extension VectorKernels {
  // Twelve chains: two pipes of latency four need eight in flight, and twelve plus two operands still fit in the sixteen
  // registers of AVX2. Each adds to itself, as the products' tiles do: ARM's instruction overwrites its addend, and any
  // other chain would spend as many moves there.
  public static var multiplyAddFlops: Int { 2 * 12 * Vector.scalarCount }

  @inline(never)
  public static func multiplyAdd(iterations: Int, factors: UnsafePointer<Float>) -> Float {
    let first = Vector(repeating: factors[0])
    let second = Vector(repeating: factors[1])
    var a0 = Vector(repeating: 0)
    var a1 = Vector(repeating: 1)
    var a2 = Vector(repeating: 2)
    var a3 = Vector(repeating: 3)
    var a4 = Vector(repeating: 4)
    var a5 = Vector(repeating: 5)
    var a6 = Vector(repeating: 6)
    var a7 = Vector(repeating: 7)
    var a8 = Vector(repeating: 8)
    var a9 = Vector(repeating: 9)
    var a10 = Vector(repeating: 10)
    var a11 = Vector(repeating: 11)
    for _ in 0..<iterations {
      a0 = a0.addingProduct(first, second)
      a1 = a1.addingProduct(first, second)
      a2 = a2.addingProduct(first, second)
      a3 = a3.addingProduct(first, second)
      a4 = a4.addingProduct(first, second)
      a5 = a5.addingProduct(first, second)
      a6 = a6.addingProduct(first, second)
      a7 = a7.addingProduct(first, second)
      a8 = a8.addingProduct(first, second)
      a9 = a9.addingProduct(first, second)
      a10 = a10.addingProduct(first, second)
      a11 = a11.addingProduct(first, second)
    }
    let low = (a0 + a1) + (a2 + a3)
    let middle = (a4 + a5) + (a6 + a7)
    let high = (a8 + a9) + (a10 + a11)
    return ((low + middle) + high).sum()
  }

  @inline(never)
  public static func read(_ source: UnsafePointer<Float>, _ count: Int) -> Float {
    let step = 4 * Vector.scalarCount
    var a0 = Vector.zero
    var a1 = Vector.zero
    var a2 = Vector.zero
    var a3 = Vector.zero
    let raw = UnsafeRawPointer(source)
    let lane = MemoryLayout<Vector>.stride
    var i = 0
    while i + step <= count {
      let p = raw + i * MemoryLayout<Float>.stride
      a0 += p.loadUnaligned(as: Vector.self)
      a1 += (p + lane).loadUnaligned(as: Vector.self)
      a2 += (p + 2 * lane).loadUnaligned(as: Vector.self)
      a3 += (p + 3 * lane).loadUnaligned(as: Vector.self)
      i += step
    }
    var sum = ((a0 + a1) + (a2 + a3)).sum()
    while i < count {
      sum += source[i]
      i += 1
    }
    return sum
  }

  @inline(never)
  public static func copy(
    _ source: UnsafePointer<Float>, _ destination: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    destination.update(from: source, count: count)
  }

  @inline(never)
  public static func triad(
    _ first: UnsafePointer<Float>, _ second: UnsafePointer<Float>, factor: Float,
    _ destination: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    let width = Vector.scalarCount
    let factors = Vector(repeating: factor)
    var i = 0
    while i + width <= count {
      let a = UnsafeRawPointer(first + i).loadUnaligned(as: Vector.self)
      let b = UnsafeRawPointer(second + i).loadUnaligned(as: Vector.self)
      UnsafeMutableRawPointer(destination + i).storeBytes(of: a.addingProduct(b, factors), as: Vector.self)
      i += width
    }
    while i < count {
      destination[i] = first[i].addingProduct(second[i], factor)
      i += 1
    }
  }
}
