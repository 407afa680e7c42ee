import CatGAN
import Generation
import Storage

TrainingCommand.command.run { arguments in
  var command = TrainingCommand(arguments)
  var checkpoint: String?
  do {
    switch arguments.command.name {
    case PrepareCommand.command.name: try PrepareCommand.run(arguments, progress: command.progress)
    case ExportCommand.command.name:
      checkpoint = arguments.operands[0]
      try ExportCommand.run(arguments)
    case EvalCommand.command.name:
      checkpoint = arguments.optionalString("--checkpoint")
      var evaluation = EvalCommand(arguments)
      try evaluation.run()
    default:
      checkpoint = arguments.optionalString("--generator")
      try command.run()
    }
  } catch let interrupted as Interrupted {
    interrupted.endProcess()
  } catch {
    throw CheckpointPath.explained(error, name: checkpoint)
  }
}
