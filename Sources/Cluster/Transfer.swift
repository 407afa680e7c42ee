#if MPI
  import CMPI
#endif

/// Data on its way. MPI moves it along only while it is called: ask `isDone` now and then.
public final class Transfer {
  #if MPI
    let request = UnsafeMutablePointer<cluster_request>.allocate(capacity: 1)
    /// What MPI reads until the transfer is done.
    private(set) var numbers: [UnsafeMutablePointer<Int32>] = []

    init(_ numbers: [[Int]]) {
      for list in numbers { add(list) }
    }

    func add(_ list: [Int]) {
      let copy = UnsafeMutablePointer<Int32>.allocate(capacity: list.count)
      for (i, number) in list.enumerated() { copy[i] = Int32(number) }
      numbers.append(copy)
    }

    deinit {
      wait()
      request.deallocate()
      for list in numbers { list.deallocate() }
    }
  #else
    private init() {}
  #endif

  public var isDone: Bool {
    #if MPI
      return cluster_is_done(request) != 0
    #else
      return true
    #endif
  }

  public func wait() {
    #if MPI
      cluster_wait(request)
    #endif
  }
}
