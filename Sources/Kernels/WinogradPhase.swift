/// One polyphase part: what one parity of taps does along each axis.
struct WinogradPhase: Equatable {
  struct Axis: Equatable {
    /// Input pixels of this phase are at i * stride + residue.
    var residue: Int
    /// Taps of this phase are firstTap, firstTap + stride, ...
    var firstTap: Int
    var taps: Int
    /// Output o reads phase pixels o + start, o + start + 1, ...
    var start: Int

    /// Whether windows begin a pixel before the first that counts. The filter then is x g(x), which is zero at the point 0.
    var lags = false

    /// The points along this axis at which the filter is not zero, in the order of the basis.
    var points: Range<Int>

    /// Where the window of output 0 begins.
    var windowStart: Int { start - (lags ? 1 : 0) }

    /// In the data gradient, phase pixel 0 has a window that begins with this output.
    var backwardStart: Int { -start - (taps - 1) - (lags ? 1 : 0) }

    /// The same with other windows, or nil where the basis has no points for them.
    func lagging(_ lags: Bool, _ basis: WinogradBasis) -> Axis? {
      let taps = taps + (lags ? 1 : 0)
      guard taps <= basis.taps else { return nil }
      var axis = self
      axis.lags = lags
      axis.points = (lags ? 1 : 0)..<(taps == basis.taps ? basis.size : basis.size - 1)
      return axis
    }

    /// The phases of a kernel along one axis, each with as few points as it can have.
    static func all(kernel: Int, pad: Int, stride: Int, _ basis: WinogradBasis) -> [Axis] {
      let axes = (0..<stride).map { residue in
        let firstTap = (residue + pad) % stride
        let axis = Axis(
          residue: residue, firstTap: firstTap, taps: ceilDivide(kernel - firstTap, stride),
          start: (firstTap - pad - residue) / stride, points: 0..<0)
        // Of two ways with as many points the first: what is transformed on the way in the forward pass, phases of two taps
        // or more, does not lag.
        return [false, true].compactMap { axis.lagging($0, basis) }.min { $0.points.count < $1.points.count }!
      }
      return axes.sorted { $0.taps > $1.taps }
    }

    /// The same with windows that begin at the same place in the data gradient, where the basis has points for those; or
    /// else as they are.
    static func sharingWindows(_ axes: [Axis], _ basis: WinogradBasis) -> [Axis] {
      let starts = axes.map { -$0.start - ($0.taps - 1) }
      let ways = [starts.min()!, starts.min()! - 1].map { start in
        zip(axes, starts).compactMap { axis, own in own - start > 1 ? nil : axis.lagging(own > start, basis) }
      }
      func points(_ axes: [Axis]) -> Int { axes.reduce(0) { $0 + $1.points.count } }
      return ways.filter { $0.count == axes.count }.min { points($0) < points($1) } ?? axes
    }
  }

  var y: Axis
  var x: Axis

  /// Products of a tile, one for each point.
  var products: Int { y.points.count * x.points.count }

  /// The points that any of some axes has.
  static func allPoints(_ axes: [Axis]) -> Range<Int> {
    axes.map { $0.points.lowerBound }.min()!..<axes.map { $0.points.upperBound }.max()!
  }

  /// Which tap of the filter, row by row, tap (p, q) of this phase is.
  func tap(_ p: Int, _ q: Int, stride: Int, kernelWidth: Int) -> Int {
    (y.firstTap + p * stride) * kernelWidth + x.firstTap + q * stride
  }

  /// The taps of this phase, the last one first.
  func flippedTaps(stride: Int, kernelWidth: Int) -> [Int] {
    (0..<y.taps).reversed().flatMap { p in
      (0..<x.taps).reversed().map { q in tap(p, q, stride: stride, kernelWidth: kernelWidth) }
    }
  }
}
