// How a run is doing, in plain words and with the evidence. It reads figures only and stops nothing.

import Text

/// A run's state in words.
public struct Verdict: Equatable, Sendable {
  /// What is judged of a run; the raw value says it to people.
  public enum State: String, Sendable {
    case early = "too early to say"
    case healthy = "healthy"
    case discriminatorWinning = "discriminator winning"
    case flat = "samples nearly plain"
    case collapsed = "collapsed"
    case diverged = "diverged"
  }

  /// What is judged.
  public let state: State
  /// One sentence with the figures that it rests on.
  public let reason: String

  /// Records that must be there before anything but divergence is judged, unless half of the run is over; averages are over
  /// as many, or over half of what there is.
  static let window = 50
  /// Steps before samples are judged, or half of a shorter run: a fresh generator paints the same gray from every z.
  static let settlingSteps = 500
  /// Runs that are shorter may simply not have had their time.
  static let shortRun = 1000
  /// Samples whose levels deviate by less than this share of the reals' are plain to the eye.
  static let flatShare: Float = 1 / 5
  /// Samples closer together than this share of the reals' distance count as collapsed: below a third, a grid shows
  /// variants of one picture.
  static let collapsedShare: Float = 1 / 3
  /// Samples with this share of levels at the limits more than real pictures, and with thrice their share, are glaring
  /// blotches: rates far too high drive the generator's tanh to its ends and hold it there.
  static let glaringShare: Float = 0.2
  static let glaringRatio: Float = 3
  /// Steps before glare is judged, or half of a shorter run.
  static let glareSteps = 200
  /// D(x) - D(G(z)) above this share of its largest possible value means that the generator gets next to no gradient.
  static let winningShare: Float = 0.85
  /// Losses a hundred times chance are not training any more, although still finite.
  static let largestLoss: Float = 100

  /// Judges what `history` shows.
  /// - Parameters:
  ///   - loss: whose losses the history holds.
  ///   - labelSmoothing: the target of real pictures is 1 minus this, so D(x) does not usefully exceed it.
  ///   - totalSteps: those of the whole run.
  public init(
    _ history: History, loss: AdversarialLoss = .crossEntropy, labelSmoothing: Float = 0, totalSteps: Int = .max
  ) {
    if let event = history.events.last(where: { $0.event == .diverged || $0.event == .resumed }),
      event.event == .diverged
    {
      self.init(.diverged, event.message ?? "a value stopped being finite at step \(event.step).")
      return
    }
    if let bad = history.steps.suffix(Verdict.window).first(where: {
      !$0.isFinite || abs($0.discriminatorLoss) > Verdict.largestLoss || abs($0.generatorLoss) > Verdict.largestLoss
    }) {
      self.init(
        .diverged,
        "at step \(bad.step) the losses were D \(decimal(bad.discriminatorLoss, 2)) and "
          + "G \(decimal(bad.generatorLoss, 2)); at chance they are \(loss.chance.discriminator) and "
          + "\(loss.chance.generator).")
      return
    }
    if let judgement = Verdict.ofGlare(history, totalSteps) {
      self = judgement
      return
    }
    guard let last = history.steps.last, history.steps.count >= Verdict.window || last.step >= totalSteps / 2 else {
      self.init(
        .early,
        "\(history.steps.count) of the \(Verdict.window) logged steps that a judgement needs before half of the run.")
      return
    }
    if let judgement = Verdict.ofSamples(history, totalSteps) {
      self = judgement
      return
    }
    let recent = history.steps.suffix(min(Verdict.window, (history.steps.count + 1) / 2))
    let real = recent.reduce(0) { $0 + $1.realProbability } / Float(recent.count)
    let fake = recent.reduce(0) { $0 + $1.fakeProbability } / Float(recent.count)
    var figures =
      "over the last \(recent.count) logged steps D(x) is \(decimal(real, 2)) and D(G(z)) \(decimal(fake, 2))"
    var hasWon = real - fake > Verdict.winningShare * (1 - labelSmoothing)
    var remedy = "A lower --lr-d or a higher --label-smoothing helps."
    if loss == .hinge {
      // Its logits are no probabilities: a lead shows in how far the loss is below that of chance.
      let mean = recent.reduce(0) { $0 + $1.discriminatorLoss } / Float(recent.count)
      hasWon = mean < (1 - Verdict.winningShare) * Float(loss.chance.discriminator)
      figures = "over the last \(recent.count) logged steps D's loss is \(decimal(mean, 2)), where chance has 2"
      remedy = "A lower --lr-d helps."
    }
    if hasWon {
      self.init(
        .discriminatorWinning,
        figures + ": the discriminator tells nearly all apart and the generator learns little from it. " + remedy)
      return
    }
    self.init(.healthy, figures + ": neither network has won, and all values are finite.")
  }

  /// What is wrong with the newest samples, however the losses look.
  private static func ofSamples(_ history: History, _ totalSteps: Int) -> Verdict? {
    guard let sample = history.events.last(where: { $0.event == .sample && $0.sampleDistance != nil }),
      sample.step >= min(settlingSteps, totalSteps / 2)
    else { return nil }
    let remedy = totalSteps < shortRun ? " The run has \(totalSteps) steps; more may be all that is missing." : ""
    if let deviation = sample.sampleDeviation, let real = sample.realDeviation, deviation < real * flatShare {
      return Verdict(
        .flat,
        "the samples of step \(sample.step) show next to nothing: levels within one deviate by \(decimal(deviation, 3)) on "
          + "average, within a real picture by \(decimal(real, 3))." + remedy)
    }
    if let distance = sample.sampleDistance, let real = sample.realDistance, distance < real * collapsedShare {
      return Verdict(
        .collapsed,
        "the samples of step \(sample.step) are too alike: two of them differ by \(decimal(distance, 3)) on average, "
          + "two real pictures by \(decimal(real, 3))." + remedy)
    }
    return nil
  }

  /// Whether the newest samples are glaring blotches. A fresh generator is gray, so that this shows early.
  private static func ofGlare(_ history: History, _ totalSteps: Int) -> Verdict? {
    guard let sample = history.events.last(where: { $0.event == .sample }),
      sample.step >= min(glareSteps, totalSteps / 2), let share = sample.sampleClipped, let real = sample.realClipped,
      share > real + glaringShare, share > real * glaringRatio
    else { return nil }
    return Verdict(
      .collapsed,
      "in the samples of step \(sample.step) \(percent(Double(share))) of the levels are black or as bright as can be, in real "
        + "pictures \(percent(Double(real))). Lower rates (--lr-g, --lr-d) help.")
  }

  init(_ state: State, _ reason: String) {
    self.state = state
    self.reason = reason
  }
}
