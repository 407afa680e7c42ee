import Testing

@testable import Kernels

@Suite struct SystemInformationTests {
  @Test func factsFromSystemFiles() {
    let lines = ["vendor_id\t: X", "model name\t: Some CPU @ 3 GHz"]
    #expect(SystemInformation.field("model name", of: lines) == "Some CPU @ 3 GHz")
    #expect(SystemInformation.field("flags", of: ["nothing here"]) == nil)
    #expect(SystemInformation.bytes("32768K\n") == 32 << 20)
    #expect(SystemInformation.bytes("8M") == 8 << 20)
    #expect(SystemInformation.bytes("") == nil)
  }
}
