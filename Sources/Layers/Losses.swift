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
///   - all: elements that the mean is over where these are a part of them; the sum of the parts' means is then the mean.
///   - gradient: where the gradient goes, of the logits' shape; nil for a new tensor.
/// - Returns: the loss, and (sigmoid(x) - t) / count.
public func sigmoidCrossEntropy(
  logits: Tensor, targets: [Float], of all: Int? = nil, into gradient: Tensor? = nil
) -> (loss: Double, gradient: Tensor) {
  precondition(targets.count == logits.count, "\(targets.count) targets for \(logits.shape)")
  return meanLoss(logits, of: all, into: gradient) { i, x in
    let target = Double(targets[i])
    return (max(x, 0) - x * target + log1p(exp(-abs(x))), sigmoid(x) - target)
  }
}

/// As above with one target for all.
public func sigmoidCrossEntropy(
  logits: Tensor, target: Float, of all: Int? = nil, into gradient: Tensor? = nil
) -> (loss: Double, gradient: Tensor) {
  sigmoidCrossEntropy(
    logits: logits, targets: [Float](repeating: target, count: logits.count), of: all, into: gradient)
}

/// Mean of max(0, 1 - sign * x) and its gradient: the discriminator's hinge loss (Lim and Ye 2017) for real images with
/// sign 1 and for fakes with sign -1.
/// - Parameters:
///   - all, gradient: as of `sigmoidCrossEntropy`.
public func hingeLoss(
  logits: Tensor, sign: Double, of all: Int? = nil, into gradient: Tensor? = nil
) -> (loss: Double, gradient: Tensor) {
  meanLoss(logits, of: all, into: gradient) { _, x in
    let margin = 1 - sign * x
    return margin > 0 ? (margin, -sign) : (0, 0)
  }
}

/// Mean of factor * x and its gradient: the generator's side of the hinge loss with factor -1.
/// - Parameters:
///   - all, gradient: as of `sigmoidCrossEntropy`.
public func linearLoss(
  logits: Tensor, factor: Double, of all: Int? = nil, into gradient: Tensor? = nil
) -> (loss: Double, gradient: Tensor) {
  meanLoss(logits, of: all, into: gradient) { _, x in (factor * x, factor) }
}

/// Mean of (prediction - target)^2 over all elements, and its gradient 2 (prediction - target) / count in a new tensor.
public func meanSquaredError(_ prediction: Tensor, target: Tensor) -> (loss: Double, gradient: Tensor) {
  precondition(target.shape == prediction.shape, "target \(target.shape) for \(prediction.shape)")
  let targets = target.pointer
  return meanLoss(prediction) { i, x in
    let difference = x - Double(targets[i])
    return (difference * difference, 2 * difference)
  }
}

/// Mean over all pixels of -ln softmax(logits)[label], the softmax being over channels, and its gradient
/// (softmax(logits) - [c = label]) / pixels in a new tensor.
///
/// The largest logit of a pixel is taken out first, so that nothing overflows; in Double.
/// - Parameters:
///   - logits: [n, h, w, classes]; a classifier's h and w are 1.
///   - labels: n * h * w classes, in 0..<classes.
public func softmaxCrossEntropy(logits: Tensor, labels: [Int]) -> (loss: Double, gradient: Tensor) {
  let (rows, classes) = (logits.shape.rows, logits.shape.c)
  precondition(labels.count == rows, "\(labels.count) labels for \(logits.shape)")
  let gradient = Tensor(logits.shape)
  var loss = 0.0
  for (row, label) in labels.enumerated() {
    precondition(0..<classes ~= label, "label \(label) of \(classes) classes")
    let place = gradient.pointer + row * classes
    let (largest, sum) = exponentials(logits.pointer + row * classes, classes) { c, part, sum in
      place[c] = Float((part / sum - (c == label ? 1 : 0)) / Double(rows))
    }
    loss += largest + log(sum) - Double(logits.pointer[row * classes + label])
  }
  return (loss / Double(rows), gradient)
}

/// exp(x) / sum of exp(x) over the channels of each pixel, [n, h, w, c] -> the same in a new tensor.
public func softmax(_ logits: Tensor) -> Tensor {
  let result = Tensor(logits.shape)
  let classes = logits.shape.c
  for row in 0..<logits.shape.rows {
    let place = result.pointer + row * classes
    exponentials(logits.pointer + row * classes, classes) { c, part, sum in place[c] = Float(part / sum) }
  }
  return result
}

/// Calls `use` with each channel, exp(x - largest), and the sum of these.
/// - Returns: the largest of the values, and that sum.
@discardableResult
private func exponentials(
  _ x: UnsafePointer<Float>, _ count: Int, _ use: (_ channel: Int, _ part: Double, _ sum: Double) -> Void
) -> (largest: Double, sum: Double) {
  let largest = (0..<count).reduce(-Double.infinity) { max($0, Double(x[$1])) }
  return withUnsafeTemporaryAllocation(of: Double.self, capacity: count) { parts in
    var sum = 0.0
    for c in 0..<count {
      parts[c] = exp(Double(x[c]) - largest)
      sum += parts[c]
    }
    for c in 0..<count { use(c, parts[c], sum) }
    return (largest, sum)
  }
}

/// 1 / (1 + exp(-x)).
public func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

/// Mean of sigmoid over all elements.
/// - Parameter all: as of `sigmoidCrossEntropy`.
public func meanSigmoid(_ logits: Tensor, of all: Int? = nil) -> Double {
  (0..<logits.count).reduce(0) { $0 + sigmoid(Double(logits.pointer[$1])) } / Double(all ?? logits.count)
}

private func meanLoss(
  _ logits: Tensor, of all: Int? = nil, into place: Tensor? = nil,
  _ term: (_ index: Int, _ x: Double) -> (value: Double, derivative: Double)
) -> (loss: Double, gradient: Tensor) {
  let gradient = place ?? Tensor(logits.shape)
  precondition(gradient.shape == logits.shape, "a gradient of \(gradient.shape) for \(logits.shape)")
  let count = Double(all ?? logits.count)
  var sum = 0.0
  for i in 0..<logits.count {
    let (value, derivative) = term(i, Double(logits.pointer[i]))
    sum += value
    gradient.pointer[i] = Float(derivative / count)
  }
  return (sum / count, gradient)
}
