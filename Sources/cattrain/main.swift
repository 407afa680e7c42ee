TrainingCommand.command.run { arguments in
  var command = TrainingCommand(arguments)
  if arguments.command.name == PrepareCommand.command.name {
    try PrepareCommand.run(arguments, progress: command.progress)
  } else {
    try command.run()
  }
}
