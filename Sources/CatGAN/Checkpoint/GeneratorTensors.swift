import Generation
import Layers
import Networks
import Storage

/// The generator that a file has to offer, its tensors read on demand: what exports are made from.
struct GeneratorTensors {
  let file: SafeTensors
  let description: CheckpointDescription
  /// The file's, or with a layer more where smaller pictures are wanted.
  let generator: Network
  private let start: StatisticsStart?

  /// Opens a file and checks its digest.
  /// - Parameters:
  ///   - averaged: whether to take the averaged generator: nil where there is one, true or fail, false never.
  ///   - reduce: the side of the squares whose means become pixels.
  /// - Throws: `StorageError` or `CheckpointError` naming the file and what is wrong, `NetworkError` where squares do not
  ///   fill the pictures.
  init(_ path: String, averaged: Bool?, reduce: Int) throws {
    file = try SafeTensors(path: path)
    description = try CheckpointDescription(file, averaged: averaged)
    generator = try GeneratorTensors.reduced(description, by: reduce)
    try file.verifyDigest()
    start = try StatisticsStart(file, prefix: description.prefix)
  }

  /// A discriminator that sees pictures in more pixels than are wanted in the end teaches more with each.
  private static func reduced(_ description: CheckpointDescription, by side: Int) throws -> Network {
    precondition(side > 0)
    let generator = description.generator
    if side == 1 { return generator }
    guard generator.output.h % side == 0, generator.output.w % side == 0 else {
      // Another checkpoint of the run makes no other pictures, so this is no fault of the file.
      throw NetworkError(
        "\(quoted(description.path)) makes pictures of \(generator.pictureSize), which squares of \(side)x\(side) pixels do"
          + " not fill; give --reduce a divisor of both")
    }
    let squares = Window(kernel: Extent(side, side), stride: Extent(side, side), padding: .valid)
    let mean = LayerSpec("", .pooling(PoolSpec(.mean(countsPadding: false), squares)))
    return try Network(input: generator.input, layers: generator.layers + [mean])
  }

  func shape(_ name: String) -> [Int] { file.shape(of: description.prefix + name)! }

  /// The values of one of the generator's parameters in the file's order, running statistics being those of what was seen.
  func values(_ name: String) throws -> [Float] {
    let values = try file.floats(description.prefix + name)
    guard let start else { return values }
    if name.hasSuffix(".running_mean") { return values.map(start.mean) }
    return name.hasSuffix(".running_var") ? values.map(start.variance) : values
  }

  /// A scalar that is a whole number, nil where there is none of that name.
  func integer(_ name: String) throws -> [UInt64]? {
    let name = description.prefix + name
    return file.contains(name) ? try file.integers(name, shape: []) : nil
  }
}
