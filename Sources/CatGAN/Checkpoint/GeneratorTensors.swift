import Generation
import Networks
import Storage

/// The generator that a file has to offer, its tensors read on demand: what exports are made from.
struct GeneratorTensors {
  let file: SafeTensors
  let description: CheckpointDescription
  private let start: StatisticsStart?

  /// Opens a file and checks its digest.
  /// - Parameter averaged: whether to take the averaged generator: nil where there is one, true or fail, false never.
  /// - Throws: `StorageError` or `CheckpointError` naming the file and what is wrong.
  init(_ path: String, averaged: Bool?) throws {
    file = try SafeTensors(path: path)
    description = try CheckpointDescription(file, averaged: averaged)
    try file.verifyDigest()
    start = try StatisticsStart(file, prefix: description.prefix)
  }

  var generator: Network { description.generator }

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
