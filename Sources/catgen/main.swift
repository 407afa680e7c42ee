#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

// A reader that has seen enough ends the program as it ends `cat`, even where the parent process ignores the signal.
signal(SIGPIPE, SIG_DFL)
catgen.run { try Job($0)?.run() }
