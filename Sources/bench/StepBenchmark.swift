import CatGAN
import Generation
import Kernels

/// `step`: whole training steps.
extension Session {
  /// The original run: 215 epochs over 6,445 pictures of 128x128.
  static let originalEpochs = 215
  static let originalPictures = 6445

  func measureStep() {
    for context in places {
      let name = "step/\(options.network)/\(Session.place(context))"
      guard options.wants(name) else { continue }
      let isOwnMemory = Machine.resetPeakMemory()
      let subject = StepSubject(options.networks, batch: options.batch, context: context)
      var row = measure(name, context) { _ in subject.step() }
      row.setWork(flops: options.shapes.stepFlops)
      row.setImages(options.batch)
      row.counters[.peakMemory] = Machine.peakMemory().map(Double.init)
      if !isOwnMemory { row.notes.append("peak memory of the whole run") }
      row.notes.append("GFLOP/s direct-equivalent")
      if options.preset == .cats128 {
        let hours = Session.originalRunHours(secondsPerStep: row.real, batch: options.batch)
        row.counters[.originalRunHours] = hours
        remark(
          "\(name): the original run (\(Session.originalEpochs) epochs of \(Session.originalPictures) pictures) would "
            + "take \(Number.fixed(hours, 1)) hours on this machine")
      }
      add(row)
    }
  }

  /// A partial batch at the end of an epoch is dropped, as in training.
  static func originalRunHours(secondsPerStep: Double, batch: Int) -> Double {
    secondsPerStep * Double(originalEpochs * (originalPictures / batch)) / 3600
  }
}
