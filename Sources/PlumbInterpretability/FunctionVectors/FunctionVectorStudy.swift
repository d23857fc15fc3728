internal import PlumbBasics
internal import PlumbNN
public import PlumbModels
public import PlumbRecords
public import PlumbTensor

/// Whether what some heads write at the end of worked examples makes a model do the task without them: Todd, Li, Sharma,
/// Mueller, Wallace, Bau (2023), *Function Vectors in Large Language Models*, arXiv:2310.15213.
///
/// Of each head the mean of what it reads at the last token of prompts with worked examples is taken, for each task. Heads
/// are ranked by their indirect effect: how much more probable the right answer gets where the labels of the examples are
/// shuffled, if the head reads that mean instead, to first order in one backward pass and averaged over all tasks. What the
/// first heads write from their means, added up, is the task's function vector. It is added to the residual stream at the
/// last token of a prompt that only asks.
public struct FunctionVectorStudy: SettingGroup {
    @Setting("Worked examples of a prompt.", 2...64) public var examples = 6
    @Setting("Prompts of each task that means are taken over, with right labels and with shuffled ones.", 1...10_000)
    public var prompts = 8
    @Setting("Prompts of each task with shuffled labels on which heads are ranked.", 1...10_000) public var ranked = 4
    @Setting("Heads that make a function vector.", 1...100_000) public var heads = 10
    @Setting("The layer after which a vector is added, from 0.", 0...10_000) public var layer = 16
    @Setting("Words of each task that are kept for the test.", 1...16) public var words = 12
    @Setting("Sets of random heads, and random directions.", 1...1000) public var draws = 2

    /// Sizes for which a model of 135 million parameters takes about a minute a seed.
    public init() {}

    /// What is added to the stream.
    public enum Vector: String, Sendable, Codable, CaseIterable {
        /// Nothing.
        case none
        /// The task's function vector.
        case function
        /// What the same heads write from means over prompts whose labels are shuffled.
        case shuffled
        /// What as many other heads write from their means over prompts with right labels.
        case otherHeads
        /// A random direction of the function vector's length.
        case direction

        /// For tables.
        public var title: String {
            switch self {
            case .none: "none"
            case .function: "function vector"
            case .shuffled: "shuffled labels"
            case .otherHeads: "other heads"
            case .direction: "random direction"
            }
        }
    }

    /// How well a task is done.
    public struct Score: Sendable, Codable {
        /// The part of the words whose most probable next token is the first of their answer.
        public var accuracy: Double
        /// The mean log-probability of that token, in nats.
        public var logProbability: Double
    }

    /// What one seed finds.
    public struct Outcome: Sendable, Codable {
        /// The score of each task with each vector, means over ``FunctionVectorStudy/draws`` where there are several.
        public let scores: [[Vector: Score]]
        /// The part of the prompts with worked examples that are answered right, with right labels and with shuffled ones.
        public let inContext: [Double], inContextShuffled: [Double]
        /// The indirect effect of each head, `[layer][head]`: a rise of the answer's probability.
        public let effects: [[Double]]
        /// The heads that make the vectors, the highest effect first.
        public let chosen: [AttentionHead]
        /// The length of each task's vector.
        public let lengths: [Double]

        /// How much a vector raises the accuracy of each task.
        public func accuracyGains(_ vector: Vector) -> [Double] {
            scores.map { ($0[vector]?.accuracy ?? .nan) - ($0[.none]?.accuracy ?? .nan) }
        }

        /// How much a vector raises the answer's log-probability in each task.
        public func logProbabilityGains(_ vector: Vector) -> [Double] {
            scores.map { ($0[vector]?.logProbability ?? .nan) - ($0[.none]?.logProbability ?? .nan) }
        }
    }

    /// Refuses sizes that a model or the tasks do not allow.
    ///
    /// - Throws: `SettingsError` naming the option.
    public func check(_ model: HookedTransformer, _ tasks: [WordTask]) throws {
        let sizes = model.configuration
        guard layer < sizes.layers else {
            throw SettingsError("--layer \(layer): \(model.name) has layers 0 to \(sizes.layers - 1)")
        }
        guard 2 * heads <= sizes.layers * sizes.heads else {
            throw SettingsError(
                "--heads \(heads): \(model.name) has \(sizes.layers * sizes.heads) heads, and as many others are needed"
            )
        }
        guard ranked <= prompts else {
            throw SettingsError("--ranked \(ranked): there are \(prompts) prompts with shuffled labels")
        }
        for task in tasks {
            let count = try task.pairs(for: model).count
            guard words + examples + 1 <= count else {
                throw SettingsError(
                    "--words \(words), --examples \(examples): \(task.title) has \(count) words, and a prompt asks for one "
                        + "more than its examples")
            }
        }
    }

    /// Makes the vectors of tasks and tries them; the same key gives the same outcome.
    ///
    /// - Parameter checkpoint: called now and then with the fraction that is done.
    /// - Throws: `ModelError` for a model without a tokenizer; what `checkpoint` throws.
    public func run(
        _ model: HookedTransformer, _ tasks: [WordTask], key: RandomKey, checkpoint: (Double) throws -> Void = { _ in }
    ) throws -> Outcome {
        var readings: [FunctionVectorReading] = []
        for (index, task) in tasks.enumerated() {
            readings.append(
                try FunctionVectorReading(self, model, task, key: key[task.id]) {
                    try checkpoint(0.7 * (Double(index) + $0) / Double(tasks.count))
                })
        }
        let effects = Self.mean(readings.map(\.effects))
        let order = HeadScores.ranked(effects)
        let chosen = Array(order.prefix(heads))
        var generator = key["other heads"].generator()
        let others = (0..<draws).map { _ in
            Array(order.dropFirst(heads).sorted().shuffled(using: &generator).prefix(heads))
        }
        var (scores, lengths): ([[Vector: Score]], [Double]) = ([], [])
        for (index, reading) in readings.enumerated() {
            try checkpoint(0.7 + 0.3 * Double(index) / Double(tasks.count))
            let vector = reading.vector(model, chosen)
            lengths.append(vector.norm())
            let random = (0..<draws).map { draw in
                let direction = Tensor.normal([vector.count], key: key["direction"][index][draw])
                return direction * Float(vector.norm() / direction.norm())
            }
            let tried: [(Vector, [Tensor?])] = [
                (.none, [nil]), (.function, [vector]), (.shuffled, [reading.vector(model, chosen, isShuffled: true)]),
                (.otherHeads, others.map { reading.vector(model, $0) }), (.direction, random),
            ]
            var found: [Vector: Score] = [:]
            for (kind, vectors) in tried {
                let each = try vectors.map { try reading.score(model, adding: $0, after: layer) }
                found[kind] = Score(
                    accuracy: Statistics.mean(each.map(\.accuracy)),
                    logProbability: Statistics.mean(each.map(\.logProbability)))
            }
            scores.append(found)
        }
        return Outcome(
            scores: scores, inContext: readings.map(\.accuracy), inContextShuffled: readings.map(\.shuffledAccuracy),
            effects: effects, chosen: chosen, lengths: lengths)
    }

    private static func mean(_ tables: [[[Double]]]) -> [[Double]] {
        guard let first = tables.first else { return [] }
        return first.indices.map { layer in
            first[layer].indices.map { head in Statistics.mean(tables.map { $0[layer][head] }) }
        }
    }
}
