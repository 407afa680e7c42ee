import CatGAN
import Kernels
import Networks

/// `sample`: latent vectors to the bytes of pictures, without files, by the generator that catgen runs.
extension Session {
  func measureSampling() throws(BenchError) {
    for context in places {
      for count in options.images {
        let name = "sample/\(options.preset.rawValue)/w\(options.width)/n\(count)/\(context.place)"
        guard options.wants(name) else { continue }
        do {
          var row = try measureMemory {
            let subject = try SampleSubject(options.networks, count: count, context: context)
            return try measure(name, context) { _ in try subject.sample() }
          }
          row.setWork(flops: StepShapes(options.networks, batch: count).sampleFlops)
          row.setImages(count)
          row.notes.append("GFLOP/s direct-equivalent")
          add(row)
        } catch {
          throw BenchError("sample: \(error)")
        }
      }
    }
  }
}
