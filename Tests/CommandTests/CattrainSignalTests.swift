import Foundation
import Testing

/// Signals that come in twos, and one that is ignored.
@Suite struct CattrainSignalTests {
  /// A run without an end, once its first step is logged.
  private func started(in place: Place, prelude: String) throws -> Process {
    let pictures = try CattrainTests.pictures(8, in: place)
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments =
      ["-c", "\(prelude); exec \"$0\" \"$@\"", CattrainTests.cattrain.url.path, pictures, "--steps", "1000000"]
      + CattrainTests.small
    process.currentDirectoryURL = URL(filePath: place.path)
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    while lines(in: place) == 0 {
      try #require(process.isRunning)
      usleep(2000)
    }
    return process
  }

  private func lines(in place: Place) -> Int {
    (FileManager.default.contents(atPath: place("\(CattrainTests.run)/stats.jsonl")) ?? Data()).filter { $0 == 10 }
      .count
  }

  /// A second signal while the first one is still being answered. The process is held in between, so that the second
  /// one, more than a second later, still finds it in its step.
  @Test(arguments: [SIGINT, SIGTERM, SIGHUP], [SIGINT, SIGTERM, SIGHUP])
  func aSecondSignalLosesNothing(first: Int32, second: Int32) throws {
    let place = try Place()
    let process = try started(in: place, prelude: ":")
    kill(process.processIdentifier, first)
    kill(process.processIdentifier, SIGSTOP)
    usleep(1_100_000)
    kill(process.processIdentifier, second)
    kill(process.processIdentifier, SIGCONT)
    process.waitUntilExit()
    #expect(process.outcome == 0)
    #expect(!CattrainTests.checkpoints(CattrainTests.run, in: place).isEmpty)
  }

  /// Swift's runtime would report a crash and go on.
  @Test func quitting() throws {
    let place = try Place()
    let process = try started(in: place, prelude: "ulimit -c 0")
    kill(process.processIdentifier, SIGQUIT)
    process.waitUntilExit()
    #expect(process.outcome == -SIGQUIT)
  }

  /// The soft limit of a batch system's time is a request to stop.
  @Test func timeOfTheProcessorIsUp() throws {
    let place = try Place()
    let process = try started(in: place, prelude: ":")
    kill(process.processIdentifier, SIGXCPU)
    process.waitUntilExit()
    #expect(process.outcome == 0)
    #expect(!CattrainTests.checkpoints(CattrainTests.run, in: place).isEmpty)
  }

  /// `prepare` that is stopped leaves all of its files or none, and ends as the signal would have ended it.
  @Test(arguments: [SIGINT, SIGTERM]) func prepareIsStopped(signal: Int32) throws {
    let place = try Place()
    let pictures = try CattrainTests.pictures(300, in: place)
    for delay: UInt32 in [1000, 20_000, 40_000, 80_000] {
      let process = try CattrainTests.cattrain.start(["prepare", pictures, "faces", "--keep-copies"], in: place.path)
      usleep(delay)
      kill(process.processIdentifier, signal)
      process.waitUntilExit()
      let made = place.names.filter { $0.hasPrefix("faces") }
      let isWhole = ["faces", "faces.contact-sheet.png", "faces.kept.csv", "faces.rejected.csv"].allSatisfy(
        made.contains)
      #expect(isWhole ? made.count == 304 : made.isEmpty, "after \(delay) us: \(made)")
      #expect(isWhole || process.outcome == -signal, "after \(delay) us: \(process.outcome)")
      for name in made where !name.contains("/") { try FileManager.default.removeItem(atPath: place(name)) }
    }
  }

  /// Under nohup training goes on when the terminal closes.
  @Test func anIgnoredHangupStaysIgnored() throws {
    let place = try Place()
    let process = try started(in: place, prelude: "trap '' HUP")
    kill(process.processIdentifier, SIGHUP)
    let before = lines(in: place)
    while lines(in: place) < before + 3 {
      try #require(process.isRunning)
      usleep(2000)
    }
    kill(process.processIdentifier, SIGTERM)
    process.waitUntilExit()
    #expect(process.outcome == 0)
    #expect(!CattrainTests.checkpoints(CattrainTests.run, in: place).isEmpty)
  }
}
