// How much memory and how many threads this process may still take, so that what is too large is refused in words before
// it is begun: an allocation that fails later can only end the process.

import CProcessor

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Memory and threads that this process may still take.
public enum Memory {
  /// Something that bounds what this process may take.
  struct Bound: Equatable {
    /// With a verb's place: `64 MB are left of the 128 MB that <name>`.
    var name: String
    var total: Int
    var left: Int
    /// Whether the bound counts addresses and not the memory behind them: stacks then count in full.
    var countsAddresses = false
    /// Whether it is a setting that can be changed.
    var isLimit = true
  }

  /// Bytes that can be had without swapping, as far as the system says; nil where it does not.
  public static var available: Int? { bounds().map(\.left).min() }

  /// Makes sure that `bytes` can be had, as far as the system can know.
  /// - Parameters:
  ///   - threads: that will compute; their stacks come on top.
  ///   - purpose: the sentence's beginning, such as `training`.
  ///   - remedy: what makes it need less, such as `lower --batch-size`.
  /// - Throws: `EnvironmentError` with what is needed, what is left, and what bounds it.
  public static func require(
    _ bytes: Int, threads: Int, for purpose: String, remedy: String
  ) throws(EnvironmentError) {
    func megabytes(_ bytes: Int) -> String { "\((bytes + 999_999) / 1_000_000) MB" }
    for bound in bounds().sorted(by: { $0.left < $1.left }) {
      let needed = bytes + (bound.countsAddresses ? overhead(threads) : 0)
      if needed > bound.left {
        throw EnvironmentError(
          "\(purpose) needs about \(megabytes(needed)) of memory, but \(bound.left / 1_000_000) MB are free of the "
            + "\(megabytes(bound.total)) that \(bound.name); \(remedy)\(bound.isLimit ? ", or raise the limit" : "")")
      }
    }
    // What no figure tells, such as a system that promises no memory that it does not have.
    let block = mmap(nil, max(bytes, 1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
    if block == MAP_FAILED {
      throw EnvironmentError(
        "\(purpose) needs about \(megabytes(bytes)) of memory, which the system refuses "
          + "(\(String(cString: strerror(errno)))); \(remedy)")
    }
    munmap(block, max(bytes, 1))
  }

  /// To be called once, before any thread is started. Makes sure that as many threads as computing and waiting for signals
  /// will take can be started: where one cannot, the system's thread pool waits for it without end.
  /// - Throws: `EnvironmentError` where they cannot.
  public static func requireThreads(_ threads: Int) throws(EnvironmentError) {
    #if os(Linux)
      if addressesAreLimited { processor_share_heap() }
    #endif
    let wanted = poolThreads(threads)
    var gate = pthread_mutex_t()
    pthread_mutex_init(&gate, nil)
    defer { pthread_mutex_destroy(&gate) }
    var started: [pthread_t] = []
    var code: Int32 = 0
    withUnsafeMutablePointer(to: &gate) { gate in
      pthread_mutex_lock(gate)
      while code == 0, started.count < wanted {
        #if canImport(Glibc)
          var thread = pthread_t()
          code = pthread_create(&thread, nil, { waitAtGate($0!) }, gate)
          if code == 0 { started.append(thread) }
        #else
          var thread: pthread_t?
          code = pthread_create(&thread, nil, { waitAtGate($0) }, gate)
          if code == 0 { started.append(thread!) }
        #endif
      }
      pthread_mutex_unlock(gate)
      for thread in started { pthread_join(thread, nil) }
    }
    if code != 0 {
      throw EnvironmentError(
        "only \(started.count) of \(wanted) threads could be started (\(String(cString: strerror(code)))); raise the limit "
          + "on processes (ulimit -u) or on memory (ulimit -v), or lower --threads")
    }
  }

  /// Ends the process with a sentence, for allocations that were not asked for with `require`.
  static func exhausted(_ bytes: Int) -> Never {
    let program = CommandLine.arguments.first?.split(separator: "/").last ?? "CatGAN"
    let left = available.map { ", and \($0 / 1_000_000) MB are free" } ?? ""
    var text =
      "\(program): out of memory: another \(bytes) bytes could not be had\(left); give it more, or less to do\n"
    text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    exit(1)
  }

  /// Threads that may be alive beside the first: those that compute, which the pool limits to one per processor, and two
  /// that wait.
  private static func poolThreads(_ threads: Int) -> Int { min(threads, Context.processorCount) + 2 }

  /// Bytes of addresses beside the memory that is asked for: threads' stacks, and the alignment of large buffers.
  private static func overhead(_ threads: Int) -> Int {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    var size = 0
    pthread_attr_getstacksize(&attributes, &size)
    // A thread's own heap is bounded by `processor_share_heap`; a guard page and locals come on top.
    return poolThreads(threads) * (size + (1 << 20)) + (64 << 20)
  }

  // MARK: Bounds

  private static func bounds() -> [Bound] {
    #if canImport(Glibc)
      let page = sysconf(Int32(_SC_PAGESIZE))
      let machine = lines("/proc/meminfo")
      var bounds: [Bound] = []
      if let total = number(after: "MemTotal:", in: machine), let left = number(after: "MemAvailable:", in: machine) {
        bounds.append(Bound(name: "this machine has", total: total * 1024, left: left * 1024, isLimit: false))
      }
      if let group = groupBound() { bounds.append(group) }
      let used = lines("/proc/self/statm").first?.split(separator: " ").map { (Int($0) ?? 0) * page } ?? []
      if used.count > 5 {
        for (limit, name, used) in [
          (RLIMIT_AS, "ulimit -v allows", used[0]), (RLIMIT_DATA, "ulimit -d allows", used[5]),
        ] {
          if let total = limitOf(limit) {
            bounds.append(Bound(name: name, total: total, left: max(0, total - used), countsAddresses: true))
          }
        }
      }
      return bounds
    #else
      let total = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
      return [Bound(name: "this machine has", total: total, left: total, isLimit: false)]
    #endif
  }

  #if canImport(Glibc)
    /// Whether the process's addresses are limited.
    private static var addressesAreLimited: Bool { limitOf(RLIMIT_AS) != nil || limitOf(RLIMIT_DATA) != nil }

    private static func limitOf(_ resource: __rlimit_resource) -> Int? {
      var limit = rlimit()
      guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else { return nil }
      // What is unlimited is a number that no Int holds.
      return Int(exactly: limit.rlim_cur)
    }
  #endif

  /// What this process's control group and those around it leave it, where one of them has a limit; the tightest. Pages
  /// of files that were not used lately count as free, as in the machine's own figure.
  /// - Parameters:
  ///   - root: where the hierarchies are mounted; in a container its own group is the root.
  ///   - membership: the file that names this process's groups within them.
  static func groupBound(root: String = "/sys/fs/cgroup", membership: String = "/proc/self/cgroup") -> Bound? {
    var least: Bound?
    for line in lines(membership) {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      if parts[0] == "0" {
        look(root, String(parts[2]), ("memory.max", "memory.current", "inactive_file"))
      } else if parts[1].split(separator: ",").contains("memory") {
        let names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        look("\(root)/memory", String(parts[2]), names)
      }
    }
    func look(_ root: String, _ path: String, _ names: (limit: String, used: String, idle: String)) {
      var group = path
      while true {
        let folder = group == "/" ? root : root + group
        if let limit = lines("\(folder)/\(names.limit)").first.flatMap({ Int($0) }), limit < unlimited,
          let used = lines("\(folder)/\(names.used)").first.flatMap({ Int($0) })
        {
          let idle = number(after: names.idle + " ", in: lines("\(folder)/memory.stat")) ?? 0
          let left = max(0, limit - used + idle)
          if left < least?.left ?? .max {
            least = Bound(name: "the container or control group allows", total: limit, left: left)
          }
        }
        guard let slash = group.lastIndex(of: "/"), group != "/" else { return }
        group = slash == group.startIndex ? "/" : String(group[..<slash])
      }
    }
    return least
  }

  /// Version 1 of control groups says "no limit" by a number near 2^63.
  private static let unlimited = 1 << 60

  /// The first number of the line that begins with `name`.
  private static func number(after name: String, in lines: [String]) -> Int? {
    lines.first { $0.hasPrefix(name) }?.dropFirst(name.count).split(separator: " ").first.flatMap { Int($0) }
  }

  /// The lines of a small text file of the system; none where it cannot be read.
  package static func lines(_ path: String) -> [String] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var found: [String] = []
    var line = [CChar](repeating: 0, count: 4096)
    while fgets(&line, Int32(line.count), file) != nil {
      let bytes = line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }
      found.append(String(decoding: bytes, as: UTF8.self))
    }
    return found
  }
}

/// What a thread does that is started only to see whether it can be.
private func waitAtGate(_ gate: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
  let gate = gate.assumingMemoryBound(to: pthread_mutex_t.self)
  pthread_mutex_lock(gate)
  pthread_mutex_unlock(gate)
  return nil
}
