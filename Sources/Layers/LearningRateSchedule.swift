#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// How a learning rate goes on from its first value: a factor for each step, as PyTorch's schedulers of the same names
/// have it.
///
/// ```swift
/// let schedule = LearningRateSchedule.cosine(steps: 1000).warmedUp(over: 50)
/// adam.rate = 2e-4 * schedule.factor(at: adam.steps)
/// ```
public indirect enum LearningRateSchedule: Hashable, Sendable, Codable {
  case constant
  /// Times `factor` after every `steps` steps (StepLR).
  case stepped(every: Int, factor: Double)
  /// Times `factor` after each step (ExponentialLR).
  case exponential(factor: Double)
  /// Half a cosine from 1 to `last` over `steps` steps, and `last` from there on (CosineAnnealingLR; Loshchilov and Hutter
  /// 2017, arXiv 1608.03983).
  case cosine(steps: Int, last: Double = 0)
  /// In a straight line from 1 to `last` over `steps` steps, and `last` from there on (LinearLR).
  case linear(steps: Int, last: Double = 0)
  /// The other schedule's factor times (step + 1) / steps in the first `steps` steps.
  case warmUp(steps: Int, LearningRateSchedule)

  /// This schedule with a rise from nothing in a straight line before it reaches its height.
  public func warmedUp(over steps: Int) -> LearningRateSchedule { .warmUp(steps: steps, self) }

  /// - Parameter step: 0 for the first update.
  public func factor(at step: Int) -> Double {
    switch self {
    case .constant: return 1
    case .stepped(let every, let factor): return pow(factor, Double(step / every))
    case .exponential(let factor): return pow(factor, Double(step))
    case .cosine(let steps, let last):
      let part = min(Double(step) / Double(steps), 1)
      return last + (1 - last) * (1 + cos(Double.pi * part)) / 2
    case .linear(let steps, let last): return 1 + (last - 1) * min(Double(step) / Double(steps), 1)
    case .warmUp(let steps, let schedule): return min(Double(step + 1) / Double(steps), 1) * schedule.factor(at: step)
    }
  }
}
