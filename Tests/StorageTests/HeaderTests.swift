import Foundation
import Storage
import Testing

/// Against the format's own library: Fixtures/storage/headers.py wrote headers.json.
@Suite struct HeaderTests {
  struct Case: Decodable {
    struct Reading: Decodable, Equatable {
      var names: [String]
      var metadata: [String: String]
    }
    var header: String
    var data: Int
    var reads: Reading?
  }

  static let cases: [Case] = {
    let path = URL(filePath: Fixtures.path("storage/headers.json"))
    return try! JSONDecoder().decode([Case].self, from: Data(contentsOf: path))
  }()

  @Test func asTheLibraryReadsThem() {
    #expect(Self.cases.count > 200)
    for item in Self.cases {
      let read = try? open(file(item.header, data: item.data))
      let reading = read.map { Case.Reading(names: $0.names.sorted(), metadata: $0.metadata) }
      #expect(reading == item.reads, "\(item.header)")
    }
  }

  /// Where the library keeps the last of two, and where it does not know a type that a newer one may.
  @Test func whereWeDiffer() throws {
    let one = "{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}"
    #expect(throws: StorageError.self) { try open(file("{\"a\":\(one),\"a\":\(one)}", data: 1)) }
    #expect(throws: StorageError.self) { try open(file("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}")) }
    let newer = try open(
      file(
        "{\"a\":{\"dtype\":\"F3\",\"shape\":[5],\"data_offsets\":[0,2]},\"b\":\(one.replacing("[0,1]", with: "[2,3]"))}",
        data: 3))
    #expect(newer.names == ["a", "b"] && newer.dtype(of: "a") == nil && newer.shape(of: "a") == [5])
    let error = #expect(throws: StorageError.self) { try newer.floats("a") }
    #expect(error?.description.contains("holds 'F3'") == true)
    #expect(throws: StorageError.self) {
      try open(file("{\"a\":{\"dtype\":\"F3\",\"shape\":[5],\"data_offsets\":[0,2]}}", data: 1))
    }
  }

  @Test func stringsInJSON() {
    #expect(jsonString("a \"b\" \\ \n\u{1}é") == #""a \"b\" \\ \u000a\u0001é""#)
    #expect(JSON(jsonString("a\n\t\u{1}\"")) == .text("a\n\t\u{1}\""))
  }
}
