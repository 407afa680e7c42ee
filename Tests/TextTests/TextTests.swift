import Testing

@testable import Text

@Suite struct TextTests {
  @Test func fieldsAreQuoted() {
    #expect(CSV.field("plain") == "plain")
    #expect(CSV.field("a,b") == "\"a,b\"")
    #expect(CSV.field("say \"x\"") == "\"say \"\"x\"\"\"")
    #expect(CSV.field("two\nlines") == "\"two\nlines\"")
    #expect(CSV.text([["a", "b,c"], ["", "d"]]) == "a,\"b,c\"\r\n,d\r\n")
  }

  @Test func textsInMarkup() {
    #expect(escaped("<a href='x'> & \"y\"") == "&lt;a href=&#39;x&#39;&gt; &amp; &quot;y&quot;")
  }

  @Test(arguments: [
    ("--seed=1", "--seed=1"), ("my cats", "'my cats'"), ("it's", "'it'\\''s'"), ("", "''"),
  ])
  func wordsOfAShell(word: String, expected: String) {
    #expect(shellWord(word) == expected)
  }

  @Test func shares() {
    #expect(percent(0.1234) == "12%" && percent(0.1234, 1) == "12.3%" && percent(0.005) == "1%")
  }

  @Test(arguments: [
    (1234.56, "1235"), (12.3456, "12.35"), (0.123456, "0.1235"), (0.00123456, "0.001235"), (4.2e-7, "4.2e-7"),
    (0, "0"), (1, "1.000"), (-0.5, "-0.5000"), (-4.2e-7, "-4.2e-7"), (9.99e-4, "10.0e-4"), (.infinity, "-"),
  ])
  func significantDigits(value: Double, expected: String) {
    #expect(significant(value) == expected)
  }

  @Test func axesHaveAFewRoundNumbers() {
    #expect(roundNumbers(0, 1) == [0, 0.2, 0.4, 3 * 0.2, 0.8, 1])
    #expect(roundNumbers(0, 270) == [0, 50, 100, 150, 200, 250])
    #expect(roundNumbers(-3, 1) == [-3, -2.5, -2, -1.5, -1, -0.5, 0, 0.5, 1])
    #expect(roundNumbers(1, 1) == [] && roundNumbers(0, .infinity) == [])
    for limit in [0.3, 7, 99, 1234, 56789] { #expect((5...11).contains(roundNumbers(0, limit).count)) }
  }
}
