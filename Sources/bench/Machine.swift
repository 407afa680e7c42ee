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
  var caches: [SystemInformation.Cache]
  /// Feature flags that matter to vector code.
  var flags: [String]
  var revision: String?

  static func current() -> Machine {
    let flags = SystemInformation.processor("flags")?.split(separator: " ").map(String.init) ?? []
    return Machine(
      date: Date.now.ISO8601Format(), hostName: ProcessInfo.processInfo.hostName,
      processor: SystemInformation.processor("model name"), cores: Context.processorCount,
      megahertz: SystemInformation.processor("cpu MHz").flatMap(Double.init).map { Int($0.rounded()) },
      caches: SystemInformation.caches(),
      flags: flags.filter { $0 == "fma" || $0.hasPrefix("avx") || $0.hasPrefix("amx") }, revision: gitRevision())
  }

  /// Bytes of the largest cache; 32 MiB where the system does not say.
  var lastLevelCache: Int { caches.map(\.bytes).max() ?? 32 << 20 }

  /// The commit of the folder bench is started in; nil outside a repository.
  private static func gitRevision() -> String? {
    guard let pipe = popen("git describe --always --dirty --abbrev=12 2>/dev/null", "r") else { return nil }
    defer { pclose(pipe) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), pipe) != nil else { return nil }
    return String(decoding: line.prefix { $0 > 10 }.map { UInt8($0) }, as: UTF8.self)
  }

  static func environment(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }
}
