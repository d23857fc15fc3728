public import ArgumentParser
import Foundation
import PlumbBasics
public import PlumbEvaluations
import PlumbReport

/// Evaluations of language models: tasks with samples, solvers and scorers.
struct EvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "Evaluate a model on questions, compare two models, or read a log of Inspect.",
        discussion: """
              \(CommandName.current) eval list
              \(CommandName.current) eval facts --model smollm2-135m
              \(CommandName.current) eval questions.jsonl --scorer includes --limit 100 --epochs 2
              \(CommandName.current) eval power-seeking.jsonl --rotate
              \(CommandName.current) eval truthfulqa-mc.json --model smollm2-135m --compare gemma3-270m
              \(CommandName.current) eval read LOG.eval

            See \(CommandName.current) eval run --help for all options.
            """,
        subcommands: [EvalRunCommand.self, EvalListCommand.self, EvalReadCommand.self],
        defaultSubcommand: EvalRunCommand.self)
}

/// The tasks that need no file.
struct EvalListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the built-in tasks.",
        discussion: """
            A task may also be a file: JSON lines or CSV with the columns input, target, choices and id, as Inspect \
            has them; model-written evaluations (question, answer_matching_behavior, answer_not_matching_behavior); \
            the multiple-choice file of TruthfulQA; or XSTest's prompts.
            """)

    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        let tasks = BuiltInTasks.all
        guard !json else {
            return try Output.json(
                .object([
                    "tasks": .array(
                        tasks.map { task in
                            .object([
                                "name": .string(task.name), "summary": .string(task.summary),
                                "samples": JSONValue(task.samples.count), "solver": .string(task.solver.rawValue),
                                "scorers": .array(task.scorers.map { .string($0.name) }),
                            ])
                        })
                ]))
        }
        let table = TerminalTable(
            columns: [
                .init("task"), .init("samples", .right), .init("solver"), .init("scorers"), .init("what is asked"),
            ],
            rows: tasks.map { task in
                [
                    task.name, "\(task.samples.count)", task.solver.rawValue,
                    task.scorers.map(\.name).joined(separator: ", "), task.summary,
                ]
            })
        print(table.render(.current()))
    }
}

extension Solver: ExpressibleByArgument {}
extension EvaluatedLanguageModel.Prompting: ExpressibleByArgument {}

/// How answers are scored, as it is named on the command line.
enum ScorerChoice: String, CaseIterable, ExpressibleByArgument {
    case match, number, includes, exact, f1, pattern, choice, mass, compliance
    case modelGraded = "model-graded"
}
