import Arguments
import Dispatch
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Holds the growing report and writes it once: at the end, or as far as it got when Ctrl-C arrives.
final class Publisher: Sendable {
  private let report: Mutex<Report>
  private let format: Report.Format
  private let output: String?

  init(_ report: Report, format: Report.Format, output: String?) throws(BenchError) {
    self.report = Mutex(report)
    self.format = format
    self.output = output
    // Said before the measuring rather than after it.
    if let output {
      let slash = output.lastIndex(of: "/")
      let folder = slash.map { String(output[...$0]) } ?? "."
      if access(folder, W_OK) != 0 {
        throw BenchError("--out \(output): the folder \(folder) is missing or not writable")
      }
      var status = stat()
      if stat(output, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR {
        throw BenchError("--out \(output): is a folder; name a file in it")
      }
    }
  }

  func update(_ change: (inout Report) -> Void) {
    report.withLock { change(&$0) }
  }

  var rows: [Row] { report.withLock { $0.rows } }

  /// Writes the report; a file appears whole or not at all.
  func publish() throws(BenchError) {
    let (text, context) = report.withLock { ($0.text(format), $0.contextLines) }
    if format == .csv { Console.error(context.map { "# \($0)\n" }.joined()) }
    guard let output else {
      Console.print(String(text.dropLast()))
      return
    }
    let partial = "\(output).part"
    guard let file = fopen(partial, "w") else { throw BenchError("--out \(output): cannot be created") }
    let written = fputs(text, file)
    let closed = fclose(file)
    guard written >= 0, closed == 0, rename(partial, output) == 0 else {
      unlink(partial)
      throw BenchError("--out \(output): could not be written; is the disk full?")
    }
  }

  /// From now on Ctrl-C publishes what is finished and ends the process with 130, as shells expect of SIGINT. The
  /// result keeps this in force.
  func publishOnInterrupt() -> any DispatchSourceSignal {
    signal(SIGINT, SIG_IGN)
    // Kernels keep the default queue's threads busy; this one has its own.
    let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global(qos: .userInteractive))
    source.setEventHandler {
      self.update { $0.remarks.append("interrupted after \($0.rows.count) rows") }
      do { try self.publish() } catch { Console.error("bench: \(error)\n") }
      _exit(130)
    }
    source.resume()
    return source
  }
}
