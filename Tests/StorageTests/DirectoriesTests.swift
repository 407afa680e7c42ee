import Foundation
import Storage
import Synchronization
import Testing

@Suite struct DirectoriesTests {
  @Test func numbersGoUpAndAreNeverTakenTwice() throws {
    let directory = try TemporaryFolder()
    let runs = directory("deep/runs")
    #expect(try createNumberedDirectory(in: runs, name: "a") == "\(runs)/00000-a")
    #expect(try createNumberedDirectory(in: runs, name: "b") == "\(runs)/00001-b")
    try createDirectory("\(runs)/00041-other")
    try AtomicFile.write("\(runs)/notes.txt", text: "", overwrite: false)
    #expect(try createNumberedDirectory(in: runs, name: "a") == "\(runs)/00042-a")
    try createDirectory("\(runs)/99999-x")
    #expect(try createNumberedDirectory(in: runs, name: "a") == "\(runs)/100000-a")
    try createDirectory("\(runs)/99999999999999999999-beyond-any-integer")
    #expect(try createNumberedDirectory(in: runs, name: "a") == "\(runs)/100001-a")
  }

  @Test func manyAtOnceGetDifferentNumbers() throws {
    let directory = try TemporaryFolder()
    let runs = directory("runs")
    let made = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 64) { i in
      let path = try? createNumberedDirectory(in: runs, name: "run\(i)")
      made.withLock { $0.append(path ?? "") }
    }
    let numbers = made.withLock { $0.map { $0.dropFirst(runs.count + 1).prefix(5) } }
    #expect(Set(numbers).count == 64)
  }

  @Test func failuresAreNamed() throws {
    let directory = try TemporaryFolder()
    try AtomicFile.write(directory("file"), text: "", overwrite: false)
    #expect(throws: StorageError.self) { try createDirectory(directory("file")) }
    #expect(throws: StorageError.self) { try createNumberedDirectory(in: directory("file"), name: "a") }
    for call in 0..<6 {
      let disk = FaultyDisk(failing: call)
      if (try? createNumberedDirectory(in: directory("runs\(call)"), name: "a", fileSystem: disk)) == nil {
        #expect(!directory.names.contains("runs\(call)/00000-a"))
      }
    }
  }
}
