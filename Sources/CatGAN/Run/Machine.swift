// What the machine has: memory, and a processor's name.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

public enum Machine {
  /// The processor as the system names it; nil where it does not.
  static var processor: String? {
    lines("/proc/cpuinfo").first { $0.hasPrefix("model name") }?.split(separator: ":", maxSplits: 1).last.map {
      String($0.drop { $0 == " " })
    }
  }

  /// Bytes of memory that can be had without swapping, as far as the system says; nil where it does not. In a container
  /// that may hold less than the machine, what is left of that.
  public static var availableMemory: Int? {
    #if canImport(Glibc)
      let machine = number(after: "MemAvailable:", in: lines("/proc/meminfo")).map { $0 * 1024 }
      return [machine, groupMemory(root: "/sys/fs/cgroup")].compactMap(\.self).min()
    #else
      return sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    #endif
  }

  /// Bytes that this process's control group and those around it leave it, where one of them has a limit. Pages of files
  /// that nobody used lately count as free, as in the machine's own figure.
  /// - Parameters:
  ///   - root: where the hierarchy is mounted; in a container its own group is the root.
  ///   - membership: the file that names this process's group within it.
  static func groupMemory(root: String, membership: String = "/proc/self/cgroup") -> Int? {
    var group = lines(membership).first { $0.hasPrefix("0::/") }.map { String($0.dropFirst(3)) } ?? "/"
    var least: Int?
    while true {
      let folder = root + group
      if let limit = lines("\(folder)/memory.max").first.flatMap({ Int($0) }),
        let used = lines("\(folder)/memory.current").first.flatMap({ Int($0) })
      {
        let idle = number(after: "inactive_file", in: lines("\(folder)/memory.stat")) ?? 0
        least = min(least ?? .max, max(0, limit - used + idle))
      }
      guard let slash = group.lastIndex(of: "/"), group != "/" else { return least }
      group = slash == group.startIndex ? "/" : String(group[..<slash])
    }
  }

  /// The first number of the line that begins with `name`.
  private static func number(after name: String, in lines: [String]) -> Int? {
    lines.first { $0.hasPrefix(name) }?.dropFirst(name.count).split(separator: " ").first.flatMap { Int($0) }
  }

  /// The lines of a small text file of the system; none where it cannot be read.
  private static func lines(_ path: String) -> [String] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var found: [String] = []
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let bytes = line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }
      found.append(String(decoding: bytes, as: UTF8.self))
    }
    return found
  }
}
