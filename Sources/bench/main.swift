import Kernels

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

Options.command.run { arguments in
  let machine = Machine.current()
  let environment = getenv("CATGAN_ISA").map { String(cString: $0) }
  let session = try Session(
    Options(arguments, machine: machine, environment: environment), machine: machine,
    algorithm: Context.algorithmFromEnvironment())
  let interrupt = session.report.publishOnInterrupt()
  try session.run()
  interrupt.cancel()
}
