import Foundation
import Generation
import Storage
import Testing

/// Generators under the prefixes that wrappers and containers give them.
@Suite struct GeneratorChoiceTests {
  /// The generator of Fixtures/generators/bare4.safetensors under each prefix, in memory; what is named in `without` is
  /// left out.
  private func description(
    _ prefixes: [String], without absent: [String] = [], averaged: Bool? = nil
  ) throws -> CheckpointDescription {
    let generator = try SafeTensors(path: Fixtures.path("generators/bare4.safetensors"))
    var header: [String] = []
    var data: [UInt8] = []
    for prefix in prefixes {
      for name in generator.names where !absent.contains(prefix + name) {
        let bytes = try generator.withBytes(name) { Array($0) }
        header.append(
          "\"\(prefix)\(name)\":{\"dtype\":\"F32\",\"shape\":\(generator.shape(of: name)!),"
            + "\"data_offsets\":[\(data.count),\(data.count + bytes.count)]}")
        data += bytes
      }
    }
    let text = Array("{\(header.joined(separator: ","))}".utf8)
    let length = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) }
    return try (length + text + data).withUnsafeBytes {
      try CheckpointDescription(SafeTensors(bytes: $0, path: "test"), averaged: averaged)
    }
  }

  @Test(
    arguments: [
      "", "module.", "_orig_mod.", "netG.", "G.", "generator.", "_orig_mod.module.", "module.generator.", "a.b.c.d.",
    ])
  func anyPrefix(prefix: String) throws {
    let found = try description([prefix])
    #expect(found.prefix == prefix && !found.hasAverage)
    #expect(throws: CheckpointError.self) { try description([prefix], averaged: true) }
  }

  @Test(arguments: ["generator_ema.", "netG_ema.", "ema.G.", "module.EMA.", "_orig_mod.generator_ema.module."])
  func averages(prefix: String) throws {
    for plain in ["module.", "generator.", ""] {
      #expect(try description([plain, prefix]).prefix == prefix)
      #expect(try description([plain, prefix], averaged: true).prefix == prefix)
      #expect(try description([plain, prefix], averaged: false).prefix == plain)
    }
    #expect(throws: CheckpointError.self) { try description([prefix], averaged: false) }
  }

  /// cattrain's own names go first; of others, a whole one before parts; two whole ones are refused by their names.
  @Test func several() throws {
    #expect(try description(["module.", "generator."]).prefix == "generator.")
    #expect(try description(["a.", "netG."], without: ["a.logits.bias"]).prefix == "netG.")
    #expect(
      try description(["optimizer.", "netG."], without: ["optimizer.batch_trans_conv1.running_mean"]).prefix == "netG.")
    for (prefixes, says) in [(["module.", "netG."], "'netG.', 'module.'"), (["", "G."], "without a prefix, 'G.'")] {
      let error = #expect(throws: CheckpointError.self) { try description(prefixes) }
      #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
    }
    let error = #expect(throws: CheckpointError.self) { try description(["module."], without: ["module.logits.bias"]) }
    #expect(error?.description.contains("has no tensor module.logits.bias") == true)
    // What is averaged is never replaced by what is not.
    #expect(throws: CheckpointError.self) { try description(["G.", "G_ema."], without: ["G_ema.logits.bias"]) }
  }
}
