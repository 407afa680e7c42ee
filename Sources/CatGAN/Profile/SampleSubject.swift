import Generation
import Layers
import Storage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Sampling ready to run: a generator of initial weights, as `catgen` has it, and latent vectors.
package final class SampleSubject {
  private let model: GeneratorModel
  private let latents: [[Float]]
  private let bytes: UnsafeMutablePointer<UInt8>

  /// - Parameter count: pictures that `sample` makes.
  /// - Throws: `StorageError` where the temporary file that the generator comes from cannot be written.
  package init(_ networks: GANDescription, count: Int, context: Context) throws {
    let process = ProcessInfo.processInfo
    let path = "\(process.environment["TMPDIR"] ?? "/tmp")/catgan-\(process.processIdentifier).safetensors"
    defer { try? Disk().remove(path) }
    do {
      let generator = Generator(networks, execution: Execution(context: context))
      var random = RandomGenerator(seed: 1)
      generator.store.initialize(&random)
      try Checkpoint.exportGenerator(
        generator.store, networks: networks, state: CheckpointState(), to: path, overwrite: true)
    }
    let file = try SafeTensors(path: path)
    let description = try CheckpointDescription(file)
    model = try GeneratorModel(
      file, description, batchSize: GeneratorModel.batchSize(for: count, description.generator), context: context)
    latents = (0..<count).map {
      Latent.vector(seed: UInt64($0), dimension: networks.zDimension, distribution: .uniform)
    }
    bytes = .allocate(capacity: model.batchSize * model.bytesPerPicture)
  }

  deinit { bytes.deallocate() }

  /// The pictures as bytes, batch by batch, each over the one before.
  package func sample() throws {
    for start in stride(from: 0, to: latents.count, by: model.batchSize) {
      try model.render(latents[start..<min(start + model.batchSize, latents.count)], into: bytes)
    }
  }
}
