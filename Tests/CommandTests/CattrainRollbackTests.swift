import Foundation
import Storage
import Testing

/// What `--on-nan` does to a run whose checkpoint was tampered with so that the next step overflows.
@Suite struct CattrainRollbackTests {
  /// A run of five steps, one epoch, with its only checkpoint changed: each tensor named gets that value throughout.
  private func run(in place: Place, spoiled values: [String: Float]) throws -> (path: String, bytes: [UInt8]) {
    let pictures = try CattrainTests.pictures(10, in: place)
    let ended = try CattrainTests.cattrain.run([pictures, "--steps", "5"] + CattrainTests.small, in: place.path)
    #expect(ended.status == 0, "\(ended.error)")
    let path = try #require(CattrainTests.checkpoints(CattrainTests.run, in: place).last)
    let file = try SafeTensors(path: place(path))
    #expect(values.keys.allSatisfy(file.contains))
    let sources = try file.names.map { name in
      if name.hasSuffix("num_batches_tracked") {
        return TensorSource(name, integers: try file.integers(name, shape: []), shape: [])
      }
      let shape = file.shape(of: name)!
      let changed = values[name].map { [Float](repeating: $0, count: shape.reduce(1, *)) }
      return TensorSource(name, floats: try changed ?? file.floats(name), shape: shape)
    }
    try SafeTensors.write(sources, metadata: file.metadata, to: place(path), overwrite: true)
    return (path, try place.bytes(path))
  }

  private func resume(_ flags: String, in place: Place) throws -> Ended {
    try CattrainTests.cattrain.run(
      ["--resume", CattrainTests.run, "--on-nan"] + flags.split(separator: " ").map(String.init), in: place.path)
  }

  /// Moments that move a bias by more than a float holds at the full rate and at half of it, and by less at a quarter.
  @Test func halvedRatesHold() throws {
    let place = try Place()
    let moment = "optimizer.generator.exp_avg"
    _ = try run(in: place, spoiled: ["\(moment).logits.bias": 3e38, "\(moment)_sq.logits.bias": 1e-4])
    let ended = try resume("rollback --lr-g 1 --force --steps 6", in: place)
    #expect(ended.status == 0, "\(ended.error)")
    for part in [
      "values stopped being finite at step 6", "it began in generator.logits.bias",
      "rollback 1 of 3: on from step 5 with rates times 0.500",
      "rollback 2 of 3: on from step 5 with rates times 0.250", "finished at step 6, in epoch 2",
    ] { #expect(ended.text.contains(part), "\(part) is not in: \(ended.text)") }
    #expect(!ended.text.contains("rollback 3"), "\(ended.text)")
    let newest = try #require(CattrainTests.checkpoints(CattrainTests.run, in: place).last)
    #expect(try SafeTensors(path: place(newest)).metadata["catgan.rate_scale"] == "0.25")
  }

  /// Weights that no rate helps.
  @Test func givesUpAfterThree() throws {
    let place = try Place()
    let (path, bytes) = try run(in: place, spoiled: ["generator.trans_conv1.weight": 3e38])
    let stopped = try resume("stop --steps 8", in: place)
    #expect(stopped.status == 1)
    #expect(stopped.error.contains("cattrain --resume \(CattrainTests.run) --on-nan rollback"), "\(stopped.error)")
    let ended = try resume("rollback --steps 8", in: place)
    #expect(ended.status == 1)
    for (number, scale) in [(1, "0.500"), (2, "0.250"), (3, "0.125")] {
      let line = "rollback \(number) of 3: on from step 5 with rates times \(scale)\n"
      #expect(ended.text.components(separatedBy: line).count == 2, "\(ended.text)")
    }
    #expect(!ended.text.contains("rollback 4"))
    #expect(ended.error.split(separator: "\n").count == 1, "\(ended.error)")
    for part in [
      "at step 6 (loss D nan, G nan)", "it began in the output of generator.trans_conv1",
      "3 rollbacks did not help; the last good state is \(path)",
    ] { #expect(ended.error.contains(part), "\(part) is not in: \(ended.error)") }
    #expect(CattrainTests.checkpoints(CattrainTests.run, in: place) == [path])
    #expect(try place.bytes(path) == bytes)
  }
}
