import Kernels

Options.command.run { arguments in
  let machine = Machine.current()
  let session = try Session(
    Options(arguments, machine: machine, environment: Machine.environment("CATGAN_ISA")), machine: machine,
    algorithm: Context.algorithmFromEnvironment())
  // Before anything asks for threads.
  try session.requireMemory()
  let interrupt = session.report.publishOnInterrupt()
  try session.run()
  interrupt.cancel()
}
