// Resampling with a Lanczos window, antialiased: the window is widened by the reduction, so every input pixel counts.
//
// Source of the kernel: Lanczos3, L(x) = sinc(x) sinc(x/3) for |x| < 3 (Turkowski, "Filters for common resampling
// tasks", 1990).

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A rectangle of whole pixels.
package struct PixelBox: Equatable {
  package var x: Int
  package var y: Int
  package var width: Int
  package var height: Int

  package init(x: Int, y: Int, width: Int, height: Int) {
    (self.x, self.y, self.width, self.height) = (x, y, width, height)
  }
}

/// For each output position along one axis: the first input position and the weights from there, summing to 1.
struct ResampleAxis {
  let first: [Int]
  let count: [Int]
  /// `taps` per output position; those beyond `count` are unused.
  let weights: [Float]
  let taps: Int

  /// Pixel centres are at half-integers: output o is at (o + 0.5) * input/output. Positions outside the input are
  /// left out and the rest scaled up, which keeps flat areas flat up to the edge.
  init(input: Int, output: Int) {
    let scale = Double(input) / Double(output)
    let stretch = max(scale, 1)
    let support = 3 * stretch
    let taps = Int(support.rounded(.up)) * 2 + 1
    var first: [Int] = []
    var count: [Int] = []
    var weights = [Float](repeating: 0, count: taps * output)
    for o in 0..<output {
      let centre = (Double(o) + 0.5) * scale
      let from = max(0, Int((centre - support + 0.5).rounded(.down)))
      let to = min(input, Int((centre + support + 0.5).rounded(.down)))
      let row = (from..<to).map { Self.lanczos((Double($0) + 0.5 - centre) / stretch) }
      let sum = row.reduce(0, +)
      for (k, weight) in row.enumerated() { weights[o * taps + k] = Float(weight / sum) }
      first.append(from)
      count.append(to - from)
    }
    self.first = first
    self.count = count
    self.weights = weights
    self.taps = taps
  }

  private static func lanczos(_ x: Double) -> Double {
    guard abs(x) < 3 else { return 0 }
    guard x != 0 else { return 1 }
    let angle = Double.pi * x
    return sin(angle) / angle * (sin(angle / 3) / (angle / 3))
  }
}

extension Picture {
  /// Resamples the part `box` to `width` x `height` pixels and writes them as [height, width, 3] with rows `stride`
  /// bytes apart; bytes between the rows are left as they are. Only pixels inside the box are looked at.
  package func resample(
    _ box: PixelBox, width: Int, height: Int, into output: UnsafeMutablePointer<UInt8>, stride: Int
  ) {
    precondition(box.x >= 0 && box.y >= 0 && box.x + box.width <= self.width && box.y + box.height <= self.height)
    precondition(box.width > 0 && box.height > 0 && width > 0 && height > 0 && stride >= 3 * width)
    pixels.withUnsafeBufferPointer { all in
      let input = all.baseAddress! + (box.y * self.width + box.x) * 3
      if box.width == width && box.height == height {
        for y in 0..<height { (output + y * stride).update(from: input + y * self.width * 3, count: width * 3) }
        return
      }
      let columns = ResampleAxis(input: box.width, output: width)
      let rows = ResampleAxis(input: box.height, output: height)
      withUnsafeTemporaryAllocation(of: Float.self, capacity: (box.height + 1) * width * 3) { scratch in
        let narrow = scratch.baseAddress!
        for y in 0..<box.height {
          Self.resampleRow(input + y * self.width * 3, columns, into: narrow + y * width * 3)
        }
        let sum = narrow + box.height * width * 3
        for y in 0..<height {
          for i in 0..<(width * 3) { sum[i] = 0.5 }
          for k in 0..<rows.count[y] {
            let weight = rows.weights[y * rows.taps + k]
            let row = narrow + (rows.first[y] + k) * width * 3
            for i in 0..<(width * 3) { sum[i] += weight * row[i] }
          }
          // Lanczos overshoots at edges, so the sums are brought back into a byte's range; 0.5 was there for
          // rounding.
          for i in 0..<(width * 3) { output[y * stride + i] = UInt8(max(0, min(255, sum[i]))) }
        }
      }
    }
  }

  private static func resampleRow(
    _ input: UnsafePointer<UInt8>, _ axis: ResampleAxis, into output: UnsafeMutablePointer<Float>
  ) {
    axis.weights.withUnsafeBufferPointer { weights in
      for o in 0..<axis.first.count {
        var (red, green, blue): (Float, Float, Float) = (0, 0, 0)
        let from = input + axis.first[o] * 3
        for k in 0..<axis.count[o] {
          let weight = weights[o * axis.taps + k]
          red += weight * Float(from[3 * k])
          green += weight * Float(from[3 * k + 1])
          blue += weight * Float(from[3 * k + 2])
        }
        output[3 * o] = red
        output[3 * o + 1] = green
        output[3 * o + 2] = blue
      }
    }
  }
}
