/// A tensor of three axes in the layout of PyTorch's files, to be copied into a layout of the kernels.
public struct TensorAxes {
  /// a * b * c floats, aligned or not.
  let source: UnsafeRawPointer
  let a: Int
  let b: Int
  let c: Int
  /// What elements are multiplied by, [b]; nil leaves them as they are.
  let scale: [Float]?

  /// [a, b, c] at `source`, which stays the caller's.
  /// - Parameter scale: [b], by which every element is multiplied.
  public init(_ source: UnsafeRawPointer, _ a: Int, _ b: Int, _ c: Int, scale: [Float]? = nil) {
    precondition(scale == nil || scale?.count == b)
    (self.source, self.a, self.b, self.c, self.scale) = (source, a, b, c, scale)
  }

  /// Reverses the axes: [a, b, c] -> [c, b, a].
  ///
  /// A transposed convolution's weight [in, out, kh * kw] becomes the filter [kh * kw, out, in] of the convolution that
  /// it is the adjoint of, and a dense weight [channels, positions, z] becomes the 1x1 filter [z, positions * channels]
  /// whose outputs are channels last.
  /// - Parameter destination: a * b * c floats, overwritten.
  /// - Returns: false where an element of the source is infinite or not a number.
  public func reverse(into destination: UnsafeMutablePointer<Float>, context: Context) -> Bool {
    // Sixteen elements fill a cache line of the destination before it is left.
    copy(lanes: 1, block: 16, context: context) { panel, k in
      (destination + (k * b + panel) * a, 1)
    }
  }

  /// [a, b, c] -> panels of `lanes` of b for each of some groups of c: [group, b / lanes, a, place in the group, lanes].
  ///
  /// A transposed convolution's weight [in, out, kh * kw] becomes a sampler's filter: see `Convolution.tapGroups`.
  /// - Parameters:
  ///   - groups: every index below c once.
  ///   - lanes: a divisor of b.
  ///   - destination: a * b * c floats, overwritten.
  /// - Returns: false where an element of the source is infinite or not a number.
  public func panels(
    groups: [[Int]], lanes: Int, into destination: UnsafeMutablePointer<Float>, context: Context
  ) -> Bool {
    precondition(groups.joined().count == c)
    // Where the first row of each k begins, and how far apart rows are.
    let table = OffsetTable(rows: 2, columns: c)
    let (first, step) = (table[0], table[1])
    var base = 0
    for group in groups {
      for (place, k) in group.enumerated() {
        first[k] = base + place * lanes
        step[k] = group.count * lanes
      }
      base += a * b * group.count
    }
    defer { withExtendedLifetime(table) {} }
    return copy(lanes: lanes, block: 1, context: context) { panel, k in
      (destination + first[k] + panel * a * step[k], step[k])
    }
  }

  /// Copies `lanes` of b for each i of a and each k of c, `block` of i for one k before the next.
  /// - Parameter rows: where i = 0 goes for a panel and k, and how far apart the others are.
  @inline(__always)
  private func copy(
    lanes: Int, block: Int, context: Context,
    rows: (_ panel: Int, _ k: Int) -> (first: UnsafeMutablePointer<Float>, step: Int)
  ) -> Bool {
    precondition(b % lanes == 0)
    let finite = Buffer(count: b / lanes)
    context.parallel(b / lanes) { panel in
      var zero: Float = 0
      var start = 0
      while start < a {
        let end = min(start + block, a)
        for k in 0..<c {
          let (first, step) = rows(panel, k)
          for i in start..<end {
            let target = first + i * step
            for lane in 0..<lanes {
              let j = panel * lanes + lane
              let value = source.loadUnaligned(fromByteOffset: ((i * b + j) * c + k) * 4, as: Float.self)
              // Zero unless the value is infinite or NaN, and then NaN for good.
              zero += value * 0
              target[lane] = value * (scale?[j] ?? 1)
            }
          }
        }
        start = end
      }
      finite.pointer[panel] = zero == 0 ? 1 : 0
    }
    return !finite.array.contains(0)
  }
}
