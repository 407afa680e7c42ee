// What an evaluation finds, as numbers, text and JSON.

import Text

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A figure of samples beside the same figure of real pictures, taken in the same way: the best that can be expected.
public struct ComparedFigure<Value: Codable & Equatable & Sendable>: Codable, Equatable, Sendable {
  public var samples: Value
  public var reals: Value

  init(_ samples: Value, _ reals: Value) {
    self.samples = samples
    self.reals = reals
  }
}

/// The figures of an evaluation. Only those with the same count, data and version compare.
public struct EvaluationFigures: Codable, Equatable, Sendable {
  /// Samples; as many real pictures are compared with them, and as many others of these with the first.
  public var count: Int
  /// Squared Fréchet distance between normal distributions of random features; no FID. See `RandomFeatures`.
  public var distance: ComparedFigure<Double>
  /// Share of the samples that are within the manifold of the real pictures; see `Manifold`.
  public var precision: ComparedFigure<Double>
  /// Share of the real pictures that are within the manifold of the samples.
  public var recall: ComparedFigure<Double>
  /// Mean distance of two pictures: root mean square of the differences, with values in [-1, 1].
  public var variety: ComparedFigure<Double>
  /// The smallest distance of two pictures.
  public var closestPair: ComparedFigure<Double>
  /// The two samples that are closest together, by their numbers from 0 on.
  public var closestSamples: [Int]
  /// Median distance to the nearest picture of all data, mirrored or not; for real pictures to the nearest other one.
  public var nearest: ComparedFigure<Double>
  /// Pictures whose nearest one is a copy, as `cattrain prepare` tells copies; real ones are doubles in the data.
  public var copies: ComparedFigure<Int>

  /// Lines for people, without a newline at the end.
  public var table: String {
    func number(_ figure: ComparedFigure<Double>, _ places: Int) -> [String] {
      [decimal(figure.samples, places), decimal(figure.reals, places)]
    }
    let closest = closestSamples.map(String.init).joined(separator: " and ")
    let rows: [(name: String, values: [String], remark: String)] = [
      ("", ["samples", "reals"], ""), ("distance", number(distance, 2), ""), ("precision", number(precision, 3), ""),
      ("recall", number(recall, 3), ""), ("variety", number(variety, 3), ""),
      ("closest pair", number(closestPair, 3), "  samples \(closest)"), ("nearest", number(nearest, 3), ""),
      ("copies", [String(copies.samples), String(copies.reals)], ""),
    ]
    func padding(_ text: String, to length: Int) -> String {
      String(repeating: " ", count: max(0, length - text.count))
    }
    return rows.map { row in
      row.name + padding(row.name, to: 13) + row.values.map { padding($0, to: 9) + $0 }.joined() + row.remark
    }.joined(separator: "\n")
  }

  /// The contents of `figures.json`.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
  }
}
