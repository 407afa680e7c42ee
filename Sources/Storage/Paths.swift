// Paths as text.

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The directory part of a path, `.` where it has none.
public func directory(of path: String) -> String {
  guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// `path` without slashes at its end, but for the root.
package func withoutTrailingSlashes(_ path: String) -> String {
  var path = path
  while path.count > 1, path.hasSuffix("/") { path.removeLast() }
  return path
}

/// `path` from the root on, without links, "." and ".."; what is not there is taken as it is written.
package func absolutePath(_ path: String) -> String {
  var (missing, path) = ([String](), path.hasPrefix("/") ? path : "./" + path)
  while true {
    if let real = realpath(path, nil) {
      defer { free(real) }
      let found = String(cString: real)
      return missing.isEmpty ? found : (found == "/" ? "" : found) + "/" + missing.joined(separator: "/")
    }
    let parts = path.split(separator: "/", omittingEmptySubsequences: true)
    guard let last = parts.last, parts.count > 1 || path.hasPrefix("/") else { return path }
    if last != "." { missing.insert(String(last), at: 0) }
    path = (path.hasPrefix("/") ? "/" : "") + parts.dropLast().joined(separator: "/")
  }
}
