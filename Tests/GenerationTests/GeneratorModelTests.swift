import Foundation
import Generation
import Kernels
import Networks
import Storage
import Testing

private func model(_ name: String, batchSize: Int, context: Context) throws -> GeneratorModel {
  let file = try SafeTensors(path: Fixtures.path("generators/\(name).safetensors"))
  return try GeneratorModel(file, CheckpointDescription(file), batchSize: batchSize, context: context)
}

private func latents(_ seeds: [UInt64]) -> [[Float]] {
  seeds.map { Latent.vector(seed: $0, dimension: 6, distribution: .uniform) }
}

/// Peaks in bytes of `catgen --format raw` on x86-64 with two threads, as the system counted them.
@Test(
  arguments: [
    (.dcgan64, 1, 41e6), (.dcgan64, 16, 59e6), (.dcgan64, 64, 108e6), (.cats64, 1, 140e6), (.cats64, 16, 158e6),
    (.cats64, 64, 260e6), (.cats128, 1, 160e6), (.cats128, 16, 279e6), (.cats128, 64, 635e6),
  ] as [(Preset, Int, Double)])
func memoryIsEstimated(preset: Preset, batch: Int, peak: Double) throws {
  let bytes = Double(GeneratorModel.bytesNeeded(try preset.networks().generator, batchSize: batch))
  // From above: PNG files take some more.
  #expect(bytes > peak && bytes < 1.3 * peak + 24e6, "\(bytes)")
}

/// Expected bytes: PyTorch in double precision, Fixtures/generators/make_generators.py.
@Test(arguments: ["bare4", "bare5"])
func aGeneratorFromPyTorchGivesItsPictures(name: String) throws {
  let expected = Array(try Data(contentsOf: URL(filePath: Fixtures.path("generators/\(name).rgb"))))
  for set in InstructionSet.available {
    let context = Context(threads: 2, instructionSet: set)
    let found = try model(name, batchSize: 2, context: context).pictures(latents([0, 5])).flatMap(\.pixels)
    #expect(found.count == expected.count)
    let differences = zip(found, expected).map { abs(Int($0) - Int($1)) }
    #expect(differences.max() == 0 || differences.max() == 1)
    // A flat picture would compare well with anything.
    #expect(Set(expected).count > 100)
  }
}

@Test(arguments: ["bare4", "bare5"])
func aPictureDoesNotDependOnItsCompany(name: String) throws {
  let seeds: [UInt64] = Array(0..<11)
  for set in InstructionSet.available {
    let alone = try seeds.flatMap {
      try model(name, batchSize: 1, context: Context(threads: 1, instructionSet: set)).pictures(latents([$0]))
    }
    for (batchSize, threads) in [(2, 1), (3, 2), (11, 3), (16, 2)] {
      let context = Context(threads: threads, instructionSet: set)
      let together = try model(name, batchSize: batchSize, context: context).pictures(latents(seeds))
      #expect(together == alone, "batches of \(batchSize) on \(threads) threads, \(set)")
    }
  }
}

@Test func theNetworkIsReadFromTheShapes() throws {
  let file = try SafeTensors(path: Fixtures.path("generators/bare4.safetensors"))
  let description = try CheckpointDescription(file)
  let network = description.generator
  #expect(network.pictureSize == "64x64" && network.width == 5 && network.input == Shape(n: 1, h: 1, w: 1, c: 6))
  #expect(network.stages.map(\.output.c) == [16, 8, 8, 8, 8, 6, 6, 5, 5, 3])
  #expect(network.line(2) == "trans_conv1: transposedConvolution 4x4 stride 2 without bias, 4x4x16 -> 8x8x8")
  #expect(network.parameters.contains { $0.name == "logits.bias" } && network.layers[2].name == "trans_conv1")
  #expect(!network.parameters.contains { $0.name == "trans_conv1.bias" }, "the file has none")
  #expect(description.prefix.isEmpty && !description.hasAverage && description.distribution == nil)
  #expect(throws: CheckpointError.self) { try CheckpointDescription(file, averaged: true) }
}

#if os(Linux)
  /// A model's file takes no memory any more once its weights are where they are used: the system's own account of the
  /// mapping says so.
  @Test func weightsAreInMemoryOnce() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let path = folder("catgan-mapped-\(UUID().uuidString).safetensors")
    try FileManager.default.copyItem(atPath: Fixtures.path("cats64.safetensors"), toPath: path)
    func residentKilobytes() throws -> Int {
      // Such files say that they are empty, so they are read to their end.
      let handle = try #require(FileHandle(forReadingAtPath: "/proc/self/smaps"))
      let lines = try String(decoding: handle.readToEnd() ?? Data(), as: UTF8.self).split(separator: "\n")
      let start = try #require(lines.firstIndex { $0.hasSuffix(path.split(separator: "/").last!) })
      let line = try #require(lines[start...].first { $0.hasPrefix("Rss:") })
      return try #require(Int(line.split(separator: " ")[1]))
    }
    let file = try SafeTensors(path: path)
    let digest = file.digest()
    #expect(try residentKilobytes() > file.byteCount / 2048, "the digest reads all of it")
    let model = try GeneratorModel(file, CheckpointDescription(file), batchSize: 1, context: Context(threads: 1))
    #expect(try residentKilobytes() < 1_000)
    #expect(file.digest() == digest)
    withExtendedLifetime((file, model)) {}
  }
#endif
