#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Mean over all elements of the cross entropy between sigmoid(logits) and targets, and its gradient.
///
/// Computed from logits as max(x, 0) - x t + ln(1 + exp(-|x|)), which neither overflows nor cancels; in Double.
/// - Parameters:
///   - logits: any shape.
///   - targets: one per element, in [0, 1].
/// - Returns: the loss, and (sigmoid(x) - t) / count in a new tensor of the logits' shape.
public func sigmoidCrossEntropy(logits: Tensor, targets: [Float]) -> (loss: Double, gradient: Tensor) {
  precondition(targets.count == logits.count, "\(targets.count) targets for \(logits.shape)")
  return meanLoss(logits) { i, x in
    let target = Double(targets[i])
    return (max(x, 0) - x * target + log1p(exp(-abs(x))), sigmoid(x) - target)
  }
}

/// As above with one target for all.
public func sigmoidCrossEntropy(logits: Tensor, target: Float) -> (loss: Double, gradient: Tensor) {
  sigmoidCrossEntropy(logits: logits, targets: [Float](repeating: target, count: logits.count))
}

/// Mean of max(0, 1 - sign * x) and its gradient: the discriminator's hinge loss (Lim and Ye 2017) for real pictures with
/// sign 1 and for fakes with sign -1.
public func hingeLoss(logits: Tensor, sign: Double) -> (loss: Double, gradient: Tensor) {
  meanLoss(logits) { _, x in
    let margin = 1 - sign * x
    return margin > 0 ? (margin, -sign) : (0, 0)
  }
}

/// Mean of factor * x and its gradient: the generator's side of the hinge loss with factor -1.
public func linearLoss(logits: Tensor, factor: Double) -> (loss: Double, gradient: Tensor) {
  meanLoss(logits) { _, x in (factor * x, factor) }
}

/// 1 / (1 + exp(-x)).
public func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

/// Mean of sigmoid over all elements.
public func meanSigmoid(_ logits: Tensor) -> Double {
  (0..<logits.count).reduce(0) { $0 + sigmoid(Double(logits.pointer[$1])) } / Double(logits.count)
}

private func meanLoss(
  _ logits: Tensor, _ term: (_ index: Int, _ x: Double) -> (value: Double, derivative: Double)
) -> (loss: Double, gradient: Tensor) {
  let gradient = Tensor(logits.shape)
  let count = Double(logits.count)
  var sum = 0.0
  for i in 0..<logits.count {
    let (value, derivative) = term(i, Double(logits.pointer[i]))
    sum += value
    gradient.pointer[i] = Float(derivative / count)
  }
  return (sum / count, gradient)
}
