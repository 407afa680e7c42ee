import Dispatch
import Generation

/// Computes one batch of pictures while the one before is being compressed and written.
final class Pipeline: @unchecked Sendable {
  private let model: GeneratorModel
  private let queue = DispatchQueue(label: "catgen.compute")
  private let computed = DispatchSemaphore(value: 0)
  // Touched by the compute queue between a start and its signal, by the caller otherwise.
  private var failure: (any Error)?
  private let buffers: [UnsafeMutablePointer<UInt8>]

  init(_ model: GeneratorModel) {
    self.model = model
    buffers = (0..<2).map { _ in .allocate(capacity: model.batchSize * model.bytesPerPicture) }
  }

  deinit { buffers.forEach { $0.deallocate() } }

  /// Calls `body` with each batch in order: which pictures, and their bytes, valid during the call.
  func run(
    count: Int, latent: @escaping @Sendable (Int) -> [Float],
    body: (Range<Int>, UnsafePointer<UInt8>) throws -> Void
  ) throws {
    let size = model.batchSize
    let ranges = stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
    start(ranges[0], 0, latent)
    for (index, range) in ranges.enumerated() {
      computed.wait()
      if let failure { throw failure }
      let hasNext = index + 1 < ranges.count
      if hasNext { start(ranges[index + 1], (index + 1) % 2, latent) }
      do {
        try body(range, buffers[index % 2])
      } catch {
        // The buffers must outlive the batch that is under way.
        if hasNext { computed.wait() }
        throw error
      }
    }
  }

  private func start(_ range: Range<Int>, _ slot: Int, _ latent: @escaping @Sendable (Int) -> [Float]) {
    queue.async {
      do {
        try self.model.render(range.map(latent), into: self.buffers[slot])
      } catch {
        self.failure = error
      }
      self.computed.signal()
    }
  }
}
