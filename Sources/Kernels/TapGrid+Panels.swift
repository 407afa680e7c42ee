import MicroKernels

extension TapGrid {
  /// For the grid pixels in `range`, some panels of the axis (tap, channel), each tap filled up to whole panels -> the same
  /// number of neighbouring panels.
  func pack(
    _ wanted: Range<Int>, _ range: Range<Int>, source: UnsafePointer<Float>, panels: UnsafeMutablePointer<Float>,
    panelStride: Int, kernels: MicroKernelSet
  ) {
    let w = kernels.width
    let panelsPerTap = ceilDivide(sourceChannels, w)
    var next = wanted.lowerBound
    while next < wanted.upperBound {
      let (tap, panel) = next.quotientAndRemainder(dividingBy: panelsPerTap)
      let count = min(panelsPerTap - panel, wanted.upperBound - next)
      pack(
        taps[tap], range, source: source + panel * w,
        channels: min(count * w, sourceChannels - panel * w),
        panels: panels + (next - wanted.lowerBound) * panelStride, panelStride: panelStride, kernels: kernels)
      next += count
    }
  }

  /// What `pack` reads for the same panels and pixels; nil where that is not rows of memory. Pixels with neighbours are
  /// mostly in a cache already, as the neighbours of others.
  func memoryRows(
    _ wanted: Range<Int>, _ range: Range<Int>, source: UnsafePointer<Float>, width w: Int
  ) -> MacroKernel.MemoryRows? {
    guard taps.count == 1, pixels == width, isContiguous else { return nil }
    let channel = wanted.lowerBound * w
    return MacroKernel.MemoryRows(
      first: source + range.lowerBound * sourceChannels + channel, rows: range.count, rowStride: sourceChannels,
      floats: min(wanted.count * w, sourceChannels - channel))
  }

  /// For the grid pixels in `range`, `channels` channels of the source pixels that tap `t` reads, zero where these are
  /// outside -> neighbouring panels.
  /// - Parameter source: the first of the channels, of the first pixel.
  private func pack(
    _ t: Tap, _ range: Range<Int>, source: UnsafePointer<Float>, channels: Int,
    panels: UnsafeMutablePointer<Float>, panelStride: Int, kernels: MicroKernelSet
  ) {
    let w = kernels.width
    forEachRow(range) { place, n, i, j, count in
      let y = i * stepY + t.y
      let inside = y >= 0 && y < sourceHeight ? inside(t, j, count) : 0..<0
      let panels = panels + place * w
      for panel in 0..<(inside.count < count ? ceilDivide(channels, w) : 0) {
        (panels + panel * panelStride).update(repeating: 0, count: inside.lowerBound * w)
        (panels + panel * panelStride + inside.upperBound * w).update(
          repeating: 0, count: (count - inside.upperBound) * w)
      }
      let first = ((n * sourceHeight + y) * sourceWidth + (j + inside.lowerBound) * stepX + t.x) * sourceChannels
      kernels.packPanels(
        inside.count, source: source + first, step: stepX * sourceChannels, channels: channels,
        panels: panels + inside.lowerBound * w, panelStride: panelStride)
    }
  }

  /// Neighbouring panels -> `channels` channels from `channel` on of the target pixels of the grid pixels in `range`.
  func unpack(
    _ range: Range<Int>, panels: UnsafePointer<Float>, panelStride: Int, target: UnsafeMutablePointer<Float>,
    channel: Int, channels: Int, kernels: MicroKernelSet
  ) {
    forEachRow(range) { place, n, i, j, count in
      let row = (n * targetHeight + i * targetStepY + targetY) * targetWidth
      kernels.scatterPanels(
        count, panels: panels + place * kernels.width, panelStride: panelStride, channels: channels,
        destination: target + (row + j * targetStepX + targetX) * targetChannels + channel,
        step: targetStepX * targetChannels)
    }
  }
}
