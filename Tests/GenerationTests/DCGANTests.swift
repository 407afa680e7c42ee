import Foundation
import Generation
import Kernels
import Storage
import Testing

/// The generator of PyTorch's DCGAN example, as `state_dict()` names it: Fixtures/generators/make_dcgan.py.
@Suite struct DCGANTests {
  /// The fixture with another text in its header; texts and lengths of tensors stay.
  private func withFile<Result>(
    _ change: (String) -> String = { $0 }, _ body: (SafeTensors) throws -> Result
  ) throws -> Result {
    let bytes = try Data(contentsOf: URL(filePath: Fixtures.path("generators/dcgan.safetensors")))
    let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = Data(change(String(decoding: bytes.dropFirst(8).prefix(length), as: UTF8.self)).utf8)
    let size = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) }
    return try (size + header + bytes.dropFirst(8 + length)).withUnsafeBytes {
      try body(SafeTensors(bytes: $0, path: "test"))
    }
  }

  /// Expected bytes: PyTorch in double precision; rounding to bytes may differ by one.
  @Test(arguments: InstructionSet.available) func itsPicturesAreThoseOfPyTorch(set: InstructionSet) throws {
    let expected = Array(try Data(contentsOf: URL(filePath: Fixtures.path("generators/dcgan.rgb"))))
    // A flat picture would compare well with anything.
    #expect(Set(expected).count > 200)
    for (batchSize, threads) in [(1, 1), (2, 2)] {
      let found = try withFile { file in
        let description = try CheckpointDescription(file)
        #expect(description.distribution == .normal)
        let model = try GeneratorModel(
          file, description, batchSize: batchSize, context: Context(threads: threads, instructionSet: set))
        return try model.pictures([0, 5].map { Latent.vector(seed: $0, dimension: 12, distribution: .normal) })
      }.flatMap(\.pixels)
      #expect(found.count == expected.count)
      #expect(zip(found, expected).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
    }
  }

  @Test(arguments: ["", "netG.", "module.", "netG.module.", "generator."]) func anyPrefix(prefix: String) throws {
    try withFile({ $0.replacing("\"main.", with: "\"\(prefix)main.") }) { file in
      let description = try CheckpointDescription(file)
      #expect(description.prefix == prefix && description.generator.pictureSize == "64x64")
      let shapes = description.generator.stages.filter(\.isTransposed).map(\.output.perPicture)
      #expect(shapes == ["4x4x32", "8x8x16", "16x16x8", "32x32x4", "64x64x3"])
      #expect(
        description.generator.line(0)
          == "main.0: transposedConvolution 4x4 stride 1 padding 0 without bias, 1x1x12 -> 4x4x32")
    }
  }

  @Test func filesThatHoldNoGenerator() throws {
    let changes: [(says: String, from: String, to: String)] = [
      ("main.4.running_var", "\"main.4.running_var\"", "\"main.4.running\""),
      ("main.6.weight of shape [16, 8, 2, 8]", "[16,8,4,4]", "[16,8,2,8]"),
      ("main.3.weight of shape [16, 32, 4, 4]", "[32,16,4,4]", "[16,32,4,4]"),
      ("not in 0...199", "\"main.12.weight\"", "\"main.9223372036854775807.weight\""),
      ("pictures with 3 channels", "\"main.12.weight\"", "\"other.12.weight\""),
      ("main.0.weight", "\"main.0.weight\"", "\"other.0.weight\""),
    ]
    for (says, from, to) in changes {
      let error = #expect(throws: CheckpointError.self) {
        try withFile({ text in
          let changed = text.replacing(from, with: to)
          #expect(changed != text, "\(from)")
          return changed
        }) { try CheckpointDescription($0) }
      }
      #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
    }
  }
}
