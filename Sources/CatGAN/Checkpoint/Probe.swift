import Generation
import Layers
import Networks

/// What the networks of a file make of a known input, kept in its metadata as `catgan.probe`. Names and shapes of tensors do
/// not tell padding, slopes and epsilons, so that another program's network may load them all and be another network; this
/// shows it.
///
/// A JSON object: `z` is that of `catgen`'s seed 0, and an entry for each network of the file says what it makes of it. Of a
/// generator it is the picture, in -1...1, at 4 rows and 4 columns in this order, 3 channels each: rows
/// height * (2 i + 1) / 8, rounded down, and columns alike; of a discriminator its logit, with the running statistics, of
/// the picture of `generator`. Entries that are not finite are left out.
enum Probe {
  static let key = "catgan.probe"
  private static let sides = 4

  private static func latent(_ network: Network, _ distribution: LatentDistribution) -> [Float] {
    Latent.vector(seed: 0, dimension: network.input.c, distribution: distribution)
  }

  /// The picture of a latent vector, [1, h, w, c].
  private static func picture(_ generator: Sequential, input: Shape, _ z: [Float]) -> Tensor {
    let result = generator.forward(Tensor(input.with(n: 1), values: z), mode: .inference)
    // The result's memory is also that of the next pass.
    return Tensor(result.shape, values: result.array)
  }

  /// The values that are kept of a picture.
  private static func places(_ picture: Tensor) -> [Float] {
    let shape = picture.shape
    func place(_ index: Int, _ size: Int) -> Int { size * (2 * index + 1) / (2 * sides) }
    return (0..<sides).flatMap { row in
      (0..<sides).flatMap { column in
        let start = (place(row, shape.h) * shape.w + place(column, shape.w)) * shape.c
        return (0..<shape.c).map { picture.pointer[start + $0] }
      }
    }
  }

  /// The metadata of a whole checkpoint.
  static func entry(_ trainer: GANTrainer, average: Generator?) -> String {
    let networks = trainer.networks
    let z = latent(networks.generator, networks.zDistribution)
    func seen(_ generator: Generator) -> Tensor { picture(generator.network, input: networks.generator.input, z) }
    let first = seen(trainer.generator)
    var values = [("z", z), ("discriminator", [trainer.discriminator.forward(first, mode: .inference).pointer[0]])]
    values.append(("generator", places(first)))
    if let average { values.append(("generator_ema", places(seen(average)))) }
    return json(values)
  }

  /// The metadata of a generator alone.
  /// - Parameter values: a parameter's numbers by its name, in the file's order.
  static func entry(
    _ network: Network, _ distribution: LatentDistribution, values: (String) throws -> [Float]
  ) rethrows -> String {
    let generator = Sequential("G", network, execution: Execution(context: Context(threads: 1)))
    for parameter in generator.store.parameters { parameter.setFileValues(try values(parameter.name)) }
    let z = latent(network, distribution)
    return json([("z", z), ("generator", places(picture(generator, input: network.input, z)))])
  }

  private static func json(_ values: [(name: String, values: [Float])]) -> String {
    let entries = values.filter { $0.values.allSatisfy(\.isFinite) }.map { entry in
      "\"\(entry.name)\":[\(entry.values.map { "\($0)" }.joined(separator: ","))]"
    }
    return "{\(entries.joined(separator: ","))}"
  }
}
