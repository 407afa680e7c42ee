// Every file of these tests sees the helpers that all tests share.

import Layers
@_exported import TestSupport

@testable import CatGAN

extension GANTrainer {
  /// A step on pictures [share, size, size, 3] that are elsewhere; without latents it draws them.
  func step(reals: Tensor, latents: Tensor? = nil, seed: UInt64 = 0) -> StepResult {
    fillReals { pictures, place in
      let source = reals.images(pictures)
      place.update(from: source.pointer, count: source.count)
    }
    return latents.map { step(latents: $0, seed: seed) } ?? step()
  }
}
