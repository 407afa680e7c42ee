import Generation
import Layers
import Networks
import Storage

/// The generator that a file has to offer, its tensors read on demand: what exports are made from.
struct GeneratorTensors {
  let file: SafeTensors
  let description: CheckpointDescription
  /// The file's, or with layers behind it where smaller pictures are wanted.
  let generator: Network
  private let start: StatisticsStart?

  /// Opens a file and checks its digest.
  /// - Parameters:
  ///   - averaged: whether to take the averaged generator: nil where there is one, true or fail, false never.
  ///   - downsample: whether to halve the pictures' rows and columns.
  /// - Throws: `StorageError` or `CheckpointError` naming the file and what is wrong, `NetworkError` where pictures cannot be
  ///   halved.
  init(_ path: String, averaged: Bool?, downsample: Bool) throws {
    file = try SafeTensors(path: path)
    description = try CheckpointDescription(file, averaged: averaged)
    generator = downsample ? try GeneratorTensors.downsampled(description) : description.generator
    try file.verifyDigest()
    start = try StatisticsStart(file, prefix: description.prefix)
  }

  /// A generator whose pictures have half the rows and columns: docs/training-runs.md has what that is good for.
  ///
  /// The filter is the triangle, 1 3 3 1 over 8 in each direction, as three means of two: 1 1 * 1 1 * 1 1.
  private static func downsampled(_ description: CheckpointDescription) throws -> Network {
    let generator = description.generator
    guard generator.output.h % 2 == 0, generator.output.w % 2 == 0 else {
      // Another checkpoint of the run makes no other pictures, so this is no fault of the file.
      throw NetworkError(
        "\(quoted(description.path)) makes pictures of \(generator.pictureSize), which --downsample cannot halve")
    }
    let means = [(1, Padding.pixels(1)), (1, .valid), (2, .valid)].map { stride, padding in
      let window = Window(kernel: 2, stride: Extent(stride, stride), padding: padding)
      return LayerSpec("", .pooling(PoolSpec(.mean(countsPadding: false), window)))
    }
    return try Network(input: generator.input, layers: generator.layers + means)
  }

  func shape(_ name: String) -> [Int] { file.shape(of: description.prefix + name)! }

  /// The values of one of the generator's parameters in the file's order, running statistics being those of what was seen.
  func values(_ name: String) throws -> [Float] {
    if name.hasSuffix(".running_var") {
      let values = try file.variances(description.prefix + name)
      return start.map { values.map($0.variance) } ?? values
    }
    let values = try file.floats(description.prefix + name)
    return name.hasSuffix(".running_mean") ? start.map { values.map($0.mean) } ?? values : values
  }

  /// A scalar that is a whole number, nil where there is none of that name.
  func integer(_ name: String) throws -> [UInt64]? {
    let name = description.prefix + name
    return file.contains(name) ? try file.integers(name, shape: []) : nil
  }
}
