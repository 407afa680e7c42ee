import Foundation
import Storage
import TestSupport
import Testing

@testable import CatGAN

@Suite struct TensorBoardWriterTests {
  /// The disk fails at every place: the file holds exactly the records whose writing was reported as done, whole.
  @Test func everyCallCanFail() throws {
    for call in 0..<10 {
      let directory = try TemporaryFolder()
      let disk = FaultyDisk(failing: call)
      guard let writer = try? TensorBoardWriter(directory: directory.path, start: 1, fileSystem: disk) else { continue }
      var written = 2
      for step in 1...3 where (try? writer.write(figures(step))) != nil { written += 1 }
      let name = try #require(try Disk().names(in: directory.path).first)
      let file = try Data(contentsOf: URL(filePath: directory(name)))
      #expect(records([UInt8](file)) == written, "call \(call)")
    }
  }

  /// TensorBoard reads files in the order of the numbers in their names.
  @Test func aNewFileComesAfterTheOthers() throws {
    let directory = try TemporaryFolder()
    for _ in 0..<3 { _ = try TensorBoardWriter(directory: directory.path, start: 1) }
    let numbers = try Disk().names(in: directory.path).map { $0.split(separator: ".")[3] }
    #expect(Set(numbers).count == 3)
  }

  private func figures(_ step: Int) -> StepRecord {
    StepRecord(
      step: step, epoch: 1, discriminatorLoss: 1, generatorLoss: 2, realProbability: 0.5, fakeProbability: 0.5,
      imagesPerSecond: 10, seconds: Double(step))
  }

  /// The records of a file, each a length of 8 bytes, its checksum of 4, so many bytes, and theirs; nil where the last is short.
  private func records(_ file: [UInt8]) -> Int? {
    var (position, count) = (0, 0)
    while position + 8 <= file.count {
      position += 16 + file[position..<position + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
      count += 1
    }
    return position == file.count ? count : nil
  }
}
