internal import PlumbBasics
internal import PlumbModels
internal import PlumbNN
internal import PlumbTensor

/// What heads read at the end of one task's prompts, and the words that the task is tested on.
struct FunctionVectorReading {
    /// The mean of what each layer's heads read over prompts with right labels, and with shuffled ones: `[H · K]`.
    private let means: [Tensor], shuffledMeans: [Tensor]
    /// The part of the prompts answered right.
    let accuracy: Double, shuffledAccuracy: Double
    /// The indirect effect of each head, `[layer][head]`.
    let effects: [[Double]]
    /// Prompts that only ask, with the first tokens of their answers.
    private let questions: [(tokens: [Int], answer: Int)]

    init(
        _ study: FunctionVectorStudy, _ model: HookedTransformer, _ task: WordTask, key: RandomKey,
        progress: (Double) throws -> Void
    ) throws {
        var generator = key["words"].generator()
        let pairs = try task.pairs(for: model).shuffled(using: &generator)
        let (kept, shown) = (pairs.prefix(study.words), Array(pairs.dropFirst(study.words)))
        questions = try kept.map {
            (try model.tokens(WordTask.prompt([], question: $0.word)), try WordTask.firstToken($0.answer, model))
        }
        func prompts(_ name: String, isShuffled: Bool) throws -> [(tokens: [Int], answer: Int)] {
            try (0..<study.prompts).map { index in
                var generator = key[name][index].generator()
                let drawn = Array(shown.shuffled(using: &generator).prefix(study.examples + 1))
                let (examples, asked) = (Array(drawn.dropLast()), drawn[drawn.count - 1])
                let labels = isShuffled ? Self.moved(examples.map(\.answer), &generator) : examples.map(\.answer)
                let shownPairs = zip(examples, labels).map { WordTask.Pair(word: $0.word, answer: $1) }
                return (
                    try model.tokens(WordTask.prompt(shownPairs, question: asked.word)),
                    try WordTask.firstToken(asked.answer, model)
                )
            }
        }
        let layers = model.configuration.layers
        var (sums, right) = ([Tensor?](repeating: nil, count: layers), 0)
        for (index, prompt) in try prompts("right labels", isShuffled: false).enumerated() {
            try progress(0.4 * Double(index) / Double(study.prompts))
            let (output, cache) = model.run(prompt.tokens, recording: .sites(.z))
            right += output[prompt.tokens.count - 1].argmax() == prompt.answer ? 1 : 0
            Self.add(cache, at: prompt.tokens.count - 1, to: &sums)
        }
        means = sums.compactMap { $0.map { $0 / Float(study.prompts) } }
        accuracy = Double(right) / Double(study.prompts)
        (sums, right) = ([Tensor?](repeating: nil, count: layers), 0)
        var effects = [[Double]](
            repeating: [Double](repeating: 0, count: model.configuration.heads), count: layers)
        for (index, prompt) in try prompts("shuffled labels", isShuffled: true).enumerated() {
            try progress(0.4 + 0.6 * Double(index) / Double(study.prompts))
            let last = prompt.tokens.count - 1
            if index < study.ranked {
                let run = try model.gradients(prompt.tokens, recording: .sites(.z)) { logits in
                    logits[last].softmax().reshaped([-1]).columns(prompt.answer..<prompt.answer + 1).reshaped([])
                }
                right += run.output[last].argmax() == prompt.answer ? 1 : 0
                Self.add(run.cache, at: last, to: &sums)
                for layer in 0..<layers {
                    for (head, effect) in Self.effects(run, layer, at: last, toward: means[layer]).enumerated() {
                        effects[layer][head] += effect / Double(study.ranked)
                    }
                }
            } else {
                let (output, cache) = model.run(prompt.tokens, recording: .sites(.z))
                right += output[last].argmax() == prompt.answer ? 1 : 0
                Self.add(cache, at: last, to: &sums)
            }
        }
        shuffledMeans = sums.compactMap { $0.map { $0 / Float(study.prompts) } }
        shuffledAccuracy = Double(right) / Double(study.prompts)
        self.effects = effects
    }

    /// Labels in an order in which none stands where it stood: dealt out at random, then moved on by one.
    static func moved(_ labels: [String], _ generator: inout RandomKey.Generator) -> [String] {
        let order = Array(labels.indices).shuffled(using: &generator)
        var result = labels
        for (place, index) in order.enumerated() { result[index] = labels[order[(place + 1) % order.count]] }
        return result
    }

    private static func add(_ cache: ActivationCache, at position: Int, to sums: inout [Tensor?]) {
        for layer in sums.indices {
            guard let z = cache[.block(layer, .z)]?[position].reshaped([-1]) else { continue }
            sums[layer] = sums[layer].map { $0 + z } ?? z
        }
    }

    /// `(mean - z) · gradient` of each head.
    private static func effects(_ run: GradientRun, _ layer: Int, at position: Int, toward mean: Tensor) -> [Double] {
        guard let z = run.cache[.block(layer, .z)]?[position], let slope = run.gradients[.block(layer, .z)]?[position]
        else { return [] }
        let change = (mean.reshaped(z.shape) - z) * slope
        return change.summed(axis: 1).elements.map(Double.init)
    }

    /// What heads write from their means, added up, `[D]`.
    func vector(_ model: HookedTransformer, _ heads: [AttentionHead], isShuffled: Bool = false) -> Tensor {
        let (means, width) = (isShuffled ? shuffledMeans : means, model.configuration.headWidth)
        var sum = Tensor.zeros([model.configuration.width])
        for (layer, chosen) in Dictionary(grouping: heads, by: \.layer).sorted(by: { $0.key < $1.key }) {
            let outputs = model.headWeights(block: layer).outputs
            for head in chosen.sorted() {
                let z = means[layer].reshaped([1, -1]).columns(head.head * width..<(head.head + 1) * width)
                sum.add(z.matmul(outputs[head.head]).reshaped([-1]))
            }
        }
        return sum
    }

    /// How well the questions are answered with a vector added at their last token after a layer.
    func score(
        _ model: HookedTransformer, adding vector: Tensor?, after layer: Int
    ) throws -> FunctionVectorStudy.Score {
        var (right, sum) = (0, 0.0)
        for (length, group) in Dictionary(grouping: questions, by: { $0.tokens.count }).sorted(by: { $0.key < $1.key })
        {
            let changes = vector.map {
                [Intervention.steer(.block(layer, .residPost), by: $0, positions: length - 1..<length)]
            }
            let logits = model.run(batch: group.map { $0.tokens }, with: changes ?? []).output
            for (row, question) in group.enumerated() {
                let said = logits[row][length - 1].logSoftmax()
                try model.requireNumbers(said)
                right += said.argmax() == question.answer ? 1 : 0
                sum += Double(said[question.answer].item)
            }
        }
        let count = Double(questions.count)
        return FunctionVectorStudy.Score(accuracy: Double(right) / count, logProbability: sum / count)
    }
}
