/// What the passes of one convolution make of its filter before they multiply by it: panels of it, or Winograd's points in
/// panels. The first pass that needs a form prepares it; here alone it is decided what is kept, and until when.
final class PackedFilter {
  /// What a form is for.
  enum Form: Hashable {
    case forward
    /// A data gradient may have one for each phase of its pixels.
    case backwardData(phase: Int)
  }

  /// How large a form is, and so where it lies.
  enum Size {
    /// As large as the filter: each convolution keeps its own memory.
    case filter
    /// Winograd's points, five times the filter. Of a filter that changes every few passes they lie in memory that all
    /// convolutions of a context share, and each pass makes them anew.
    case points
  }

  let context: Context
  let use: FilterUse
  private var memory: [Form: Buffer] = [:]
  private var current: Set<Form> = []

  init(context: Context, use: FilterUse) {
    self.context = context
    self.use = use
  }

  /// Whether a form of this size serves until the filter changes.
  func keeps(_ size: Size) -> Bool { size == .filter || use != .training }

  /// A form of `count` floats; `prepare` overwrites them where they are not those of the filter as it is.
  func callAsFunction(
    _ form: Form, count: Int, _ size: Size, prepare: (UnsafeMutablePointer<Float>) -> Void
  ) -> UnsafePointer<Float> {
    guard keeps(size) else {
      let shared = context.scratch("winograd.points", count)
      prepare(shared)
      return UnsafePointer(shared)
    }
    let buffer = memory[form] ?? Buffer(count: count)
    memory[form] = buffer
    if current.insert(form).inserted { prepare(buffer.pointer) }
    return UnsafePointer(buffer.pointer)
  }

  /// The filter has changed, and no form is its own. Memory stays for the next.
  func changed() { current = [] }
}
