// The built commands as a shell sees them.

import Foundation
import Storage
import Testing

/// What a command that has ended left behind.
struct Ended {
  /// The exit code, or minus the signal that ended it.
  let status: Int32
  let output: [UInt8]
  let error: String

  var text: String { String(decoding: output, as: UTF8.self) }
}

/// One of the binaries next to the test bundle.
struct Program {
  let url: URL

  init(_ name: String) {
    url = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: name)
  }

  /// Starts it; standard output goes to `output`, and standard error nowhere.
  func start(_ words: [String], in directory: String? = nil, output: FileHandle = .nullDevice) throws -> Process {
    let process = Process()
    process.executableURL = url
    process.arguments = words
    if let directory { process.currentDirectoryURL = URL(filePath: directory) }
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  /// Runs it to its end.
  /// - Parameters:
  ///   - output: where standard output goes; nil collects it.
  ///   - input: where standard input comes from; nil leaves the tests' own.
  ///   - prelude: shell commands before it, such as limits.
  func run(
    _ words: [String], in directory: String? = nil, output: FileHandle? = nil, prelude: String? = nil,
    input: FileHandle? = nil
  ) throws -> Ended {
    let process = Process()
    if let prelude {
      process.executableURL = URL(filePath: "/bin/sh")
      process.arguments = ["-c", "\(prelude); exec \"$0\" \"$@\"", url.path] + words
    } else {
      process.executableURL = url
      process.arguments = words
    }
    if let directory { process.currentDirectoryURL = URL(filePath: directory) }
    let collected = Pipe()
    let complaints = Pipe()
    process.standardOutput = output ?? collected
    if let input { process.standardInput = input }
    process.standardError = complaints
    try process.run()
    if output != nil { try collected.fileHandleForWriting.close() }
    // Complaints are one sentence, so nobody waits for the other pipe meanwhile.
    let text = try collected.fileHandleForReading.readToEnd() ?? Data()
    let complaint = try complaints.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return Ended(status: process.outcome, output: Array(text), error: String(decoding: complaint, as: UTF8.self))
  }
}

extension Process {
  /// The exit code, or minus the signal that ended it.
  var outcome: Int32 { terminationReason == .exit ? terminationStatus : -terminationStatus }
}

typealias Place = TemporaryFolder

/// A generator of a few thousand parameters that PyTorch made, to be damaged on purpose.
struct SmallGenerator {
  static let path = Fixtures.path("generators/bare4.safetensors")
  /// Side of its pictures.
  static let side = 64

  struct Tensor {
    var shape: [Int]
    var values: [Float]
  }
  var tensors: [String: Tensor] = [:]
  var metadata: [String: String] = [:]

  init() throws {
    let file = try SafeTensors(path: Self.path)
    for name in file.names {
      tensors[name] = Tensor(shape: file.shape(of: name)!, values: try file.floats(name))
    }
  }

  func write(_ path: String) throws {
    let sources = tensors.sorted { $0.key < $1.key }.map {
      TensorSource($0.key, floats: $0.value.values, shape: $0.value.shape)
    }
    try SafeTensors.write(sources, metadata: metadata, to: path, overwrite: true)
  }
}
