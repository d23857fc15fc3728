public import Foundation
internal import PlumbBasics
internal import PlumbData
internal import PlumbRecords
internal import PlumbTensor

extension EvaluationResults {
    /// What a log needs to know beside the results.
    public struct LogDetails: Sendable {
        /// When the run began.
        public var started: Date
        /// When it ended.
        public var finished: Date
        /// What ids are drawn from, such as the name of the run.
        public var name: String

        /// Details of a log.
        public init(started: Date, finished: Date, name: String) {
            (self.started, self.finished, self.name) = (started, finished, name)
        }

        /// An id of 22 letters and digits, as Inspect's have.
        func id(_ part: String) -> String {
            let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789")
            var random = RandomKey(0)[name][part].generator()
            return String((0..<22).map { _ in alphabet[random.index(below: alphabet.count)] })
        }

        static func time(_ date: Date) -> String { date.formatted(.iso8601).dropLast() + "+00:00" }
    }

    /// The name that Inspect gives a log's file, by which its viewer sorts.
    public func logName(_ details: LogDetails) -> String {
        let time = LogDetails.time(details.started).map { ":+".contains($0) ? "-" : String($0) }.joined()
        let name = task.name.map { $0.isLetter || $0.isNumber ? String($0) : "-" }.joined()
        return "\(time)_\(name)_\(details.id("task")).eval"
    }

    /// Writes the results as a log that inspect-ai reads and its viewer shows: format version 2.
    ///
    /// - Throws: `FileError` where the file cannot be written; ``EvaluationError`` for samples that the task lacks.
    public func writeLog(to url: URL, _ details: LogDetails) throws {
        let samples = Dictionary(task.samples.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        var writer = try ZipWriter(url)
        let header = header(details)
        let start = JSONValue.object([
            "version": JSONValue(2), "eval": header["eval"] ?? .null, "plan": header["plan"] ?? .null,
        ])
        try writer.add("_journal/start.json", Array(start.data(.compact)))
        // Inspect shows verdicts as letters; a scorer that gives parts of a point gives numbers throughout.
        let fractional = Set(
            task.scorers.map(\.name).filter { name in
                self.samples.contains { $0.scores[name]?.value.map { $0 != 0 && $0 != 1 } ?? false }
            })
        var summaries: [JSONValue] = []
        summaries.reserveCapacity(self.samples.count)
        for result in self.samples {
            guard let sample = samples[result.id]?.rotated(by: result.rotation) else {
                throw EvaluationError("the result of \(visible(result.id, limit: 60)) belongs to no sample of the task")
            }
            let shared = try shared(result, sample, fractional: fractional)
            var whole = shared
            whole.merge(try rest(result, sample)) { $1 }
            try writer.add(
                "samples/\(result.id)_epoch_\(result.epoch).json", Array(JSONValue.object(whole).data(.compact)))
            var summary = shared
            summary["completed"] = .bool(true)
            summaries.append(.object(summary))
        }
        try writer.add("summaries.json", Array(JSONValue.array(summaries).data(.compact)))
        try writer.add("header.json", Array(header.data(.compact)))
        try writer.finish()
    }

    private func header(_ details: LogDetails) -> JSONValue {
        let sampleIDs = task.samples.prefix(settings.limit ?? task.samples.count).map { JSONValue.string($0.id) }
        let eval: [String: JSONValue] = [
            "eval_id": .string(details.id("eval")), "run_id": .string(details.id("run")),
            "created": .string(LogDetails.time(details.started)), "task": .string(task.name),
            "task_id": .string(details.id("task")), "task_version": JSONValue(task.version),
            "task_attribs": .object([:]),
            "task_args": .object([:]), "task_args_passed": .object([:]),
            "dataset": .object([
                "name": .string(task.name), "samples": JSONValue(task.samples.count), "sample_ids": .array(sampleIDs),
                "shuffled": .bool(false),
            ]),
            "model": .string(model),
            "model_generate_config": .object([
                "max_tokens": JSONValue(settings.maxTokens ?? task.maxTokens),
                "temperature": JSONValue(settings.temperature), "seed": JSONValue(settings.seed),
            ]),
            "model_args": .object([:]),
            "config": .object(["epochs": JSONValue(self.samples.reduce(1) { max($0, $1.epoch) })]),
            "packages": .object(["plumbline": .string(PlumbVersion.current)]),
        ]
        let (read, written) = samples.reduce((0, 0)) { ($0.0 + $1.inputTokens, $0.1 + $1.outputTokens) }
        return .object([
            "version": JSONValue(2), "status": .string(samples.count < planned ? Self.stopped : "success"),
            "eval": .object(eval),
            "plan": .object([
                "name": .string("plan"), "config": .object([:]),
                "steps": .array([
                    .object([
                        "solver": .string(task.solver.rawValue),
                        "params": .object(["few_shot": JSONValue(settings.fewShot)]),
                    ])
                ]),
            ]),
            "results": .object([
                "total_samples": JSONValue(planned), "completed_samples": JSONValue(samples.count),
                "scores": .array(task.scorers.map { scores($0.name) }),
            ]),
            "stats": .object([
                "started_at": .string(LogDetails.time(details.started)),
                "completed_at": .string(LogDetails.time(details.finished)), "model_usage": usage(read, written),
                "role_usage": .object([:]),
            ]),
        ])
    }

    /// What Inspect calls a run that ended before its last sample; it is spelled as its format has it.
    private static let stopped = "cancel" + "led"

    private func scores(_ scorer: String) -> JSONValue {
        let mean = mean(scorer)
        func metric(_ name: String, _ value: Double) -> JSONValue {
            .object([
                "name": .string(name), "value": value.isFinite ? .number(value) : JSONValue(0), "params": .object([:]),
            ])
        }
        return .object([
            "name": .string(scorer), "scorer": .string(scorer), "params": .object([:]),
            "scored_samples": JSONValue(mean.count), "unscored_samples": JSONValue(unscored(scorer)),
            "metrics": .object([
                "accuracy": metric("accuracy", mean.mean), "stderr": metric("stderr", mean.standardError),
            ]),
        ])
    }

    private func usage(_ read: Int, _ written: Int) -> JSONValue {
        .object([
            model: .object([
                "input_tokens": JSONValue(read), "output_tokens": JSONValue(written),
                "total_tokens": JSONValue(read + written),
            ])
        ])
    }

    /// What a sample and its summary share.
    private func shared(
        _ result: SampleResult, _ sample: EvaluationSample, fractional: Set<String>
    ) throws -> [String: JSONValue] {
        var metadata = sample.metadata
        metadata["rotation"] = JSONValue(result.rotation)
        if let values = result.output.choiceLogProbabilities {
            metadata["choice_log_probabilities"] = .array(values.map { $0.isFinite ? .number($0) : .null })
        }
        if let first = result.output.firstAnswer { metadata["first_answer"] = .string(first) }
        let scores = Dictionary(
            // Inspect leaves out a sample without a score; a score without a value would count as 0 there.
            uniqueKeysWithValues: result.scores.filter { $0.value.value != nil }.map { name, score in
                let isVerdict = !fractional.contains(name)
                let value: JSONValue =
                    switch score.value {
                    case 1 where isVerdict: .string("C")
                    case 0 where isVerdict: .string("I")
                    case let value?: .number(value)
                    case nil: .string("N")
                    }
                return (
                    name,
                    JSONValue.object([
                        "value": value, "answer": score.answer.map(JSONValue.string) ?? .null,
                        "explanation": score.explanation.map(JSONValue.string) ?? .null,
                    ])
                )
            })
        return [
            "id": .string(result.id), "epoch": JSONValue(result.epoch), "input": .string(sample.question),
            "target": result.target.count == 1
                ? .string(result.target[0]) : .array(result.target.map(JSONValue.string)),
            "metadata": .object(metadata), "scores": .object(scores),
            "model_usage": usage(result.inputTokens, result.outputTokens),
        ]
    }

    /// What a sample has beside it.
    private func rest(_ result: SampleResult, _ sample: EvaluationSample) throws -> [String: JSONValue] {
        var turns = try task.turns(of: sample, fewShot: settings.fewShot)
        if let first = result.output.firstAnswer {
            turns += [
                ChatMessage(role: "assistant", content: first),
                ChatMessage(role: "user", content: Solver.doubt + " " + Solver.final),
            ]
        }
        func message(_ role: String, _ content: String, _ number: Int) -> [String: JSONValue] {
            [
                "id": .string("\(result.id)-\(result.epoch)-\(number)"), "role": .string(role),
                "content": .string(content),
            ]
        }
        var answer = message("assistant", result.output.completion, turns.count)
        answer["source"] = .string("generate")
        answer["model"] = .string(model)
        let messages = turns.enumerated().map { JSONValue.object(message($1.role, $1.content, $0)) }
        var members: [String: JSONValue] = [
            "messages": .array(messages + [.object(answer)]),
            "output": .object([
                "model": .string(model), "completion": .string(result.output.completion),
                "choices": .array([
                    .object(["message": .object(answer), "stop_reason": .string(result.isCut ? "max_tokens" : "stop")])
                ]),
            ]), "store": .object([:]), "events": .array([]), "attachments": .object([:]),
        ]
        if !sample.choices.isEmpty { members["choices"] = .array(sample.choices.map(JSONValue.string)) }
        return members
    }
}
