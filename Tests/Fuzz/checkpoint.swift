// libFuzzer's entry for checkpoints: any bytes give a sound file whose every number can be read, or one sentence, never
// a crash. Built by scripts/fuzz together with Sources/Storage, not by the package.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCheckpoint(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  do {
    let file = try SafeTensors(bytes: UnsafeRawBufferPointer(start: start, count: count), path: "fuzz")
    var bytes = 0
    for name in file.names {
      guard let shape = file.shape(of: name) else { fatalError("\(name)") }
      bytes += try file.withBytes(name) { $0.count }
      guard let dtype = file.dtype(of: name) else { continue }
      if [.float64, .float32, .float16, .bfloat16].contains(dtype) {
        let values = try file.floats(name, finite: false)
        precondition(values.count == shape.reduce(1, *))
      }
      if dtype == .int64 || dtype == .uint64 { _ = try file.integers(name, shape: shape) }
    }
    precondition(bytes <= count - 8, "the tensors are the data")
    try file.verifyDigest()
  } catch let error as StorageError {
    precondition(!error.description.isEmpty)
  } catch {
    fatalError("another error than StorageError")
  }
  return 0
}
