import Foundation
import Testing

@testable import Kernels

@Suite struct MemoryTests {
  private static func text(_ text: String, _ path: String) throws {
    try FileManager.default.createDirectory(
      atPath: String(path[..<path.lastIndex(of: "/")!]), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(filePath: path))
  }

  /// A container's limit counts, and so does that of a group around it, in both versions of control groups.
  @Test func controlGroups() throws {
    let place = try TemporaryFolder()
    defer { place.remove() }
    let folder = place.path
    for (group, limit, used) in [("", "max", 9_000), ("/outer", "8000", 5_000), ("/outer/inner", "max", 100)] {
      try Self.text("\(limit)\n", folder + "/two\(group)/memory.max")
      try Self.text("\(used)\n", folder + "/two\(group)/memory.current")
    }
    try Self.text("anon 1\ninactive_file 700\n", folder + "/two/outer/memory.stat")
    for (group, limit, used) in [("", Int.max & ~4095, 9_000), ("/docker/box", 6_000, 5_500)] {
      try Self.text("\(limit)\n", folder + "/one/memory\(group)/memory.limit_in_bytes")
      try Self.text("\(used)\n", folder + "/one/memory\(group)/memory.usage_in_bytes")
    }
    try Self.text("inactive_file 1\ntotal_inactive_file 300\n", folder + "/one/memory/docker/box/memory.stat")
    for (root, groups, total, left) in [
      ("two", "0::/outer/inner\n", 8_000, 3_700), ("two", "0::/\n", nil, nil), ("two", "", nil, nil),
      ("one", "9:cpu:/x\n4:hugetlb,memory:/docker/box\n0::/\n", 6_000, 800),
      // In a container the groups are named as outside, and its own is the root.
      ("one/memory/docker", "4:memory:/elsewhere\n", nil, nil),
    ] as [(String, String, Int?, Int?)] {
      try Self.text(groups, folder + "/membership")
      let bound = Memory.groupBound(root: folder + "/" + root, membership: folder + "/membership")
      #expect(bound?.total == total && bound?.left == left, "\(root) \(groups): \(String(describing: bound))")
    }
    try Self.text("6000\n", folder + "/inside/memory/memory.limit_in_bytes")
    try Self.text("5000\n", folder + "/inside/memory/memory.usage_in_bytes")
    try Self.text("4:memory:/docker/box\n", folder + "/membership")
    #expect(Memory.groupBound(root: folder + "/inside", membership: folder + "/membership")?.left == 1_000)
  }

  @Test func whatIsTooMuchIsSaid() throws {
    try Memory.require(1 << 20, threads: 1, for: "a test", remedy: "nothing")
    let error = #expect(throws: EnvironmentError.self) {
      try Memory.require(1 << 50, threads: 1, for: "a test", remedy: "ask for less")
    }
    let text = try #require(error).description
    #expect(text.hasPrefix("a test needs about 1125899907 MB of memory") && text.contains("ask for less"), "\(text)")
  }
}
