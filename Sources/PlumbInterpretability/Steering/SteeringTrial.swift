internal import PlumbBasics
internal import PlumbModels
internal import PlumbRecords
internal import PlumbTensor
internal import PlumbTokenizers

/// One seed of a steering study: the prompts and directions that it draws, and what the model writes.
struct SteeringTrial {
    private let study: SteeringStudy
    private let model: HookedTransformer
    private let concept: SteeringConcept
    private let key: RandomKey
    private let vector: ControlVector
    private let isotropic: [ControlVector]
    private let covariance: [ControlVector]
    private let development: [[Int]], test: [[Int]], leading: [[Int]]
    private let shown: [String]
    private let developmentText: [[Int]], testText: [[Int]]
    /// Of the direction that is removed, and of the stream there.
    let length: Double, activationLength: Double

    private var layer: Int { study.layers[study.layers.count - 1] }

    init(_ study: SteeringStudy, _ model: HookedTransformer, _ concept: SteeringConcept, key: RandomKey) throws {
        (self.study, self.model, self.concept, self.key) = (study, model, concept, key)
        let order = Array(concept.positive.indices).shuffled(by: key["pairs"])
        let (own, others) = (order.prefix(study.pairs), order.dropFirst(study.pairs))
        vector = try ControlVector(
            model, positive: own.map { try concept.positive[$0].contrast(model) },
            negative: own.map { try concept.negative[$0].contrast(model) })
        let prompts = concept.prompts.shuffled(by: key["prompts"])
        development = try prompts.prefix(study.developmentPrompts).map { try $0.tokens(model) }
        shown = prompts.dropFirst(study.developmentPrompts).prefix(study.testPrompts).map(\.shown)
        test = try prompts.dropFirst(study.developmentPrompts).prefix(study.testPrompts).map { try $0.tokens(model) }
        leading = try others.prefix(study.testPrompts).map { try concept.leading[$0].tokens(model) }
        let neutral = try concept.neutral.shuffled(by: key["neutral"]).map { try $0.tokens(model) }
        developmentText = Array(neutral.prefix(study.neutralTexts))
        testText = Array(neutral.dropFirst(study.neutralTexts).prefix(study.neutralTexts))
        var activations: [Int: Tensor] = [:]
        for layer in study.layers {
            let rows = try developmentText.map { tokens in
                let point = HookPoint.block(layer, .residPost)
                guard let stream = model.run(tokens, recording: .only(point)).cache[point] else {
                    throw ModelError("\(model.name) did not show \(point)")
                }
                return stream[1..<tokens.count]
            }
            activations[layer] = Tensor.concatenated(rows)
        }
        let steered = ControlVector(vector.directions.filter { study.layers.contains($0.key) })
        isotropic = (0..<study.randomDirections).map { steered.random(key: key["isotropic"][$0]) }
        covariance = (0..<study.randomDirections).map {
            steered.random(withCovarianceOf: activations, key: key["covariance"][$0])
        }
        let last = study.layers[study.layers.count - 1]
        length = vector.directions[last]?.norm() ?? 0
        let stream = activations[last] ?? .zeros([1, 1])
        activationLength = Statistics.mean((0..<stream.shape[0]).map { stream[$0].norm() })
    }

    /// What the model writes after prompts with interventions, one list a prompt.
    private func texts(_ prompts: [[Int]], _ changes: [[Intervention]], key: RandomKey) throws -> [String] {
        guard let tokenizer = model.tokenizer else { throw ModelError("\(model.name) has no tokenizer") }
        return try stride(from: 0, to: prompts.count, by: 128).flatMap { first in
            let rows = first..<min(first + 128, prompts.count)
            return try model.continuations(
                of: Array(prompts[rows]), maxTokens: study.written, temperature: study.temperature, key: key[first],
                with: Array(changes[rows])
            ).map { tokenizer.decode($0.tokens, skipSpecialTokens: true) }
        }
    }

    /// What is written and its score for each of several changes and each prompt.
    private func tried(
        _ prompts: [[Int]], _ changes: [[Intervention]], key: RandomKey
    ) throws -> (texts: [[String]], scores: [[Double]]) {
        let texts = try texts(
            changes.flatMap { _ in prompts }, changes.flatMap { change in prompts.map { _ in change } }, key: key)
        let rows = changes.indices.map { Array(texts[$0 * prompts.count..<($0 + 1) * prompts.count]) }
        return (rows, rows.map { $0.map(concept.judge.score) })
    }

    private func steering(_ vector: ControlVector, _ dose: Double) throws -> [Intervention] {
        try vector.interventions(model, scale: Float(dose), layers: study.layers)
    }

    /// How much the cross-entropy of texts rises by each of several changes, relative to it.
    private func rises(_ texts: [[Int]], _ changes: [[Intervention]]) throws -> [Double] {
        let all = [[]] + changes
        let losses = try model.crossEntropies(
            of: all.flatMap { _ in texts }, with: all.flatMap { change in texts.map { _ in change } })
        let means = all.indices.map { index in
            Statistics.mean(losses[index * texts.count..<(index + 1) * texts.count].joined().map(Double.init))
        }
        return means.dropFirst().map { $0 / means[0] - 1 }
    }

    /// The place of the smallest dose whose effect on the development prompts is at least half of the largest.
    func chosenDose() throws -> Int {
        let changes = try [[]] + study.doses.map { try steering(vector, $0) }
        let scores = try tried(development, changes, key: key["development"]).scores.map(Statistics.mean)
        let effects = scores.dropFirst().map { $0 - scores[0] }
        let order = study.doses.indices.sorted { study.doses[$0] < study.doses[$1] }
        return order.first { effects[$0] >= (effects.max() ?? 0) / 2 } ?? 0
    }

    /// Judges the directions on the test prompts: dose by dose, and at the dose chosen.
    func steer(_ outcome: inout SteeringStudy.Outcome) throws {
        let vectors: [(SteeringStudy.Direction, [ControlVector])] = [
            (.concept, [vector]), (.isotropic, isotropic), (.covariance, covariance),
        ]
        let key = key["test"]
        let plain = try tried(test, [[]], key: key["plain"])
        outcome.plain = plain.scores[0]
        let swept = try vectors.map { _, vectors in try study.doses.map { try steering(vectors[0], $0) } }
        let rises = try rises(testText, swept.flatMap { $0 })
        for (index, (direction, vectors)) in vectors.enumerated() {
            let own = key[direction.rawValue]
            // Of random directions the first is tried at every dose, and all of them at the dose chosen.
            let sweep = try tried(test, swept[index], key: own["doses"])
            outcome.curves[direction] = [Statistics.mean(outcome.plain)] + sweep.scores.map(Statistics.mean)
            outcome.rises[direction] = [0] + rises[index * study.doses.count..<(index + 1) * study.doses.count]
            let others = try vectors.dropFirst().map { try steering($0, outcome.dose) }
            let all = [sweep.scores[outcome.chosen]] + (try tried(test, others, key: own["chosen"]).scores)
            outcome.steered[direction] = test.indices.map { prompt in Statistics.mean(all.map { $0[prompt] }) }
            if direction == .concept {
                outcome.samples = test.indices.prefix(3).map {
                    [shown[$0], plain.texts[0][$0], sweep.texts[outcome.chosen][$0]]
                }
            } else {
                outcome.randomEffects += all.map { Statistics.mean($0) - Statistics.mean(outcome.plain) }
            }
        }
        let facts = try SteeringConcept.facts.prefix(2 * study.neutralTexts).map { try $0.tokens(model) }
        outcome.factsRise = try self.rises(facts, [swept[0][outcome.chosen]])[0]
    }

    /// Removes the direction, and a random one, where the model follows the concept on its own.
    func ablate(_ outcome: inout SteeringStudy.Outcome) throws {
        let changes = [
            [], try vector.ablations(model, layer: layer), try isotropic[0].ablations(model, layer: layer),
        ]
        let scores = try tried(leading, changes, key: key["ablation"]).scores
        (outcome.leading, outcome.ablated, outcome.ablatedRandom) = (scores[0], scores[1], scores[2])
        outcome.ablatedRise = try rises(testText, [changes[1]])[0]
    }
}

extension Array {
    /// The elements in an order that the key draws.
    fileprivate func shuffled(by key: RandomKey) -> [Element] {
        var random = key.generator()
        return shuffled(using: &random)
    }
}
