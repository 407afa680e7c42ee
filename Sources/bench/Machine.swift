import Kernels

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What a figure depends on besides the code, as far as the system tells. Unknown facts are nil, never guessed.
struct Machine: Equatable, Sendable {
  var date: String
  var hostName: String
  var processor: String?
  var cores: Int
  var megahertz: Int?
  /// Bytes of each cache level that core 0 reaches.
  var caches: [Cache]
  /// Feature flags that matter to vector code.
  var flags: [String]
  var revision: String?

  struct Cache: Equatable, Sendable {
    var level: Int
    var type: String
    var bytes: Int
  }

  static func current() -> Machine {
    let info = text("/proc/cpuinfo") ?? ""
    let flags = field("flags", of: info)?.split(separator: " ").map(String.init) ?? []
    return Machine(
      date: Date.now.ISO8601Format(), hostName: host(), processor: field("model name", of: info),
      cores: Context.processorCount,
      megahertz: field("cpu MHz", of: info).flatMap(Double.init).map { Int($0.rounded()) }, caches: cacheLevels(),
      flags: flags.filter { $0 == "fma" || $0.hasPrefix("avx") || $0.hasPrefix("amx") }, revision: gitRevision())
  }

  /// Bytes of the largest cache; 32 MiB where the system does not say.
  var lastLevelCache: Int { caches.map(\.bytes).max() ?? 32 << 20 }

  /// The value after the first `name : value` line of `info`.
  static func field(_ name: String, of info: String) -> String? {
    for line in info.split(separator: "\n") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      if trimmed(line[..<colon]) == name { return trimmed(line[line.index(after: colon)...]) }
    }
    return nil
  }

  /// `32768K` or `8M` as bytes.
  static func bytes(_ text: String) -> Int? {
    let digits = text.prefix { $0.isNumber }
    guard let number = Int(digits) else { return nil }
    switch text.dropFirst(digits.count).first {
    case "K": return number << 10
    case "M": return number << 20
    case "G": return number << 30
    default: return number
    }
  }

  /// The largest resident size of this process so far, in bytes (VmHWM), or nil where the system does not say.
  static func peakMemory() -> Int? {
    guard let value = field("VmHWM", of: text("/proc/self/status") ?? "") else { return nil }
    return value.split(separator: " ").first.flatMap { Int($0) }.map { $0 << 10 }
  }

  /// Lets the peak start again from what is resident now, so that a row does not report an earlier row's memory.
  /// Returns false where the system forbids it.
  static func resetPeakMemory() -> Bool {
    let file = open("/proc/self/clear_refs", O_WRONLY)
    guard file >= 0 else { return false }
    defer { close(file) }
    return write(file, "5", 1) == 1
  }

  private static func trimmed(_ text: Substring) -> String {
    String(text.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
  }

  private static func text(_ path: String) -> String? {
    // Files of /proc have no size, so they are read to their end.
    let file = open(path, O_RDONLY)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(file, &chunk, chunk.count)
      if count <= 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += chunk[..<count]
    }
  }

  private static func cacheLevels() -> [Cache] {
    (0..<8).compactMap { index in
      let folder = "/sys/devices/system/cpu/cpu0/cache/index\(index)/"
      guard let level = text(folder + "level").flatMap({ Int(trimmed($0.prefix { $0 != "\n" })) }),
        let size = text(folder + "size").flatMap(bytes)
      else { return nil }
      return Cache(level: level, type: String((text(folder + "type") ?? "").prefix { $0 != "\n" }), bytes: size)
    }
  }

  private static func host() -> String {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The commit of the folder bench is started in; nil outside a repository.
  private static func gitRevision() -> String? {
    guard let pipe = popen("git describe --always --dirty --abbrev=12 2>/dev/null", "r") else { return nil }
    defer { pclose(pipe) }
    var buffer = [CChar](repeating: 0, count: 128)
    guard fgets(&buffer, Int32(buffer.count), pipe) != nil else { return nil }
    let line = buffer.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }
    return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
  }
}
