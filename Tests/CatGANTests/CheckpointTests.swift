import Foundation
import Generation
import Kernels
import Layers
import Storage
import Testing

@testable import CatGAN

@Suite struct CheckpointTests {
  /// A file of its own, gone after the test.
  final class Place {
    private let folder = try! TemporaryFolder()
    var path: String { folder("checkpoint.safetensors") }
  }

  @Test(arguments: [false, true]) func goesOnAsIfItHadNeverStopped(dropout: Bool) throws {
    let place = Place()
    let networks = dropout ? try SmallTraining.withDropout() : SmallTraining.networks
    let straight = SmallTraining(seed: 5, networks: networks)
    straight.train(3)
    try straight.save(place.path)
    straight.train(4)

    // Everything differs in the one that goes on until it loads.
    let resumed = SmallTraining(seed: 6, networks: networks)
    resumed.train(1)
    let state = try resumed.load(place.path)
    #expect(state.step == 3 && state.rateScale == 1 / 3 && state.seed == .max && state.data == "drawn, \"quoted\"")
    #expect(try resumed.bytes() == fileBytes(place.path))
    resumed.train(4)
    #expect(try resumed.bytes() == straight.bytes())
    #expect(resumed.trainer.steps == 7)
  }

  @Test(arguments: [2, 3, 8]) func sameBytesForAnyNumberOfThreads(threads: Int) throws {
    let one = SmallTraining(seed: 5)
    let many = SmallTraining(seed: 5, threads: threads)
    one.train(3)
    many.train(3)
    #expect(try one.bytes() == many.bytes())
  }

  /// Damage anywhere in the file: refused, and nothing taken over. What can pass is a change of a metadata text that
  /// stays meaningful; the tensors are then the same.
  @Test func damageIsRefusedAndNothingHalfAccepted() throws {
    let place = Place()
    let saved = SmallTraining(seed: 5)
    saved.train(1)
    let sound = try saved.bytes()
    let headerEnd = 8 + sound[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    let target = SmallTraining(seed: 6)
    let before = try target.bytes()
    // All of the header is much; a stride without common factors meets every kind of place in it, and in the data.
    let places =
      Array(stride(from: 0, to: headerEnd, by: 61)) + Array(stride(from: headerEnd, to: sound.count, by: 997))
    var refused = 0
    for i in places {
      var bytes = sound
      bytes[i] ^= 0x15
      try Data(bytes).write(to: URL(filePath: place.path))
      do {
        _ = try target.load(place.path)
        #expect(i < headerEnd, "byte \(i)")
        // Take the old state back for the next try.
        try Data(before).write(to: URL(filePath: place.path))
        _ = try target.load(place.path)
      } catch {
        refused += 1
        #expect(error is StorageError, "byte \(i): \(error)")
        if refused % 20 == 0 { #expect(try target.bytes() == before, "byte \(i)") }
      }
    }
    #expect(refused > places.count * 3 / 4)
    #expect(try target.bytes() == before)
  }

  /// Files of versions that counted the epoch's steps and not its pictures: so many batches had been shown.
  @Test func filesThatCountSteps() throws {
    let folder = try TemporaryFolder()
    var options = SmallRun.options(epochs: 1)
    options.steps = 1
    _ = try SmallRun(options: options).begin(in: folder.path + "/runs")
    let path = try #require(SmallRun.checkpoints(folder.path + "/runs/00000-\(options.runName)").last)
    let file = try SafeTensors(path: path)
    var metadata = file.metadata
    #expect(metadata.removeValue(forKey: "catgan.picture_in_epoch") == "2")
    // Such versions had no counters either.
    let names = file.names.filter { !$0.hasSuffix("num_batches_tracked") }
    let sources = try names.map { TensorSource($0, floats: try file.floats($0), shape: file.shape(of: $0)!) }
    try SafeTensors.write(sources, metadata: metadata, to: path, overwrite: true)
    let model = GANModel(options, data: SmallRun.dataset.summary, version: "test", context: Context(threads: 1))
    #expect(try model.load(path).pictureInEpoch == 2)
    model.earlierBatchSize = 3
    #expect(try model.load(path).pictureInEpoch == 3)
  }

  @Test func whatDoesNotFitIsNamed() throws {
    let place = Place()
    let training = SmallTraining(seed: 5)
    func expect(_ says: String, _ call: () throws -> Void) {
      let error = #expect(throws: StorageError.self) { try call() }
      #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
    }
    try training.save(place.path)
    expect("generator_ema.") { try Checkpoint.load(place.path, into: training.trainer) }
    try Checkpoint.save(training.trainer, state: training.state, to: place.path, overwrite: true)
    expect("lacks the tensor 'generator_ema.dense.weight'") { _ = try training.load(place.path) }
    let wider = try GANDescription.cats("tiny", imageSize: 16, width: 2, zDimension: 3)
    let other = GANTrainer(wider, seed: 1, execution: training.trainer.execution)
    expect("layer 1 is dense: dense, 1x1x3 -> 1x1x16, not dense: dense, 1x1x3 -> 1x1x32") {
      try Checkpoint.load(place.path, into: other)
    }

    let parameter = training.trainer.generator.store["batch_trans_conv2.running_var"]!
    parameter.setFileValues([Float](repeating: -1, count: parameter.count))
    try training.save(place.path)
    expect("a variance is never negative") { _ = try training.load(place.path) }
    parameter.setFileValues([Float](repeating: .nan, count: parameter.count))
    try training.save(place.path)
    expect("not a finite number") { _ = try training.load(place.path) }

    let spectral = try GANDescription.cats(
      "tiny", imageSize: 16, width: 1, zDimension: 3, discriminatorNorm: .spectral)
    let normed = GANTrainer(spectral, seed: 1, execution: training.trainer.execution)
    try training.save(place.path)
    expect("not conv1: convolution 5x5 stride 2 spectral") { try Checkpoint.load(place.path, into: normed) }
    try Checkpoint.save(normed, state: training.state, to: place.path, overwrite: true)
    try Checkpoint.load(place.path, into: normed)
    let u = normed.discriminator.store["conv3.weight_u"]!
    u.setFileValues(u.fileValues().map { 2 * $0 })
    try Checkpoint.save(normed, state: training.state, to: place.path, overwrite: true)
    expect("a singular vector's is 1") { try Checkpoint.load(place.path, into: normed) }
  }

  /// The digest of other pictures and the discriminator that saw them are left out.
  @Test func downsampledExport() throws {
    let (place, smaller) = (Place(), Place())
    let training = SmallTraining(seed: 5)
    training.train(1)
    try training.save(place.path)
    try Checkpoint.exportGenerator(
      of: place.path, downsample: true, half: false, note: "", to: smaller.path, overwrite: false)
    let (whole, export) = (try SafeTensors(path: place.path), try SafeTensors(path: smaller.path))
    #expect(try CheckpointDescription(export).generator.pictureSize == "8x8")
    #expect(whole.metadata["catgan.data_digest"] == training.state.dataDigest)
    #expect(export.metadata["catgan.data_digest"] == nil)
    #expect(export.metadata["catgan.seed"] == whole.metadata["catgan.seed"])
    #expect(throws: (any Error).self, "it would have a discriminator") { try Checkpoint.networks(of: export) }

    // A tanh would make a picture of what is infinite.
    let names = export.names.filter { !$0.hasSuffix("num_batches_tracked") }
    let sources = try names.map { name in
      var values = try export.floats(name)
      if name == "generator.logits.weight" { values = [Float](repeating: 3e38, count: 75) }
      if name.contains("batch"), name.hasSuffix(".weight") { values = values.map { 1000 * $0 } }
      return TensorSource(name, floats: values, shape: export.shape(of: name)!)
    }
    let metadata = ["catgan.config": export.metadata["catgan.config"]!]
    try SafeTensors.write(sources, metadata: metadata, to: place.path, overwrite: true)
    let file = try SafeTensors(path: place.path)
    let model = try GeneratorModel(
      file, CheckpointDescription(file), batchSize: 1, context: Context(threads: 1))
    let latents = (0..<16).map { Latent.vector(seed: $0, dimension: 3, distribution: .uniform) }
    let error = #expect(throws: CheckpointError.self) { try model.pictures(latents) }
    #expect(error?.description.contains("not finite numbers") == true)
  }

  @Test func halfPrecisionExport() throws {
    let place = Place()
    let training = SmallTraining(seed: 5)
    training.train(1)
    try Checkpoint.exportGenerator(
      training.average.store, networks: SmallTraining.networks, state: training.state, half: true,
      to: place.path, overwrite: false)
    let other = SmallTraining(seed: 9)
    try Checkpoint.loadGenerator(SafeTensors(path: place.path), into: other.average.store)
    for (mine, theirs) in zip(training.average.store.parameters, other.average.store.parameters) {
      #expect(theirs.value.array == mine.value.array.map { Float(Float16($0)) }, "\(mine.name)")
    }
    training.average.store.parameters[0].setFileValues(
      [Float](repeating: 1e6, count: training.average.store.parameters[0].count))
    let old = fileBytes(place.path)
    let error = #expect(throws: StorageError.self) {
      try Checkpoint.exportGenerator(
        training.average.store, networks: SmallTraining.networks, state: training.state, half: true,
        to: place.path, overwrite: true)
    }
    #expect(error?.description.contains("F16 cannot hold") == true)
    #expect(fileBytes(place.path) == old)
  }
}

/// Against PyTorch: Fixtures/storage/make_generator.py made the files.
@Suite struct CheckpointPyTorchTests {
  @Test func theSamePictureFromTheSameLatents() throws {
    let networks = try GANDescription.cats("small", imageSize: 32, width: 2, zDimension: 4)
    let generator = Generator(networks, execution: Execution(context: Context(threads: 1)))
    let file = try SafeTensors(path: Fixtures.path("storage/generator.safetensors"))
    try Checkpoint.loadGenerator(file, into: generator.store)

    // What we save is what PyTorch made, bit for bit, so PyTorch draws the same pictures from it.
    let place = CheckpointTests.Place()
    try Checkpoint.exportGenerator(
      generator.store, networks: networks, state: CheckpointState(), to: place.path, overwrite: false)
    let ours = try SafeTensors(path: place.path)
    // Counters are in state dictionaries of PyTorch, but not among what this file's script drew.
    let counters = (1...4).map { "generator.batch_trans_conv\($0).num_batches_tracked" }
    #expect(ours.names.sorted() == (file.names + counters).sorted())
    for name in file.names {
      #expect(ours.shape(of: name) == file.shape(of: name))
      #expect(try ours.withBytes(name) { Array($0) } == file.withBytes(name) { Array($0) }, "\(name)")
    }

    let expected = try SafeTensors(path: Fixtures.path("storage/pictures.safetensors"))
    let z = try expected.floats("z", shape: [3, 4])
    let planar = try expected.floats("pictures", shape: [3, 3, 32, 32])
    let latents = Tensor(generator.latentShape(3))
    for i in z.indices { latents.pointer[i] = z[i] }
    let pictures = generator.pictures(latents)
    func byte(_ value: Float) -> Int { Int(((value + 1) * 127.5).rounded()) }
    var largest = 0
    for n in 0..<3 {
      for c in 0..<3 {
        for p in 0..<1024 {
          let difference = byte(pictures.pointer[(n * 1024 + p) * 3 + c]) - byte(planar[(n * 3 + c) * 1024 + p])
          largest = max(largest, abs(difference))
        }
      }
    }
    #expect(largest <= 1)
  }

  /// What `catgen` refuses to sample is not exported either.
  @Test func generatorsWithoutFinitePicturesAreNotExported() throws {
    for (values, says) in [
      (["batch_trans_conv2.running_var": Float(-1)], "a variance is never negative"),
      (["batch_trans_conv2.weight": 1000, "logits.weight": 3e38], "makes values that are not finite numbers"),
    ] {
      let (place, made) = (CheckpointTests.Place(), CheckpointTests.Place())
      let training = SmallTraining(seed: 5)
      training.train(1)
      for (name, value) in values {
        let parameter = training.trainer.generator.store[name]!
        parameter.setFileValues([Float](repeating: value, count: parameter.count))
      }
      try Checkpoint.exportGenerator(
        training.trainer.generator.store, networks: training.trainer.networks, state: training.state, to: place.path,
        overwrite: false)
      func refused(_ call: () throws -> Void) {
        let error = #expect(throws: (any Error).self) { try call() }
        #expect(error.map { "\($0)".contains(says) } == true, "\(error.map { "\($0)" } ?? "")")
        #expect(!FileManager.default.fileExists(atPath: made.path))
      }
      refused {
        try Checkpoint.exportGenerator(of: place.path, half: false, note: "", to: made.path, overwrite: false)
      }
      refused {
        try Checkpoint.exportONNX(of: place.path, options: ONNXOptions(), note: "", to: made.path, overwrite: false)
      }
    }
  }

  /// The bytes are of Fixtures/generators/make_generators.py, in double precision.
  @Test func downsampledPictures() throws {
    let place = CheckpointTests.Place()
    let source = Fixtures.path("generators/bare5.safetensors")
    try Checkpoint.exportGenerator(
      of: source, downsample: true, half: false, note: "", to: place.path, overwrite: false)
    let (file, whole) = (try SafeTensors(path: place.path), Array(fileBytes(Fixtures.path("generators/bare5.rgb"))))
    let description = try CheckpointDescription(file)
    let size = 64
    #expect(whole.count == 2 * size * size * 3 && description.generator.pictureSize == "32x32")
    // Beyond the edge is what is at the edge.
    func pixel(_ n: Int, _ y: Int, _ x: Int, _ c: Int) -> Double {
      let (y, x) = (min(max(y, 0), size - 1), min(max(x, 0), size - 1))
      return Double(whole[((n * size + y) * size + x) * 3 + c])
    }
    let taps = [0.125, 0.375, 0.375, 0.125]
    let z = [UInt64(0), 5].map { Latent.vector(seed: $0, dimension: 6, distribution: .uniform) }
    for set in InstructionSet.available {
      let model = try GeneratorModel(
        file, description, batchSize: 2, context: Context(threads: 2, instructionSet: set))
      let found = try model.pictures(z).flatMap(\.pixels)
      for (index, byte) in found.enumerated() {
        let (n, y, x, c) = (index / (32 * 32 * 3), index / (32 * 3) % 32, index / 3 % 32, index % 3)
        let expected = (0..<16).reduce(0.0) { sum, tap in
          sum + taps[tap / 4] * taps[tap % 4] * pixel(n, 2 * y - 1 + tap / 4, 2 * x - 1 + tap % 4, c)
        }
        // What is compared with has been rounded before it was averaged, and the byte after.
        #expect(abs(Double(byte) - expected) <= 1.001)
      }
    }
  }
}
