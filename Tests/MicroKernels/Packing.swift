import MicroKernels8

/// Channels of a few panels: fewer than one holds, one, four at a time and others, a partial one behind.
private let channelCounts = [1, width - 1, width, width + 3, 4 * width, 5 * width + 1]

func packPanels(_ check: inout Check) {
  for count in [1, 2, 5] {
    for channels in channelCounts {
      for gap in [0, 5] {
        check.begin()
        let panels = (channels + width - 1) / width
        let (step, panelStride) = (channels + gap, count * width + gap)
        let source = check.operand((count - 1) * step + channels, .reals)
        let length = (panels - 1) * panelStride + count * width
        let destination = check.blank(length)
        var wanted = [Reference](repeating: .unchanged(.nan), count: length)
        for i in 0..<count {
          for c in 0..<panels * width {
            wanted[c / width * panelStride + i * width + c % width] =
              .unchanged(c < channels ? source[i * step + c] : 0)
          }
        }
        VectorKernels.packPanels(
          count, source: source, step: step, channels: channels, panels: destination, panelStride: panelStride)
        check.compare(destination, wanted, roundings: 0)
      }
    }
  }
}

func scatterPanels(_ check: inout Check) {
  for count in [1, 2, 5] {
    for channels in channelCounts {
      for gap in [0, 5] {
        check.begin()
        let panels = (channels + width - 1) / width
        let (step, panelStride) = (channels + gap, count * width + gap)
        let source = check.operand((panels - 1) * panelStride + count * width, .reals)
        let length = (count - 1) * step + channels
        let destination = check.blank(length)
        var wanted = [Reference](repeating: .unchanged(.nan), count: length)
        for i in 0..<count {
          for c in 0..<channels {
            wanted[i * step + c] = .unchanged(source[c / width * panelStride + i * width + c % width])
          }
        }
        VectorKernels.scatterPanels(
          count, panels: source, panelStride: panelStride, channels: channels, destination: destination, step: step)
        check.compare(destination, wanted, roundings: 0)
      }
    }
  }
}

func transposePanel(_ check: inout Check) {
  for rows in [1, 3, width - 1, width, width + 5] {
    for lanes in [1, 2, width - 1, width] {
      for gap in [0, 3] {
        check.begin()
        let laneStride = rows + gap
        let source = check.operand((lanes - 1) * laneStride + rows, .reals)
        let destination = check.blank(rows * width)
        let wanted = (0..<rows * width).map { i in
          Reference.unchanged(i % width < lanes ? source[i % width * laneStride + i / width] : 0)
        }
        VectorKernels.transposePanel(
          rows: rows, lanes: lanes, source: source, laneStride: laneStride, destination: destination)
        check.compare(destination, wanted, roundings: 0)
      }
    }
  }
}

func unpackPanel(_ check: inout Check) {
  for accumulate in [false, true] {
    for rows in [1, 3] {
      for channels in 1...width {
        for gap in [0, 3] {
          check.begin()
          let stride = channels + gap
          let panel = check.operand(rows * width, .reals)
          let length = (rows - 1) * stride + channels
          let destination = accumulate ? check.operand(length, .reals) : check.blank(length)
          var wanted = (0..<length).map { Reference.unchanged(destination[$0]) }
          for r in 0..<rows {
            for c in 0..<channels {
              let added = accumulate ? Double(destination[r * stride + c]) : 0
              wanted[r * stride + c] = .sum(added, Double(panel[r * width + c]))
            }
          }
          VectorKernels.unpackPanel(
            rows: rows, panel: panel, channels: channels, destination: destination, destinationStride: stride,
            accumulate: accumulate)
          check.compare(destination, wanted, roundings: accumulate ? 1 : 0)
        }
      }
    }
  }
}

func overlapAdd(_ check: inout Check) {
  for numbers in Numbers.allCases {
    for count in [1, 2, 7] {
      for step in [1, 3, width - 1, width, width + 3] {
        check.begin()
        let panel = check.operand(count * width, numbers)
        let length = (count - 1) * step + width
        let destination = check.operand(length, numbers)
        var wanted = (0..<length).map { Reference.unchanged(destination[$0]) }
        for i in wanted.indices { wanted[i].size = abs(wanted[i].value) }
        for i in 0..<count {
          for lane in 0..<width { wanted[i * step + lane].add(Double(panel[i * width + lane])) }
        }
        VectorKernels.overlapAdd(count, panel: panel, destination: destination, step: step)
        check.compare(destination, wanted, roundings: numbers == .integers ? 0 : count)
      }
    }
  }
}
