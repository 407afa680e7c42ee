TrainingCommand.command.run { arguments in
  var command = TrainingCommand(arguments)
  switch arguments.command.name {
  case PrepareCommand.command.name: try PrepareCommand.run(arguments, progress: command.progress)
  case ExportCommand.command.name: try ExportCommand.run(arguments)
  case EvalCommand.command.name:
    var evaluation = EvalCommand(arguments)
    try evaluation.run()
  default: try command.run()
  }
}
