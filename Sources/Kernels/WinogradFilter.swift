import CProcessor
import MicroKernels

extension WinogradConvolution {
  /// U for the forward pass: at each point, panels of output channels over rows (slot, input channel).
  var forwardFilterLayout: FilterLayout {
    FilterLayout(
      phased: phasedLayout(phases, panels: inputPanels, rows: kernels.width), columnPanels: outputPanels,
      apart: cachesFilter)
  }

  /// U for the data gradient: at each point and slot, panels of input channels over rows of output channels.
  var backwardFilterLayout: PointLayout {
    phasedLayout(
      backwardPhases, panels: inputPanels, rows: outputPanels * kernels.width, apart: cachesFilter)
  }

  /// Filter channels per task of a filter transform.
  private static let taskChannels = 16

  /// The transformed filter for the forward pass.
  func transformedForwardFilter(_ filter: UnsafePointer<Float>) -> UnsafePointer<Float> {
    let layout = forwardFilterLayout
    return packed(.forward, count: layout.count, .points) { transformForward(filter, layout, into: $0) }
  }

  private func transformForward(
    _ filter: UnsafePointer<Float>, _ layout: FilterLayout, into buffer: UnsafeMutablePointer<Float>
  ) {
    let (w, s) = (kernels.width, shape)
    let scratch = context.scratch("winograd.transform", transformScratch * context.threads)
    let group = WinogradConvolution.taskChannels
    let groups = ceilDivide(inputPanels * w, group)
    let tapStride = s.inputChannels * s.outputChannels
    // Neighbouring tasks take neighbouring panels: the taps that they read share cache lines and memory pages.
    context.parallel(outputPanels * groups) { task, worker in
      let panel = task % outputPanels
      let lanes = min(w, s.outputChannels - panel * w)
      let scratch = scratch + worker * transformScratch
      let taps = scratch + 64 * w
      let channels = task / outputPanels * group..<min((task / outputPanels + 1) * group, inputPanels * w)
      for (phase, parts) in phases.enumerated() {
        let offsets = layout.offsets(phase: phase, column: panel)
        func transform(
          _ channel: Int, _ count: Int, _ source: UnsafePointer<Float>, step: Int, rowStride: Int, columnStride: Int
        ) {
          offsets.withUnsafeBufferPointer {
            kernels.filterTransform(
              pairs: basis.points.count, rowTaps: parts.y.taps, columnTaps: parts.x.taps, rowPoints: parts.y.points,
              columnPoints: parts.x.points,
              coefficients: coefficients.pointer, scratch: scratch, count: count, source: source, step: step,
              rowStride: rowStride, columnStride: columnStride, destination: buffer + channel * w,
              offsets: $0.baseAddress!, streams: streamsFilter)
          }
        }
        let first = filter + tap(parts, 0, 0) * tapStride + panel * w
        let (tapRowStride, tapColumnStride) = (s.kernelWidth * s.stride * tapStride, s.stride * tapStride)
        // Taps of whole vectors are read where they are.
        let whole = lanes == w ? min(channels.upperBound, s.inputChannels) : channels.lowerBound
        if whole > channels.lowerBound {
          transform(
            channels.lowerBound, whole - channels.lowerBound, first + channels.lowerBound * s.outputChannels,
            step: s.outputChannels, rowStride: tapRowStride, columnStride: tapColumnStride)
        }
        for channel in whole..<channels.upperBound {
          let rowStride = parts.x.taps * w
          taps.update(repeating: 0, count: parts.y.taps * rowStride)
          for p in 0..<(channel < s.inputChannels ? parts.y.taps : 0) {
            kernels.packPanels(
              parts.x.taps, source: first + p * tapRowStride + channel * s.outputChannels, step: tapColumnStride,
              channels: lanes, panels: taps + p * rowStride, panelStride: 0)
          }
          transform(channel, 1, taps, step: 0, rowStride: rowStride, columnStride: w)
        }
      }
      if streamsFilter { processor_end_streams() }
    }
  }

  /// The transformed, flipped and transposed filter for the data gradient.
  func transformedBackwardFilter(_ filter: UnsafePointer<Float>) -> UnsafePointer<Float> {
    let layout = backwardFilterLayout
    return packed(.backwardData(phase: 0), count: layout.count, .points) {
      transformBackward(filter, layout, into: $0)
    }
  }

  private func transformBackward(
    _ filter: UnsafePointer<Float>, _ layout: PointLayout, into buffer: UnsafeMutablePointer<Float>
  ) {
    let w = kernels.width
    let perWorker = transformScratch + backwardPhases.map { $0.y.taps * $0.x.taps }.max()! * w * w
    let scratch = context.scratch("winograd.filter", perWorker * context.threads)
    context.parallel(inputPanels * outputPanels) { task, worker in
      let (panel, block) = (task / outputPanels, task % outputPanels)
      for phase in backwardPhases.indices {
        transformBackwardBlock(
          block, panel: panel, phase: phase, filter: filter, scratch: scratch + worker * perWorker,
          points: buffer + panel * layout.panelStride + block * w * w, offsets: layout.phaseOffsets[phase])
      }
      if streamsFilter { processor_end_streams() }
    }
  }

  /// Transforms what one phase has of W input channels by W output channels for the data gradient: flipped, with the input
  /// channels as the lanes.
  /// - Parameters:
  ///   - points: the first row of the block at the first point.
  ///   - offsets: of each point from there.
  private func transformBackwardBlock(
    _ block: Int, panel: Int, phase: Int, filter: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>,
    points: UnsafeMutablePointer<Float>, offsets: UnsafePointer<Int>
  ) {
    let (w, s, parts) = (kernels.width, shape, backwardPhases[phase])
    let lanes = min(w, s.inputChannels - panel * w)
    let channels = min(w, s.outputChannels - block * w)
    let taps = scratch + transformScratch
    for p in 0..<parts.y.taps {
      for q in 0..<parts.x.taps {
        let target = taps + (p * parts.x.taps + q) * w * w
        let tap = tap(parts, p, q)
        kernels.transposePanel(
          rows: channels, lanes: lanes,
          source: filter + (tap * s.inputChannels + panel * w) * s.outputChannels + block * w,
          laneStride: s.outputChannels, destination: target)
        (target + channels * w).update(repeating: 0, count: (w - channels) * w)
      }
    }
    let last = taps + (parts.y.taps * parts.x.taps - 1) * w * w
    kernels.filterTransform(
      pairs: basis.points.count, rowTaps: parts.y.taps, columnTaps: parts.x.taps, rowPoints: parts.y.points,
      columnPoints: parts.x.points,
      coefficients: coefficients.pointer, scratch: scratch, count: w, source: last, step: w,
      rowStride: -parts.x.taps * w * w, columnStride: -w * w, destination: points, offsets: offsets,
      streams: streamsFilter)
  }
}

/// A transformed filter whose phases follow each other along the rows: at each point `columnPanels` panels, each with
/// the rows of all slots.
struct FilterLayout {
  let phased: PointLayout
  /// The offset of each point.
  let bases: [Int]
  let count: Int

  init(phased: PointLayout, columnPanels: Int, apart: Bool) {
    self.phased = phased
    var (bases, offset) = ([Int](), 0)
    for slots in phased.slots {
      bases.append(offset)
      offset += PointLayout.distance(slots * phased.panels * phased.panelStride * columnPanels, apart)
    }
    (self.bases, count) = (bases, offset)
  }

  /// Rows of a panel times W.
  func panelStride(point: Int) -> Int { phased.slots[point] * phased.panels * phased.panelStride }

  /// For each point the offset of a phase's first row in panel `column`.
  func offsets(phase: Int, column: Int) -> [Int] {
    bases.indices.map { point in
      bases[point] + column * panelStride(point: point) + phased.phaseOffsets[phase][point] - phased.bases[point]
    }
  }
}
