import Foundation
import Storage

/// A safetensors file put together by hand, sound or not.
func file(header: [UInt8], data: [UInt8] = [], length: UInt64? = nil) -> [UInt8] {
  withUnsafeBytes(of: (length ?? UInt64(header.count)).littleEndian) { Array($0) } + header + data
}

func file(_ header: String, data: Int = 0) -> [UInt8] {
  file(header: Array(header.utf8), data: [UInt8](repeating: 0, count: data))
}

/// Those that `SafeTensors.floats` reads.
private let floatTypes: [ElementType] = [.float64, .float32, .float16, .bfloat16]

func open(_ bytes: [UInt8]) throws -> SafeTensors {
  try bytes.withUnsafeBytes { try SafeTensors(bytes: $0, path: "test.safetensors") }
}

/// Uses everything that the file offers, as a program would that believes it.
func useAll(_ file: SafeTensors) throws {
  for name in file.names {
    let shape = file.shape(of: name)!
    let dtype = file.dtype(of: name)
    if let dtype, floatTypes.contains(dtype) { _ = try file.floats(name, shape: shape) }
    if dtype == .int64 || dtype == .uint64 { _ = try file.integers(name, shape: shape) }
    _ = try file.withBytes(name) { $0.reduce(UInt8(0), ^) }
  }
  try file.verifyDigest()
}

func contents(_ path: String) -> [UInt8]? {
  FileManager.default.contents(atPath: path).map(Array.init)
}
