import Generation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

// A reader that has seen enough ends the program as it ends `cat`, even where the parent process ignores the signal.
signal(SIGPIPE, SIG_DFL)
catgen.run { arguments in
  do {
    if arguments.isOn("--stdin"), !arguments.isOn("--inspect") {
      try Service(arguments).run()
    } else {
      try Job(arguments)?.run()
    }
  } catch {
    throw CheckpointPath.explained(error, name: arguments.optionalString("--checkpoint"))
  }
}
