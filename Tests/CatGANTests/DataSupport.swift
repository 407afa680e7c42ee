// What the data tests share: fixtures, a folder that goes away, and a reader of the reference pixels.

import Foundation
import Testing

@testable import CatGAN

enum Fixtures {
  static let pictures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/pictures").path

  /// The file names in Fixtures/pictures with one of the endings, sorted.
  static func names(_ endings: [String]) -> [String] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: pictures)) ?? []
    return all.filter { name in endings.contains { name.hasSuffix($0) } }.sorted()
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    try Array(Data(contentsOf: URL(filePath: pictures + "/" + name)))
  }

  /// The reference of a fixture: a binary PPM whose header is "P6 WIDTH HEIGHT 255\n".
  static func reference(_ name: String) throws -> Picture {
    let data = try bytes(name.split(separator: ".")[0] + ".ppm")
    let end = try #require(data.firstIndex(of: 10))
    let fields = String(decoding: data[..<end], as: UTF8.self).split(separator: " ").compactMap { Int($0) }
    return Picture(width: fields[0], height: fields[1], pixels: Array(data[(end + 1)...]))
  }
}

extension TemporaryFolder {
  var bytePath: BytePath { BytePath(path) }

  /// The length of all files in it.
  var bytes: Int {
    let names = FileManager.default.enumerator(atPath: path)?.allObjects as? [String] ?? []
    return names.reduce(0) { sum, name in
      var status = stat()
      return stat(path + "/" + name, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        ? sum + Int(status.st_size) : sum
    }
  }

  /// Writes a file, with the folders above it; the name may be any bytes.
  func write(_ bytes: [UInt8], to name: BytePath) throws {
    let full = bytePath.appending(name.bytes)
    if let slash = name.bytes.lastIndex(of: UInt8(ascii: "/")) {
      let folder = path + "/" + String(decoding: name.bytes[..<slash], as: UTF8.self)
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }
    let file = full.withCString { open($0, O_WRONLY | O_CREAT | O_TRUNC, 0o644) }
    try #require(file >= 0)
    defer { close(file) }
    try #require(
      bytes.isEmpty || bytes.withUnsafeBytes { Foundation.write(file, $0.baseAddress!, $0.count) } == bytes.count)
  }

  func write(_ bytes: [UInt8], to name: String) throws { try write(bytes, to: BytePath(name)) }
}

extension Picture {
  /// The largest difference of any sample; nil if the sizes differ.
  func distance(to other: Picture) -> Int? {
    guard width == other.width, height == other.height else { return nil }
    return zip(pixels, other.pixels).map { abs(Int($0) - Int($1)) }.max()
  }
}
