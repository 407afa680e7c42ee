import CatGAN
import Cluster
import Generation
import Storage

let launch = Launch.environment
let started = Result { () throws(ClusterError) in try Communicator.start(launch) }
let ranks = Ranks(communicator: (try? started.get()) ?? Communicator())

TrainingCommand.command.run(end: ranks.end) { arguments in
  let communicator = try started.get()
  var command = TrainingCommand(arguments, ranks: ranks, isLaunched: launch.isLaunched)
  // Only training is shared.
  if communicator.rank > 0, arguments.command.name != TrainingCommand.command.name { return }
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
