import Storage
import Testing

@Suite struct SafeTensorsTests {
  static let weights: [Float] = [1, -2.5, 3.25, 0, 1e-8, -65504]

  static func sources() -> [TensorSource] {
    [
      TensorSource("weights", floats: weights, shape: [2, 3]),
      TensorSource("half", floats: [1, -0.5, 65504], shape: [3], half: true),
      TensorSource("state", integers: [1, .max, 1 << 63]),
      TensorSource("scalar", floats: [42], shape: []),
      TensorSource("nothing", floats: [], shape: [0, 7]),
    ]
  }

  @Test func readsWhatItWrote() throws {
    let directory = try TemporaryFolder()
    let path = directory("a.safetensors")
    let metadata = ["format": "pt", "text": "quote \" slash \\ newline \n \u{1}é🐈"]
    try SafeTensors.write(Self.sources(), metadata: metadata, to: path, overwrite: false)
    let file = try SafeTensors(path: path)
    #expect(file.names == ["state", "weights", "scalar", "nothing", "half"])
    #expect(file.metadata.filter { !$0.key.hasPrefix(SafeTensors.digestKey) } == metadata)
    #expect(try file.floats("weights", shape: [2, 3]) == Self.weights)
    #expect(try file.floats("half") == [1, -0.5, 65504])
    #expect(try file.floats("scalar", shape: []) == [42])
    #expect(try file.floats("nothing") == [])
    #expect(try file.integers("state", shape: [3]) == [1, .max, 1 << 63])
    #expect(file.dtype(of: "half") == .float16)
    #expect(file.metadata[SafeTensors.digestKey] == file.digest())
    try file.verifyDigest()
    #expect(directory.names == ["a.safetensors"])
  }

  @Test func equalStateGivesEqualBytesAndAlignedData() throws {
    let directory = try TemporaryFolder()
    for name in ["a", "b"] {
      try SafeTensors.write(
        Self.sources(), metadata: ["x": "1", "a": "2", "m": "3"], to: directory(name), overwrite: false)
    }
    let bytes = try #require(contents(directory("a")))
    #expect(bytes == contents(directory("b")))
    #expect(bytes[0] % 8 == 0)
  }

  @Test func tensorsLargerThanABlock() throws {
    let directory = try TemporaryFolder()
    let values = (0..<700_001).map { Float($0) }
    try SafeTensors.write(
      [
        TensorSource("a", floats: values, shape: [values.count]),
        TensorSource("b", floats: values.map { $0 / 32768 }, shape: [values.count], half: true),
      ], metadata: [:], to: directory("large"), overwrite: false)
    let file = try SafeTensors(path: directory("large"))
    try file.verifyDigest()
    #expect(try file.floats("a") == values)
    #expect(try file.floats("b") == values.map { Float(Float16($0 / 32768)) })
  }
}
