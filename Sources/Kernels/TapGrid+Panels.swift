import VectorLoops

extension TapGrid {
  /// For the grid pixels in `range`, `channels` channels from `channel` on of the source pixels that tap `t` reads, zero
  /// where these lie outside -> neighbouring panels.
  func gather(
    _ t: Tap, _ range: Range<Int>, source: UnsafePointer<Float>, channel: Int, channels: Int,
    panels: UnsafeMutablePointer<Float>, panelStride: Int, loops: any VectorLoops.Type
  ) {
    let w = loops.width
    forEachRow(range) { place, n, i, j, count in
      let y = i * step + t.y
      let inside = y >= 0 && y < sourceHeight ? inside(t, j, count) : 0..<0
      let panels = panels + place * w
      for panel in 0..<(inside.count < count ? ceilDivide(channels, w) : 0) {
        (panels + panel * panelStride).update(repeating: 0, count: inside.lowerBound * w)
        (panels + panel * panelStride + inside.upperBound * w).update(
          repeating: 0, count: (count - inside.upperBound) * w)
      }
      let first = ((n * sourceHeight + y) * sourceWidth + (j + inside.lowerBound) * step + t.x) * sourceChannels
      loops.gatherPanels(
        inside.count, source: source + first + channel, step: step * sourceChannels, channels: channels,
        panels: panels + inside.lowerBound * w, panelStride: panelStride)
    }
  }

  /// Neighbouring panels -> `channels` channels from `channel` on of the target pixels of the grid pixels in `range`.
  func scatter(
    _ range: Range<Int>, panels: UnsafePointer<Float>, panelStride: Int, target: UnsafeMutablePointer<Float>,
    channel: Int, channels: Int, loops: any VectorLoops.Type
  ) {
    forEachRow(range) { place, n, i, j, count in
      let row = (n * targetHeight + i * targetStep + targetY) * targetWidth
      loops.scatterPanels(
        count, panels: panels + place * loops.width, panelStride: panelStride, channels: channels,
        destination: target + (row + j * targetStep + targetX) * targetChannels + channel,
        step: targetStep * targetChannels)
    }
  }
}
