import Testing

@testable import Arguments

private let command = Command(
  "mew", version: "1.2", summary: "a command for tests", operands: [Operand("FOLDER", help: "where it reads")],
  flags: [
    Flag("--epochs", "N", group: "Training", default: "215", help: "how long"),
    Flag("--rate", "X", group: "Training", default: "0.5", help: "how fast"),
    Flag("--out", "FILE", group: "Output", help: "where it writes"),
    Flag("--seeds", "LIST", group: "Output", help: "which"),
    Flag("--grid", "CxR", group: "Output", help: "columns and rows"),
    Flag("--threads", "LIST", group: "Output", defaultNote: "all cores", help: "how many, a | b"),
    Flag(switch: "--ema", group: "Output", default: true, help: "use the average"),
    Flag(switch: "--force", group: "Output", help: "overwrite"),
  ])

private func sentence(_ words: String..., then ask: (Arguments) throws -> Void = { _ in }) -> String? {
  do {
    try ask(try command.parse(words))
    return nil
  } catch {
    return "\(error)"
  }
}

@Test func valuesAreReadInEverySpelling() throws {
  let given = try command.parse(["--epochs", "3", "dir", "--rate=0.25", "--no-ema", "--out=a=b", "--grid", "8x4"])
  #expect(try given.int("--epochs", in: 1...) == 3)
  #expect(try given.double("--rate", in: 0...1) == 0.25)
  #expect(given.optionalString("--out") == "a=b")
  #expect(!given.isOn("--ema") && !given.isOn("--force"))
  #expect(given.operands == ["dir"])
  let grid = try #require(try given.optionalGrid("--grid"))
  #expect(grid == (columns: 8, rows: 4))
  #expect(given.isGiven("--epochs") && !given.isGiven("--threads"))
}

@Test func defaultsApplyWhereNothingIsGiven() throws {
  let given = try command.parse(["--", "--dir"])
  #expect(given.operands == ["--dir"])
  #expect(try given.int("--epochs", in: 1...) == 215)
  #expect(given.isOn("--ema"))
  #expect(try given.optionalSeeds("--seeds") == nil)
  #expect(try command.parse(["-"]).operands == ["-"])
}

@Test func listsAndSeedRanges() throws {
  let given = try command.parse(["d", "--seeds", "0-3,20,31,20", "--threads", "1,2"])
  #expect(try given.optionalSeeds("--seeds") == [0, 1, 2, 3, 20, 31, 20])
  #expect(try given.optionalInts("--threads", in: 1...) == [1, 2])
  let last = try command.parse(["d", "--seeds", "18446744073709551615"])
  #expect(try last.optionalSeeds("--seeds") == [UInt64.max])
}

@Test func mistakesGetOneSentence() {
  #expect(sentence("d", "--epoch", "3") == "mew knows no flag --epoch; did you mean --epochs?")
  #expect(sentence("d", "--zzzzzzzz") == "mew knows no flag --zzzzzzzz; mew --help lists them")
  #expect(sentence("d", "-q") == "mew knows no flag -q; mew --help lists them")
  #expect(sentence("d", "--out") == "--out needs a value: --out FILE")
  #expect(sentence("d", "--out", "--force") == "--out needs a value: --out FILE")
  #expect(sentence("d", "--force=1") == "--force takes no value, so '=1' must go")
  #expect(sentence("d", "--ema", "--no-ema") == "--ema is given more than once: keep one of them")
  #expect(sentence("d", "--no-force") == "mew knows no flag --no-force; did you mean --force?")
  #expect(sentence() == "FOLDER is missing (where it reads): mew FOLDER [FLAGS]")
  #expect(sentence("a", "b") == "'b' is one argument too many: mew FOLDER [FLAGS]")
  #expect(sentence("") == "FOLDER is empty (where it reads): mew FOLDER [FLAGS]")
}

@Test(arguments: [
  ("--epochs", "0", "--epochs 0: must be a whole number of at least 1"),
  ("--epochs", "1e3", "--epochs 1e3: must be a whole number of at least 1"),
  ("--epochs", "", "--epochs '': must be a whole number of at least 1"),
  ("--epochs", "99999999999999999999", "--epochs 99999999999999999999: must be at most 9223372036854775807"),
  ("--rate", "nan", "--rate nan: must be a number from 0.0 to 1.0"),
  ("--rate", "-1", "--rate -1: must be a number from 0.0 to 1.0"),
  (
    "--seeds", "1,,2",
    "--seeds 1,,2: '' is neither a seed (0 to 18446744073709551615) nor a range such as 0-15"
  ),
  ("--seeds", "5-2", "--seeds 5-2: the range 5-2 runs backwards, write 2-5"),
  ("--seeds", "0-18446744073709551615", "--seeds 0-18446744073709551615: more than 10000000 seeds"),
  ("--grid", "8", "--grid 8: must be columns x rows, such as 8x8, each from 1 to 65535"),
  ("--grid", "0x3", "--grid 0x3: must be columns x rows, such as 8x8, each from 1 to 65535"),
  ("--grid", "+2x3", "--grid +2x3: must be columns x rows, such as 8x8, each from 1 to 65535"),
])
func badValuesNameTheFlag(flag: String, value: String, expected: String) {
  let found = sentence("d", "\(flag)=\(value)") { given in
    switch flag {
    case "--epochs": _ = try given.int(flag, in: 1...)
    case "--rate": _ = try given.double(flag, in: 0...1)
    case "--seeds": _ = try given.optionalSeeds(flag)
    default: _ = try given.optionalGrid(flag)
    }
  }
  #expect(found == expected)
}

@Test func helpShowsEveryDeclarationAndItsDefault() throws {
  let help = command.help
  for flag in command.allFlags where !flag.hidden {
    #expect(help.contains(flag.spelling))
    #expect(help.contains(flag.help))
    if let fallback = flag.shownFallback { #expect(help.contains("[\(fallback)]")) }
    #expect(command.markdown.contains("`\(flag.spelling)`"))
  }
  #expect(!help.contains("--help-markdown"))
  #expect(command.markdown.contains("a \\| b"))
  #expect(command.markdown.contains("| **Training** | | |\n| `--epochs N`"))
  #expect(try command.parse(["--help"]).answer() == String(help.dropLast()))
  #expect(try command.parse(["-h", "--out", "x"]).answer() != nil)
  #expect(try command.parse(["--version"]).answer() == "mew 1.2")
  #expect(try command.parse(["d"]).answer() == nil)
}

@Test func aSubcommandHasItsOwnFlags() throws {
  let parent = Command("mew", version: "1", summary: "s", subcommands: [command])
  #expect(try parent.parse(["mew", "d", "--epochs", "2"]).int("--epochs", in: 1...) == 2)
  #expect(throws: UsageError.self) { try parent.parse(["mow"]) }
  #expect(parent.help.contains("a command for tests"))
  let given = try parent.parse(["mew", "--help"])
  #expect(try given.answer()?.contains("Usage: mew mew FOLDER [FLAGS]") == true)
  #expect(throws: UsageError("mew mew knows no flag --nope; mew mew --help lists them")) {
    try parent.parse(["mew", "d", "--nope"])
  }
}

@Test func editDistanceCountsChanges() {
  #expect(editDistance("kitten", "sitting") == 3)
  #expect(editDistance("", "abc") == 3)
  #expect(editDistance("same", "same") == 0)
}
