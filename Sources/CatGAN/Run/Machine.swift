// What the machine has: memory.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

public enum Machine {
  /// Bytes of memory that can be had without swapping, as far as the system says; nil where it does not.
  public static var availableMemory: Int? {
    #if canImport(Glibc)
      guard let file = fopen("/proc/meminfo", "r") else { return nil }
      defer { fclose(file) }
      var available: Int?
      var line = [CChar](repeating: 0, count: 256)
      while fgets(&line, Int32(line.count), file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if text.hasPrefix("MemAvailable:") {
          available = text.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
        }
      }
      return available
    #else
      return sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    #endif
  }

  /// Bytes of memory that this process occupies now.
  public static var residentMemory: Int? {
    #if canImport(Glibc)
      guard let file = fopen("/proc/self/statm", "r") else { return nil }
      defer { fclose(file) }
      var line = [CChar](repeating: 0, count: 256)
      guard fgets(&line, Int32(line.count), file) != nil else { return nil }
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      return text.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * sysconf(Int32(_SC_PAGESIZE)) }
    #else
      return nil
    #endif
  }
}
