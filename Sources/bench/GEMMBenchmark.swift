import Kernels

/// `gemm`: plain matrix products C [m, n] = A [m, k] B [k, n], run as 1x1 convolutions of m pictures of one pixel, which
/// is how dense layers run. B is in panels beforehand; A and C are converted on the way, as in every layer.
extension Session {
  private static let products: [(m: Int, n: Int, k: Int)] = [
    (256, 256, 256), (512, 512, 512), (1024, 1024, 1024), (2048, 2048, 2048),
    // Few rows, as for a batch of latent vectors; many rows, as for the pixels of a batch.
    (16, 65536, 100), (16384, 128, 1600), (4096, 256, 3200),
  ]

  func measureGEMM() {
    for context in places {
      for (m, n, k) in Session.products {
        let name = "gemm/m\(m)n\(n)k\(k)/\(Session.place(context))"
        guard options.wants(name) else { continue }
        let shape = ConvShape.same(
          batch: m, height: 1, width: 1, inputChannels: k, outputChannels: n, kernel: 1, stride: 1)
        var row = measureConvolution(name, shape, .forward, .direct, context, filterChanges: false)
        row.setWork(flops: shape.flops, bytes: 4 * Double(m * k + k * n + m * n))
        add(row)
      }
    }
  }
}
