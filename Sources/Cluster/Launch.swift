#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What the environment says of the launcher that started this process.
public struct Launch: Sendable, Equatable {
  /// Whether there was one.
  public let isLaunched: Bool
  /// How many processes it started, where it says.
  public let count: Int?

  /// Variables by which processes know their launcher: of Open MPI, of MPICH and Intel MPI (and Slurm in their place), and
  /// of PMIx.
  private static let signs = ["OMPI_COMM_WORLD_SIZE", "PMI_RANK", "PMIX_RANK"]
  private static let counts = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"]

  public init(_ variable: (String) -> String?) {
    isLaunched = Launch.signs.contains { variable($0) != nil }
    count = Launch.counts.compactMap { variable($0).flatMap { Int($0) } }.first
  }

  public static var environment: Launch { Launch { getenv($0).map { String(cString: $0) } } }
}
