import CatGAN
import Generation
import Kernels
import Layers
import Networks
import Storage

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// `sample`: latent vectors to the bytes of pictures, without files, by the generator that catgen runs.
extension Session {
  func measureSampling() throws(BenchError) {
    do {
      for context in places {
        for count in options.images { try measureSampling(count, context) }
      }
    } catch {
      throw BenchError("sample: \(error)")
    }
  }

  private func measureSampling(_ count: Int, _ context: Context) throws {
    let name = "sample/\(options.preset.rawValue)/w\(options.width)/n\(count)/\(Session.place(context))"
    guard options.wants(name) else { return }
    var row = try measureMemory {
      let model = try Session.untrainedModel(options.networks, count, context)
      let latents = (0..<count).map {
        Latent.vector(seed: UInt64($0), dimension: options.networks.zDimension, distribution: .uniform)
      }
      let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: model.batchSize * model.bytesPerPicture)
      defer { bytes.deallocate() }
      return try measure(name, context) { _ in
        for start in stride(from: 0, to: count, by: model.batchSize) {
          try model.render(latents[start..<min(start + model.batchSize, count)], into: bytes)
        }
      }
    }
    row.setWork(flops: StepShapes(options.networks, batch: count).sampleFlops)
    row.setImages(count)
    row.notes.append("GFLOP/s direct-equivalent")
    add(row)
  }

  /// The generator as it comes from a file, which is taken away again; its weights are initial ones.
  private static func untrainedModel(
    _ networks: GANDescription, _ count: Int, _ context: Context
  ) throws -> GeneratorModel {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    let path = "\(folder)/catgan-bench-\(getpid()).safetensors"
    defer { unlink(path) }
    do {
      let generator = Generator(networks, execution: Execution(context: context))
      var random = RandomGenerator(seed: 1)
      generator.store.initialize(&random)
      try Checkpoint.exportGenerator(
        generator.store, networks: networks, state: CheckpointState(), to: path, overwrite: true)
    }
    let file = try SafeTensors(path: path)
    let description = try CheckpointDescription(file)
    return try GeneratorModel(
      file, description, batchSize: GeneratorModel.batchSize(for: count, description.generator), context: context)
  }
}
