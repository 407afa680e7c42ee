TrainingCommand.command.run { arguments in
  var command = TrainingCommand(arguments)
  try command.run()
}
