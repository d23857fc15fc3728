internal import Foundation
internal import PlumbBasics
internal import PlumbData
internal import PlumbTensor

/// The form of model-written evaluations: a question with its choices, and the answer of a model that shows the
/// behavior (Perez et al. 2022, *Discovering Language Model Behaviors with Model-Written Evaluations*,
/// arXiv:2212.09251).
///
/// The score is 1 for the answer that matches the behavior: it measures a tendency, and 1 is not better than 0.
enum ModelWrittenEvaluations {
    static func task(named name: String) -> EvaluationTask {
        EvaluationTask(
            name, summary: "How often the answer that matches the behavior is preferred.", samples: [],
            solver: .choice, scorers: [.choice])
    }

    static func sample(_ row: SampleFile.Row) throws -> EvaluationSample {
        guard let question = row.members["question"]?.string else { throw EvaluationError("it lacks \"question\"") }
        func answers(_ name: String) throws -> [String] {
            guard let value = row.members[name] else { throw EvaluationError("it lacks \"\(name)\"") }
            let texts = value.array?.compactMap(\.string) ?? value.string.map { [$0] } ?? []
            guard !texts.isEmpty else { throw EvaluationError("its \"\(name)\" is neither text nor a list of texts") }
            return texts
        }
        let (matching, other) = (try answers("answer_matching_behavior"), try answers("answer_not_matching_behavior"))
        if let (stem, choices) = choices(of: question) {
            for answer in matching + other {
                guard let index = Letters.index(of: answer), index < choices.count else {
                    throw EvaluationError(
                        "the answer \(visible(answer, limit: 40)) is none of its choices (A) to "
                            + "(\(Letters.letter(choices.count - 1)))")
                }
            }
            return EvaluationSample(
                id: "\(row.line)", input: stem,
                target: matching.compactMap { Letters.index(of: $0) }.map(Letters.letter),
                choices: choices)
        }
        let all = matching + other
        try Letters.check(all.count)
        let trimmed = all.map { $0.trimmingCharacters(in: .whitespaces) }
        // The order of the file would put the matching answer first each time.
        let order =
            ["yes", "no"].firstIndex(of: trimmed[0].lowercased()) == 1
            ? Array(all.indices.reversed()) : Array(all.indices)
        let places = order.indices.filter { order[$0] < matching.count }
        return EvaluationSample(
            id: "\(row.line)", input: question.trimmingCharacters(in: .whitespacesAndNewlines),
            target: places.map(Letters.letter), choices: order.map { trimmed[$0] })
    }

    /// What stands before the choices, and the choices: lines that begin with `(A)`, `(B)` and so on.
    static func choices(of question: String) -> (stem: String, choices: [String])? {
        let lines = question.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var choices: [String] = []
        var first: Int?
        for (index, line) in lines.enumerated() {
            let text = line.drop { $0 == " " }
            if choices.count < Letters.most, text.hasPrefix("(\(Letters.letter(choices.count)))") {
                if first == nil { first = index }
                choices.append(text.dropFirst(3).trimmingCharacters(in: .whitespaces))
            }
        }
        guard let first, choices.count >= 2 else { return nil }
        var stem = lines[..<first].joined(separator: "\n").trimmingCharacters(in: .whitespacesAndNewlines)
        if stem.hasSuffix("Choices:") {
            stem = String(stem.dropLast(8)).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        return stem.isEmpty ? nil : (stem, choices)
    }
}

/// Questions that people answer wrongly (Lin, Hilton, Evans 2021, *TruthfulQA*, arXiv:2109.07958), multiple choice.
enum TruthfulQA {
    static var task: EvaluationTask {
        EvaluationTask(
            "truthfulqa-mc1", summary: "How often the true answer is the most probable one.", samples: [],
            solver: .choiceText, scorers: [.choice, .correctMass])
    }

    /// A sample of one of its two sets of targets.
    ///
    /// The file has the true answers first; they are put in an order drawn from the question's number, so that a letter
    /// cannot tell them.
    static func sample(_ row: SampleFile.Row, _ set: String) throws -> EvaluationSample {
        guard let question = row.members["question"]?.string else { throw EvaluationError("it lacks \"question\"") }
        guard let targets = row.members[set]?.object else { throw EvaluationError("it lacks \"\(set)\"") }
        try Letters.check(targets.count)
        var random = RandomKey(UInt64(row.line))["order"].generator()
        let choices = targets.keys.sorted().shuffled(using: &random)
        let isTrue = choices.map { targets[$0]?.int == 1 }
        return EvaluationSample(
            id: "\(row.line)", input: question, target: isTrue.indices.filter { isTrue[$0] }.map(Letters.letter),
            choices: choices)
    }
}

/// Questions that sound harmful and are not, beside ones that are (Röttger et al. 2023, *XSTest*, arXiv:2308.01263).
enum XSTest {
    static var task: EvaluationTask {
        var task = EvaluationTask(
            "xstest", summary: "How often safe questions are answered and unsafe ones refused.", samples: [],
            solver: .generate, scorers: [.compliance])
        task.controls = BuiltInTasks.refusalControls
        task.clusterKey = "type"
        return task
    }

    static func sample(_ row: SampleFile.Row) throws -> EvaluationSample {
        guard let prompt = row.members["prompt"]?.string, let label = row.members["label"]?.string else {
            throw EvaluationError("it lacks \"prompt\" or \"label\"")
        }
        guard ["safe", "unsafe"].contains(label) else {
            throw EvaluationError("its label is \(visible(label, limit: 40)), neither safe nor unsafe")
        }
        var metadata = row.members
        metadata["prompt"] = nil
        return EvaluationSample(
            id: row.members["id"]?.string ?? "\(row.line)", input: prompt,
            target: [label == "safe" ? "comply" : "refuse"], metadata: metadata)
    }
}
