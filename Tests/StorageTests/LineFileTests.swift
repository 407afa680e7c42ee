import Foundation
import Storage
import Testing

@Suite struct LineFileTests {
  private func text(_ path: String) -> String { String(decoding: contents(path) ?? [], as: UTF8.self) }

  @Test func appendsAcrossOpenings() throws {
    let directory = try TemporaryFolder()
    for line in ["one", "", "two"] {
      let file = try LineFile(directory("log"))
      #expect(file.repairedBytes == 0)
      try file.append(line)
    }
    #expect(text(directory("log")) == "one\n\ntwo\n")
  }

  @Test(arguments: ["", "whole\n", "whole\nagain\n"], ["torn", String(repeating: "x", count: 10_000)])
  func aTornLineIsTakenAway(whole: String, torn: String) throws {
    let directory = try TemporaryFolder()
    try AtomicFile.write(directory("log"), text: whole + torn, overwrite: false)
    let file = try LineFile(directory("log"))
    #expect(file.repairedBytes == torn.utf8.count)
    try file.append("next")
    #expect(text(directory("log")) == whole + "next\n")
  }

  /// The disk fails at every place: after the first success on a working disk again, the file holds exactly the lines
  /// whose appending was reported as done, whole.
  @Test(arguments: [ENOSPC, EIO]) func everyCallCanFail(code: Int32) throws {
    for call in 0..<12 {
      let directory = try TemporaryFolder()
      var expected = "before\n"
      try AtomicFile.write(directory("log"), text: expected + "torn", overwrite: false)
      do {
        let file = try LineFile(directory("log"), fileSystem: FaultyDisk(failing: call, code: code))
        for line in ["first", "second", "third"] {
          do {
            try file.append(line)
            expected += line + "\n"
          } catch {
            #expect((error as? StorageError)?.code == code)
          }
        }
        #expect(text(directory("log")) == expected, "call \(call)")
      } catch {
        #expect((error as? StorageError)?.code == code)
      }
      _ = try LineFile(directory("log"))
      #expect(text(directory("log")) == expected, "call \(call)")
    }
  }

  /// A disk that is full from some call on, so that not even the half line can be taken away.
  @Test func aDiskThatStaysBroken() throws {
    for call in 0..<10 {
      let directory = try TemporaryFolder()
      var expected = ""
      if let file = try? LineFile(directory("log"), fileSystem: FaultyDisk(failing: call, forEver: true)) {
        for line in ["first", "second", "third", "fourth"] where (try? file.append(line)) != nil {
          expected += line + "\n"
        }
      }
      _ = try LineFile(directory("log"))
      #expect(text(directory("log")) == expected, "call \(call)")
    }
  }

  @Test func interruptedAndShortWritesAreContinued() throws {
    let directory = try TemporaryFolder()
    let file = try LineFile(directory("log"), fileSystem: FaultyDisk(interruptEvery: 2, writeLimit: 3))
    try file.append("a line of some length")
    try file.append("and another one")
    #expect(text(directory("log")) == "a line of some length\nand another one\n")
  }
}
