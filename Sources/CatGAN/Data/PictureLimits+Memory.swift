import ImageFormats
import Layers

extension PictureLimits {
  /// The same, where `threads` decode at once and share the memory that is free.
  func sharing(threads: Int) -> PictureLimits {
    var limits = self
    limits.memory = min(memory, (Memory.available ?? .max) / threads)
    return limits
  }
}
