import Arguments
import Dispatch
import Storage
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
  private let overwrite: Bool

  init(_ report: Report, format: Report.Format, output: String?, overwrite: Bool) throws(BenchError) {
    self.report = Mutex(report)
    self.format = format
    self.output = output
    self.overwrite = overwrite
    // Said before the measuring rather than after it.
    guard let output else { return }
    let folder = directory(of: output)
    if access(folder, W_OK) != 0 {
      throw BenchError("--out \(output): the folder \(folder) is missing or not writable")
    }
    switch try? Disk().kind(of: output) {
    case .absent: break
    case .file where overwrite: break
    case .file: throw BenchError("--out \(output): is there already; choose another name, or overwrite it with --force")
    default: throw BenchError("--out \(output): is no regular file; name another")
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
      guard Console.print(String(text.dropLast())) else {
        throw BenchError("the report cannot be written to standard output; send it somewhere else")
      }
      return
    }
    do {
      try AtomicFile.write(output, text: text, overwrite: overwrite)
    } catch {
      throw BenchError("--out \(output): \(error)")
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
