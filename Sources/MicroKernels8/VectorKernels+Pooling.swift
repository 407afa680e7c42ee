import MicroKernels

extension VectorKernels {
  @inline(never)
  public static func maximum(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int) {
    forEachVector(count) { start, lanes in
      let (x, y) = (load(input + start, lanes: lanes), load(output + start, lanes: lanes))
      // A comparison with NaN is false, so x takes the place of all that is not at least as large.
      store(x.replacing(with: y, where: (y .>= x) .| (y .!= y)), output + start, lanes: lanes)
    }
  }

  @inline(never)
  public static func routeToEqual(
    input: UnsafePointer<Float>, output: UnsafePointer<Float>, rest: UnsafeMutablePointer<Float>,
    gradient: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    forEachVector(count) { start, lanes in
      let isEqual = load(input + start, lanes: lanes) .== load(output + start, lanes: lanes)
      let left = load(rest + start, lanes: lanes)
      let taken = Vector.zero.replacing(with: left, where: isEqual)
      store(load(gradient + start, lanes: lanes) + taken, gradient + start, lanes: lanes)
      store(left - taken, rest + start, lanes: lanes)
    }
  }
}
