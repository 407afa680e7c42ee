import Arguments
import Generation
import Kernels
import Networks
import Storage

/// What a command line says about the model, opened and checked as far as is possible before pictures are asked for.
struct Sampler {
  let file: SafeTensors
  let description: CheckpointDescription
  let context: Context
  let distribution: LatentDistribution
  /// Of what is asked for without a word about it.
  let truncation: Float
  /// The wish for pictures computed at once.
  let batch: Int?
  /// Nothing leaves the program before it has ended well.
  let verification: Verification

  /// Checks the flags and opens the file; `ready` is called before threads are asked for and anything large is read.
  /// - Returns: nil where `--inspect` has been answered.
  init?(_ given: Arguments, ready: () throws -> Void) throws {
    let threads = try given.optionalInt("--threads", in: 1...1024)
    batch = try given.optionalInt("--batch-size", in: 1...256)
    truncation = Float(try given.double("--truncation", in: Sampler.truncations))
    let wish = try given.optionalChoice("--z")
    file = try SafeTensors(path: try Sampler.path(given))
    let averaged = given.isGiven("--ema") ? given.isOn("--ema") : nil
    let description = try CheckpointDescription(file, averaged: averaged)
    self.description = description
    if given.isOn("--inspect") {
      try Memory.requireThreads(threads ?? Context.processorCount)
      try file.verifyDigest()
      try Console.print(String(description.summary.dropLast()))
      return nil
    }
    try ready()
    // Threads are not asked for before it is known that they can be had.
    try requireOpenFiles(4)
    context = try Context.fromEnvironment(threads: threads)
    verification = Verification(of: description.generator.parameters.map { description.prefix + $0.name }, in: file)
    distribution = wish.flatMap(LatentDistribution.init) ?? description.distribution ?? .uniform
  }

  private static func path(_ given: Arguments) throws -> String {
    let shipped = ShippedModel(rawValue: try given.choice("--preset"))!
    guard let checkpoint = given.optionalString("--checkpoint") else { return try shipped.path() }
    if given.isGiven("--preset") {
      throw UsageError("--preset samples a model that ships, --checkpoint another one: give one of them")
    }
    return try CheckpointPath(checkpoint).file()
  }

  static let truncations = 0.0...2.0

  var dimension: Int { description.generator.input.c }

  /// Pictures that are computed at once for `count` of them, by the command line's wish or as memory holds.
  /// - Parameters:
  ///   - result: bytes that are in memory at the same time.
  ///   - remedy: what helps where no batch size was given.
  /// - Throws: `EnvironmentError` where memory does not hold it.
  func batchSize(for count: Int, beside result: Int, remedy: String) throws -> Int {
    let generator = description.generator
    var size = GeneratorModel.batchSize(for: count, generator, limit: batch)
    func needed() -> Int { result + GeneratorModel.bytesNeeded(generator, batchSize: size) }
    if batch == nil, let available = Memory.available {
      while size > 1, needed() > available / 2 { size = (size + 1) / 2 }
    }
    try Memory.require(
      needed(), threads: context.threads, for: "sampling", remedy: batch == nil ? remedy : "lower --batch-size")
    return size
  }

  /// Reads the weights.
  func model(batchSize: Int) throws -> GeneratorModel {
    do {
      return try GeneratorModel(file, description, batchSize: batchSize, context: context)
    } catch {
      // Where the file is damaged, that is the reason.
      try verification.result()
      throw error
    }
  }
}
