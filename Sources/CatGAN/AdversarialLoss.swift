import Layers

/// What the two networks are asked to make small, from the discriminator's logits; each is a mean over the batch.
public enum AdversarialLoss: String, CaseIterable, Codable, Sendable {
  /// Cross entropy with real and fake, the generator's non-saturating (Goodfellow et al. 2014).
  case crossEntropy = "bce"
  /// max(0, 1 - D(x)) + max(0, 1 + D(G(z))) and -D(G(z)) (Lim and Ye 2017, arXiv 1705.02894).
  case hinge

  /// Of the discriminator on real pictures, which are real with probability 1 - smoothing; hinge ignores it.
  /// - Parameters:
  ///   - all: logits of the whole batch, of which these are some.
  ///   - gradient: overwritten.
  func real(_ logits: Tensor, smoothing: Double, of all: Int, into gradient: Tensor) -> Double {
    switch self {
    case .crossEntropy:
      sigmoidCrossEntropy(logits: logits, target: Float(1 - smoothing), of: all, into: gradient).loss
    case .hinge: hingeLoss(logits: logits, sign: 1, of: all, into: gradient).loss
    }
  }

  /// Of the discriminator on generated pictures.
  func fake(_ logits: Tensor, of all: Int, into gradient: Tensor) -> Double {
    switch self {
    case .crossEntropy: sigmoidCrossEntropy(logits: logits, target: 0, of: all, into: gradient).loss
    case .hinge: hingeLoss(logits: logits, sign: -1, of: all, into: gradient).loss
    }
  }

  /// Of the generator.
  func generator(_ logits: Tensor, of all: Int, into gradient: Tensor) -> Double {
    switch self {
    case .crossEntropy: sigmoidCrossEntropy(logits: logits, target: 1, of: all, into: gradient).loss
    case .hinge: linearLoss(logits: logits, factor: -1, of: all, into: gradient).loss
    }
  }

  /// The two losses where the discriminator cannot tell and all logits are 0.
  var chance: (discriminator: Double, generator: Double, words: String) {
    switch self {
    case .crossEntropy: (1.386, 0.693, "1.386 = 2 ln 2")
    case .hinge: (2, 0, "2")
    }
  }
}
