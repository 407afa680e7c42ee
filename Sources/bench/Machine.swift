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
    func info(_ name: String) -> String? { field(name, of: Memory.lines("/proc/cpuinfo")) }
    let flags = info("flags")?.split(separator: " ").map(String.init) ?? []
    return Machine(
      date: Date.now.ISO8601Format(), hostName: host(), processor: info("model name"), cores: Context.processorCount,
      megahertz: info("cpu MHz").flatMap(Double.init).map { Int($0.rounded()) }, caches: cacheLevels(),
      flags: flags.filter { $0 == "fma" || $0.hasPrefix("avx") || $0.hasPrefix("amx") }, revision: gitRevision())
  }

  /// Bytes of the largest cache; 32 MiB where the system does not say.
  var lastLevelCache: Int { caches.map(\.bytes).max() ?? 32 << 20 }

  /// The value of the first line `name : value`.
  static func field(_ name: String, of lines: [String]) -> String? {
    func words(_ text: Substring) -> String { text.split { $0.isWhitespace }.joined(separator: " ") }
    for line in lines {
      guard let colon = line.firstIndex(of: ":"), words(line[..<colon]) == name else { continue }
      return words(line[line.index(after: colon)...])
    }
    return nil
  }

  /// `32768K` or `8M` as bytes.
  static func bytes(_ text: String) -> Int? {
    let digits = text.prefix { $0.isNumber }
    let shift: [Character: Int] = ["K": 10, "M": 20, "G": 30]
    return Int(digits).map { $0 << (text.dropFirst(digits.count).first.flatMap { shift[$0] } ?? 0) }
  }

  /// The largest resident size of this process so far, in bytes (VmHWM), or nil where the system does not say.
  static func peakMemory() -> Int? {
    field("VmHWM", of: Memory.lines("/proc/self/status"))?.split(separator: " ").first.flatMap { Int($0) }
      .map { $0 << 10 }
  }

  /// Lets the peak start again from what is resident now, so that a row does not report an earlier row's memory.
  /// Returns false where the system forbids it.
  static func resetPeakMemory() -> Bool {
    let file = open("/proc/self/clear_refs", O_WRONLY)
    guard file >= 0 else { return false }
    defer { close(file) }
    return write(file, "5", 1) == 1
  }

  private static func cacheLevels() -> [Cache] {
    (0..<8).compactMap { index in
      func entry(_ name: String) -> String? {
        Memory.lines("/sys/devices/system/cpu/cpu0/cache/index\(index)/\(name)").first
      }
      guard let level = entry("level").flatMap({ Int($0) }), let size = entry("size").flatMap(bytes) else { return nil }
      return Cache(level: level, type: entry("type") ?? "", bytes: size)
    }
  }

  private static func host() -> String {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    return text(name)
  }

  /// The commit of the folder bench is started in; nil outside a repository.
  private static func gitRevision() -> String? {
    guard let pipe = popen("git describe --always --dirty --abbrev=12 2>/dev/null", "r") else { return nil }
    defer { pclose(pipe) }
    var line = [CChar](repeating: 0, count: 128)
    return fgets(&line, Int32(line.count), pipe) == nil ? nil : text(line)
  }

  /// Up to its end or its newline.
  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
