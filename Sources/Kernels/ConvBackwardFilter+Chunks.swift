import MicroKernels

// The filter's gradient with a chunk of tiles to a task: points and sums are of one thread alone. Points are several times
// as large as what they are made of, and threads that share no cache would wait for each other's.

extension WinogradConvolution {
  /// Floats that this takes; nil where it is not done: with one thread, with too few chunks for the threads, and where the
  /// filter or all memory would be too large. Results are the same either way.
  static func chunkTaskFloats(_ s: ConvShape, threads: Int) -> Int? {
    let chunks = gradientChunks(s)
    guard threads > 1, s.filterCount <= 1 << 18, Context.keepsBusy(chunks.count, threads: threads) else { return nil }
    let (basis, phases) = phases(s)
    let (rows, points) = (chunks[0].count + 4, basis.size * basis.size)
    let inputChannels = ceilDivide(s.inputChannels, 16) * 16
    let outputChannels = ceilDivide(s.outputChannels, 16) * 16
    let tiles = outputTiles(s)
    let images = min(ceilDivide(chunks[0].count, tiles.rows * tiles.columns) + 1, s.batch)
    let perThread =
      phases.reduce(0) { $0 + $1.products } * inputChannels * rows + points * outputChannels * rows
      + points * min(inputChannels, 64) * min(outputChannels, 64) + images * max(s.inputCount, s.outputCount) / s.batch
    let floats = threads * perThread + chunks.count * s.filterCount
    return floats <= 1 << 26 ? floats : nil
  }

  /// Every chunk's gradient by itself, and these added up in order.
  func backwardFilter(
    _ chunks: [Range<Int>], _ inputs: TileWindows, _ input: MappedTensor, _ gradients: TileWindows,
    _ outputGradient: MappedTensor, filterGradient: UnsafeMutablePointer<Float>, accumulate: Bool
  ) {
    let rows = panelRows(chunks[0].count)
    let vLayout = phasedLayout(phases, panels: inputPanels, rows: rows)
    let mLayout = plainLayout(phases, panels: outputPanels, rows: rows)
    let most = panels(ofBlock: 64, 64)
    let blocks = blocks(most)
    let sumsLayout = plainLayout(phases, panels: most.output, rows: most.input * kernels.width, apart: true)
    let copied = chunks.map { max(inputs.copiedFloats(input, $0), gradients.copiedFloats(outputGradient, $0)) }.max()!
    // Whole cache lines each.
    let perWorker =
      transformScratch + vLayout.count + mLayout.count + sumsLayout.count + ceilDivide(copied, 16) * 16
    let perChunk = ceilDivide(shape.filterCount, 16) * 16
    let parts = context.scratch("winograd.large", chunks.count * perChunk + perWorker * context.threads)
    let workspace = parts + chunks.count * perChunk
    let space = transformSpace(panels: max(inputPanels, outputPanels))
    context.parallel(chunks.count) { chunk, worker in
      let scratch = workspace + worker * perWorker
      let v = scratch + transformScratch
      let m = v + vLayout.count
      let sums = m + mLayout.count
      // The input's copy is used up before the gradient's is made.
      let copy = sums + sumsLayout.count
      let (inputs, pixels) = inputs.read(input, chunks[chunk], into: copy, context)
      transformInput(chunks[chunk], inputs, source: pixels, points: (v, vLayout), on: (worker, space))
      let (gradients, gradient) = gradients.read(outputGradient, chunks[chunk], into: copy, context)
      transformOutputGradient(chunks[chunk], gradients, source: gradient, points: (m, mLayout), on: (worker, space))
      for block in blocks {
        sumTiles(
          block, depth: chunks[chunk].count, v: (UnsafePointer(v), vLayout), m: (UnsafePointer(m), mLayout),
          into: (sums, sumsLayout))
        inverseTransform(
          block, of: (UnsafePointer(sums), sumsLayout), scratch, into: parts + chunk * perChunk, .overwrites)
      }
    }
    context.parallelElements(shape.filterCount) { elements in
      let target = filterGradient + elements.lowerBound
      for chunk in chunks.indices {
        let part = parts + chunk * perChunk + elements.lowerBound
        if chunk == 0 && !accumulate {
          target.update(from: part, count: elements.count)
        } else {
          kernels.addScaled(part, target, elements.count, factor: 1)
        }
      }
    }
  }
}
