import Kernels

/// What the layers' own rows (`G.trans_conv2 fwd`) stand for in work and memory traffic.
extension StepShapes {
  /// Layer and pass of a row, such as (`G.trans_conv2`, `fwd`); an optimiser's row `G adam` is (`G`, `adam`).
  static func split(_ row: String) -> (layer: String, pass: String) {
    let words = row.split(separator: " ", maxSplits: 1).map(String.init)
    return (words[0], words.count > 1 ? words[1] : "")
  }

  /// Every row that the layers of a step may report.
  var partNames: [String] {
    let products = layers.flatMap { layer in
      ["fwd", "bwd-bias", "bwd-filter", "bwd-data"].map { "\(layer.name) \($0)" }
    }
    let norms = others.flatMap { other in ["fwd", "bwd"].map { "\(other.name) \($0)" } }
    return products + norms + ["D adam", "G adam"]
  }

  /// The matrix-like layer and pass behind a row; nil for all other rows.
  func product(_ row: String) -> (layer: Layer, pass: ConvPass)? {
    let (name, pass) = StepShapes.split(row)
    guard let layer = layers.first(where: { $0.name == name }), let pass = ConvPass(rawValue: pass) else { return nil }
    return (layer, pass)
  }

  /// Bytes that a row's call must move between memory and cores at least, caches being too small to keep activations.
  ///
  /// Products: both operands and the result once. Batch normalisation [elements of its activation]: forward reads twice
  /// (statistics, then the map) and writes once; backward reads gradient and activation for the sums and again for the
  /// map, and writes once. Bias and activation backward: reads gradient and output, writes one. Adam: value, gradient
  /// and two moments read, three written.
  func bytes(_ row: String) -> Double {
    if let product = product(row) { return product.layer.bytes }
    let (name, pass) = StepShapes.split(row)
    if pass == "adam" {
      // Biases and batch norm's vectors are thousands among millions.
      let filters = layers.filter { $0.name.hasPrefix("\(name).") }.reduce(0) { $0 + $1.shape.filterCount }
      return 28 * Double(filters)
    }
    if let other = others.first(where: { $0.name == name }) {
      return Double(4 * other.values) * (pass == "fwd" ? 3 : 5)
    }
    guard pass == "bwd-bias", let layer = layers.first(where: { $0.name == name }) else { return 0 }
    // Layers before a batch norm have neither bias nor activation to go back through.
    let values = layer.isTransposed ? layer.shape.inputCount : layer.shape.outputCount
    return layer.isActivated ? Double(3 * 4 * values) : 0
  }
}
