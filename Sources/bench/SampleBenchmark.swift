import CatGAN
import Kernels
import Layers

/// `sample`: latent vectors to pictures in memory, without files.
extension Session {
  func measureSampling() {
    for context in places {
      for count in options.images {
        let name = "sample/\(options.preset.rawValue)/w\(options.width)/n\(count)/\(Session.place(context))"
        guard options.wants(name) else { continue }
        let peak = peak(context)
        let isOwnMemory = Machine.resetPeakMemory()
        let generator = Generator(options.configuration, execution: Execution(context: context))
        var random = RandomGenerator(seed: 1)
        generator.store.initialize(&random)
        let latents = Tensor(generator.latentShape(count))
        generator.drawLatents(latents, &random)
        var row = measure(name, context) { _ in _ = generator.pictures(latents) }
        let shapes = StepShapes(imageSize: options.preset.imageSize, width: options.width, batch: count)
        row.setWork(flops: shapes.sampleFlops, peak: peak)
        row.setImages(count)
        row.counters[.peakMemory] = Machine.peakMemory().map(Double.init)
        if !isOwnMemory { row.notes.append("peak memory of the whole run") }
        row.notes.append("GFLOP/s direct-equivalent")
        add(row)
      }
    }
  }
}
