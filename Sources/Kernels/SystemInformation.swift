#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What Linux tells of the processor and of this process, in /proc and /sys. Elsewhere, and where it tells nothing, all of it is
/// nil or empty.
package enum SystemInformation {
  /// A cache that a core reaches.
  package struct Cache: Equatable, Sendable {
    package var level: Int
    /// Data, Instruction or Unified.
    package var type: String
    package var bytes: Int
    /// Those that share it; 0 where the system does not say.
    package var processors: Int

    package init(level: Int, type: String, bytes: Int, processors: Int) {
      (self.level, self.type, self.bytes, self.processors) = (level, type, bytes, processors)
    }
  }

  /// An entry of /proc/cpuinfo, such as `model name`.
  package static func processor(_ name: String) -> String? { field(name, of: Memory.lines("/proc/cpuinfo")) }

  /// The caches of the core that the system describes in `folder`.
  package static func caches(core folder: String = "/sys/devices/system/cpu/cpu0") -> [Cache] {
    (0..<8).compactMap { index in
      func entry(_ name: String) -> String? { Memory.lines("\(folder)/cache/index\(index)/\(name)").first }
      guard let level = entry("level").flatMap({ Int($0) }), let size = entry("size").flatMap(bytes) else { return nil }
      return Cache(
        level: level, type: entry("type") ?? "", bytes: size,
        processors: processors("\(folder)/cache/index\(index)/shared_cpu_list"))
    }
  }

  /// How many processors a file with a list such as 0-3,8 names; 0 for what is none.
  static func processors(_ file: String) -> Int {
    (Memory.lines(file).first ?? "").split(separator: ",").reduce(0) { sum, range in
      let ends = range.split(separator: "-").map { Int($0) ?? -1 }
      guard let first = ends.first, let last = ends.last, 0 <= first, first <= last else { return sum }
      return sum + last - first + 1
    }
  }

  /// The largest resident size of this process so far, in bytes (VmHWM).
  package static var peakMemory: Int? {
    field("VmHWM", of: Memory.lines("/proc/self/status"))?.split(separator: " ").first.flatMap { Int($0) }
      .map { $0 << 10 }
  }

  /// Lets `peakMemory` start again from what is resident. Returns false where the system forbids it.
  package static func resetPeakMemory() -> Bool {
    let file = open("/proc/self/clear_refs", O_WRONLY)
    guard file >= 0 else { return false }
    defer { close(file) }
    return write(file, "5", 1) == 1
  }

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
}
