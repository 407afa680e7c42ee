// The pictures of Fixtures/pictures and what other programs decoded them to.

import Foundation
import Images

extension Fixtures {
  package static let pictures = path("pictures")

  /// The file names in Fixtures/pictures with one of the endings, sorted.
  package static func names(_ endings: [String]) -> [String] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: pictures)) ?? []
    return all.filter { name in endings.contains { name.hasSuffix($0) } }.sorted()
  }

  package static func bytes(_ name: String) throws -> [UInt8] {
    try Array(Data(contentsOf: URL(filePath: pictures + "/" + name)))
  }

  /// The reference of a fixture: a binary PPM whose header is "P6 WIDTH HEIGHT 255\n".
  package static func reference(_ name: String) throws -> Picture {
    let data = try bytes(name.split(separator: ".")[0] + ".ppm")
    guard let end = data.firstIndex(of: 10) else { throw CocoaError(.fileReadCorruptFile) }
    let fields = String(decoding: data[..<end], as: UTF8.self).split(separator: " ").compactMap { Int($0) }
    return Picture(width: fields[0], height: fields[1], pixels: Array(data[(end + 1)...]))
  }
}

extension Picture {
  /// The largest difference of any sample; nil if the sizes differ.
  package func distance(to other: Picture) -> Int? {
    guard width == other.width, height == other.height else { return nil }
    return zip(pixels, other.pixels).map { abs(Int($0) - Int($1)) }.max()
  }
}
