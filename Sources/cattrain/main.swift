TrainingCommand.command.run { arguments in
  var command = TrainingCommand(arguments)
  switch arguments.command.name {
  case PrepareCommand.command.name: try PrepareCommand.run(arguments, progress: command.progress)
  case ExportCommand.command.name: try ExportCommand.run(arguments)
  default: try command.run()
  }
}
