import Kernels

/// Scratch memory of the passes of networks: buffers that are taken and released in turn, and grow to what is asked of
/// them. Networks that never run at the same time share one.
public final class Workspace {
  private var slots: [(buffer: Buffer, isTaken: Bool)] = []

  /// Without memory until a pass takes some.
  public init() {}

  /// Releases all but the memory of one tensor; a pass of a network begins so.
  func begin(keeping tensor: Tensor) {
    for i in slots.indices { slots[i].isTaken = slots[i].buffer === tensor.buffer }
  }

  /// A tensor of unspecified contents. The first free buffer that is large enough holds it; where none is, the first free
  /// one grows. So a chain of layers alternates between two buffers, the same ones in every pass.
  func take(_ shape: Shape) -> Tensor {
    let fitting = slots.firstIndex { !$0.isTaken && $0.buffer.count >= shape.count }
    if let i = fitting {
      slots[i].isTaken = true
      return Tensor(shape, buffer: slots[i].buffer)
    }
    let free = slots.firstIndex { !$0.isTaken } ?? slots.count
    // The smaller buffer goes before the larger one comes.
    if free < slots.count { slots.remove(at: free) }
    let buffer = Buffer(count: shape.count)
    slots.insert((buffer, true), at: free)
    return Tensor(shape, buffer: buffer)
  }

  /// Lets others take a tensor's memory. Its contents last until they do; memory from elsewhere is left alone.
  func release(_ tensor: Tensor) {
    if let i = slots.firstIndex(where: { $0.buffer === tensor.buffer }) { slots[i].isTaken = false }
  }
}
