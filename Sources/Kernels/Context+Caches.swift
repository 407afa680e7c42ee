#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Context {
  /// What the system says of one core's second-level cache; half a megabyte where it says nothing.
  static let reportedSecondLevelCache: Int = {
    #if canImport(Glibc)
      let reported = sysconf(Int32(_SC_LEVEL2_CACHE_SIZE))
    #elseif canImport(Darwin)
      var reported = 0
      var length = MemoryLayout.size(ofValue: reported)
      sysctlbyname("hw.perflevel0.l2cachesize", &reported, &length, nil, 0)
    #else
      let reported = 0
    #endif
    return reported > 0 ? reported : 512 << 10
  }()
}
