import Foundation
import PlumbBasics
import PlumbData
import PlumbEvaluations
import PlumbRecords
import PlumbReport

/// What an evaluation would ask, before any model is loaded.
struct EvalPreview {
    let evaluation: Evaluation
    let detect: Double?

    init(_ evaluation: Evaluation, detect: Double?) { (self.evaluation, self.detect) = (evaluation, detect) }

    func show(json: Bool) throws {
        let (task, settings) = (evaluation.task, evaluation.settings)
        let outcome = try task.controlOutcome()
        let turns = try task.turns(of: task.samples[0], fewShot: settings.fewShot)
        let needed = detect.map {
            (independent: Self.samples($0, correlation: 0), paired: Self.samples($0, correlation: 0.5))
        }
        guard !json else {
            var members: [String: JSONValue] = [
                "task": .string(task.name), "samples": JSONValue(task.samples.count),
                "planned": JSONValue(evaluation.planned), "solver": .string(task.solver.rawValue),
                "scorers": .array(task.scorers.map { .string($0.name) }),
                "first_prompt": .array(
                    turns.map { .object(["role": .string($0.role), "content": .string($0.content)]) }),
                "controls": try JSONValue(encoding: outcome),
                "control_problems": .array(outcome.problems.map(JSONValue.string)),
            ]
            if let needed {
                members["samples_to_detect"] = .object([
                    "independent": JSONValue(needed.independent), "paired": JSONValue(needed.paired),
                ])
            }
            return try Output.json(.object(members))
        }
        print(
            "\(task.name): \(task.samples.count) samples, \(evaluation.planned) questions, solver "
                + "\(task.solver.rawValue)"
        )
        print("\nThe first prompt, before the model's own template:\n")
        for turn in turns { try Output.show("[\(turn.role)]\n\(turn.content)\n\n") }
        print("Scripted answers by \(outcome.scorer):")
        let table = TerminalTable(
            columns: [.init("answers"), .init("score", .right), .init("must be", .right)],
            rows: [
                ["right", NumberText.value(outcome.good), "≥ \(NumberText.value(ControlOutcome.bounds.good))"],
                ["wrong", NumberText.value(outcome.bad), "≤ \(NumberText.value(ControlOutcome.bounds.bad))"],
                ["empty", NumberText.value(outcome.empty), "≤ \(NumberText.value(ControlOutcome.bounds.empty))"],
                [
                    "all the same", NumberText.value(outcome.constant),
                    "≤ \(NumberText.value(ControlOutcome.bounds.constant))",
                ],
            ])
        print(table.render(.current()))
        for problem in outcome.problems { print("✗ \(problem)") }
        if let detect, let needed {
            print(
                "A difference of \(NumberText.value(detect)) is found with probability 0.8 by "
                    + "\(needed.independent) samples in "
                    + "two independent runs, or by \(needed.paired) in paired runs whose scores have correlation 0.5.")
        }
    }

    /// For scores of 0 and 1 whose mean is one half, which vary most.
    private static func samples(_ difference: Double, correlation: Double) -> Int {
        PowerAnalysis.samples(
            toDetect: difference, variance: PowerAnalysis.pairedVariance(of: 0.25, correlation: correlation))
    }
}
