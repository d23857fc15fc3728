import ArgumentParser
import PlumbBasics
import PlumbRecords

/// The command: the only place that joins experiments, models, records and reports.
struct RootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: CommandName.current,
        abstract: "Run AI-safety experiments, look inside language models, and keep a record of both.",
        discussion: """
            Start with:
              \(CommandName.current) list                         what can be run
              \(CommandName.current) run activation-patching      where in a real language model is the answer computed?
              \(CommandName.current) predict --text "When Mary and John went to the store, John gave a drink to"
              \(CommandName.current) lens --text "The capital of France is" --answer " Paris"
              \(CommandName.current) data show digits             what a data set holds, with a few of its pictures
              \(CommandName.current) world show boat-race         a small world whose reward is not what was wanted
              \(CommandName.current) train --text FILE --out DIR  a small language model of your own
              \(CommandName.current) eval facts                   how well a model answers, with intervals and controls
              \(CommandName.current) finetune sft --help          a model that learns from answers, or from preferences (dpo)

            Exit codes: 0 done, 1 a claim failed in verify, 2 wrong usage, 3 bad input, 130 interrupted (143 by SIGTERM, 129 by SIGHUP).
            """,
        version: PlumbVersion.current,
        subcommands: [
            ListCommand.self, ShowCommand.self, RunCommand.self, VerifyCommand.self, ReportCommand.self,
            RunsCommand.self, PredictCommand.self, LensCommand.self, AttributeCommand.self, AblateCommand.self,
            AttentionCommand.self, GraphCommand.self, CircuitCommand.self, FeaturesCommand.self, ExplainCommand.self,
            ProbeCommand.self, CaptureCommand.self, SteerCommand.self,
            GenerateCommand.self,
            TokensCommand.self,
            ModelCommand.self, DataCommand.self, TrainCommand.self, FinetuneCommand.self, EvalCommand.self,
            WorldCommand.self,
            PreferencesCommand.self, AttackCommand.self, CertifyCommand.self, CompletionCommand.self,
            CandidatesCommand.self,
        ])
}
