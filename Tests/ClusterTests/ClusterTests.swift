import Cluster
import Testing

@Suite struct ClusterTests {
  struct Start: Sendable, CustomStringConvertible {
    let description: String
    let variables: [String: String]
    let isLaunched: Bool
    let count: Int?

    init(_ description: String, _ variables: [String: String], isLaunched: Bool = true, count: Int? = nil) {
      self.description = description
      self.variables = variables
      self.isLaunched = isLaunched
      self.count = count
    }

    var launch: Launch { Launch { variables[$0] } }
  }

  static let starts: [Start] = [
    Start("nothing", [:], isLaunched: false),
    Start("Open MPI", ["OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "1"], count: 4),
    Start("Open MPI on PMIx", ["OMPI_COMM_WORLD_SIZE": "4", "PMIX_RANK": "3"], count: 4),
    Start("MPICH, Intel MPI, or Slurm in their place", ["PMI_RANK": "0", "PMI_SIZE": "8"], count: 8),
    Start("PMIx, which does not say how many", ["PMIX_RANK": "2"]),
    Start("Open MPI in a job of another", ["OMPI_COMM_WORLD_SIZE": "2", "PMI_RANK": "0", "PMI_SIZE": "8"], count: 2),
    // Slurm without MPI, or the rest of a launcher's variables.
    Start("tasks of a batch system", ["SLURM_NTASKS": "4", "SLURM_PROCID": "1"], isLaunched: false),
    Start("a rank that is no sign", ["OMPI_COMM_WORLD_RANK": "0"], isLaunched: false),
    Start("a size without a rank", ["PMI_SIZE": "8"], isLaunched: false, count: 8),
    // Numbers that are none: started by a launcher all the same.
    Start("a word", ["OMPI_COMM_WORLD_SIZE": "four"]),
    Start("an empty number", ["OMPI_COMM_WORLD_SIZE": "", "PMI_RANK": ""]),
    Start("a number with a space", ["PMI_RANK": "0", "PMI_SIZE": " 8"]),
    Start("a fraction", ["PMI_RANK": "0", "PMI_SIZE": "8.0"]),
    Start("more than an integer holds", ["PMI_RANK": "0", "PMI_SIZE": "99999999999999999999"]),
    Start("a word, and the other launcher's number", ["OMPI_COMM_WORLD_SIZE": "x", "PMI_SIZE": "3"], count: 3),
  ]

  @Test(arguments: starts) func launchers(start: Start) {
    #expect(start.launch.isLaunched == start.isLaunched && start.launch.count == start.count)
  }

  #if MPI
    /// What another MPI's launcher started are so many processes that each know of themselves alone. The only test that
    /// starts MPI, for a process can do so once.
    @Test func launcherOfAnotherMPI() throws {
      let launch = Launch { ["PMI_RANK": "0", "PMI_SIZE": "4"][$0] }
      let error = #expect(throws: ClusterError.self) { try Communicator.start(launch) }
      #expect(
        try #require(error).description == "4 processes were started, and each finds itself alone: the launcher is not "
          + "of the MPI that this program was built with; use that one's mpirun, or build again with this one's mpi-c")
    }
  #else
    /// Processes that would each train by themselves are refused by their number; others are alone.
    @Test(arguments: starts) func startsWithoutMPI(start: Start) throws {
      if start.isLaunched, let count = start.count {
        let error = #expect(throws: ClusterError.self) { try Communicator.start(start.launch) }
        #expect(
          try #require(error).description == "\(count) processes were started, and this program was built without MPI, "
            + "so that each would train by itself; build it with make build MPI=1")
      } else {
        try expectAlone(Communicator.start(start.launch))
      }
    }

    @Test(arguments: ["1", "0", "-2"]) func oneProcess(count: String) throws {
      let launch = Launch { ["OMPI_COMM_WORLD_SIZE": count][$0] }
      #expect(launch.isLaunched && launch.count == Int(count))
      try expectAlone(Communicator.start(launch))
    }
  #endif

  @Test func processesByThemselves() { expectAlone(Communicator()) }

  /// Every call gives back what it is given, and nothing is sent.
  private func expectAlone(_ alone: Communicator) {
    #expect(alone.rank == 0 && alone.count == 1 && alone.local == (1, 0) && alone.name == "rank 0 on ")
    #expect(alone.maximum(-3) == -3)
    var number = 7
    alone.broadcast(&number, count: MemoryLayout<Int>.size)
    #expect(number == 7)
    for bytes in [[], [1, 2, 3]] as [[UInt8]] {
      #expect(alone.broadcast(bytes) == bytes && alone.gather(bytes) == [bytes])
      var gathered = [UInt8](repeating: 9, count: bytes.count + 1)
      bytes.withUnsafeBytes { mine in
        gathered.withUnsafeMutableBytes { alone.gather(mine, into: $0.baseAddress!, counts: [bytes.count]) }
      }
      #expect(gathered == bytes + [9])
    }
    #expect(alone.bytesSent == 0)
    alone.finish()
  }
}
