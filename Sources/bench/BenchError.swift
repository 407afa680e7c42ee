/// Something that went wrong outside the command line (that is `UsageError`): one sentence, exit code 1.
struct BenchError: Error, CustomStringConvertible, Equatable {
  var description: String

  init(_ description: String) { self.description = description }
}
