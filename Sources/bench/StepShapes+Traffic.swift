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
    let norms = layers.filter { !$0.isDense && $0.name != "G.logits" && $0.name != "D.conv1" }.flatMap { layer in
      ["fwd", "bwd"].map { "\(layer.name.prefix(2))batch_\(layer.name.dropFirst(2)) \($0)" }
    }
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
    let layerName = name.split(separator: ".", maxSplits: 1).map(String.init)
    guard layerName.count == 2 else { return 0 }
    let isNorm = layerName[1].hasPrefix("batch_")
    let plain = isNorm ? "\(layerName[0]).\(layerName[1].dropFirst("batch_".count))" : name
    guard let layer = layers.first(where: { $0.name == plain }) else { return 0 }
    let elements = 4 * Double(layer.isTransposed ? layer.shape.inputCount : layer.shape.outputCount)
    switch (isNorm, pass) {
    case (true, "fwd"): return 3 * elements
    case (true, "bwd"): return 5 * elements
    // Layers before a batch norm have neither bias nor activation to go back through.
    case (false, "bwd-bias"): return ["G.dense", "G.logits", "D.conv1"].contains(name) ? 3 * elements : 0
    default: return 0
    }
  }
}
