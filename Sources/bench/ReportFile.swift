import Arguments
import Dispatch
import Storage
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The report and where it goes. It is written once: at the end, or as far as it got when Ctrl-C arrives, which is on another
/// thread.
final class ReportFile: Sendable {
  private let report: Mutex<Report>
  private let format: Report.Format
  /// nil for standard output.
  private let path: String?
  private let overwrite: Bool

  /// - Throws: `BenchError` where the report cannot be written: before the measuring rather than after it.
  init(_ report: Report, _ options: Options) throws(BenchError) {
    self.report = Mutex(report)
    (format, path, overwrite) = (options.format, options.output, options.force)
    guard let path else { return }
    let folder = directory(of: path)
    if access(folder, W_OK) != 0 {
      throw BenchError("--out \(path): the folder \(folder) is missing or not writable")
    }
    switch try? Disk().kind(of: path) {
    case .absent: break
    case .file where overwrite: break
    case .file: throw BenchError("--out \(path): is there already; choose another name, or overwrite it with --force")
    default: throw BenchError("--out \(path): is no regular file; name another")
    }
  }

  /// Whether nothing was measured.
  var isEmpty: Bool { report.withLock { $0.rows.isEmpty } }

  func update(_ change: (inout Report) -> Void) { report.withLock { change(&$0) } }

  /// Writes the report; a file appears whole or not at all.
  func publish() throws(BenchError) {
    let (text, context) = report.withLock { ($0.text(format), $0.contextLines) }
    if format == .csv { Console.error(context.map { "# \($0)\n" }.joined()) }
    guard let path else {
      do { return try Console.print(String(text.dropLast())) } catch { throw BenchError("\(error)") }
    }
    do { try AtomicFile.write(path, text: text, overwrite: overwrite) } catch {
      throw BenchError("--out \(path): \(error)")
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
