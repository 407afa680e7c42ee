#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Context {
  /// One core's share of the second-level cache: what the system says of it (on Linux sysfs, or else the C library, which
  /// asks the processor), else what is known of the core, else half a megabyte.
  static let reportedSecondLevelCache: Int = {
    #if os(Linux)
      if let share = secondLevelCache(core: "/sys/devices/system/cpu/cpu0") { return share }
    #endif
    #if canImport(Glibc)
      let reported = sysconf(Int32(_SC_LEVEL2_CACHE_SIZE))
    #elseif canImport(Darwin)
      // A cluster of cores has one between them.
      let reported = systemNumber("hw.perflevel0.l2cachesize") / max(systemNumber("hw.perflevel0.cpusperl2"), 1)
    #else
      let reported = 0
    #endif
    if reported > 0 { return reported }
    #if os(Linux) && arch(arm64)
      let register = Memory.lines("/sys/devices/system/cpu/cpu0/regs/identification/midr_el1").first ?? ""
      if let known = secondLevelCache(mainID: register) { return known }
    #endif
    return 512 << 10
  }()

  #if os(Linux)
    /// The same from the folder in which the system describes a core.
    /// - Returns: nil where it says nothing of such a cache.
    static func secondLevelCache(core folder: String) -> Int? {
      let caches = SystemInformation.caches(core: folder)
      guard let cache = caches.first(where: { $0.level == 2 && $0.type != "Instruction" && $0.bytes > 0 }) else {
        return nil
      }
      let threads = max(SystemInformation.processors(folder + "/topology/thread_siblings_list"), 1)
      return cache.bytes / max(cache.processors / threads, 1)
    }
  #endif

  /// The smallest second-level cache that an ARM core is built with, or a core's share of its cluster's, by the main
  /// identification register (Arm Architecture Reference Manual, MIDR_EL1: implementer in bits 24 to 31, part in bits 4 to
  /// 15), in hexadecimal. Sizes from the cores' technical reference manuals.
  /// - Returns: nil where the core is none of these.
  static func secondLevelCache(mainID: String) -> Int? {
    guard mainID.hasPrefix("0x"), let register = UInt64(mainID.dropFirst(2), radix: 16) else { return nil }
    switch (register >> 24 & 0xff, register >> 4 & 0xfff) {
    case (0x41, 0xd0c): return 256 << 10  // Neoverse N1
    case (0x41, 0xd40), (0x41, 0xd49): return 512 << 10  // Neoverse V1 and N2
    case (0x41, 0xd4f): return 1 << 20  // Neoverse V2
    case (0x61, _): return 3 << 20  // Apple M: 12 or 16 MB for four or five fast cores
    default: return nil
    }
  }

  #if canImport(Darwin)
    private static func systemNumber(_ name: String) -> Int {
      var number: Int64 = 0
      var length = MemoryLayout.size(ofValue: number)
      return sysctlbyname(name, &number, &length, nil, 0) == 0 ? Int(number) : 0
    }
  #endif
}
