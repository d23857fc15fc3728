internal import PlumbBasics
internal import PlumbData
public import PlumbLearning
internal import PlumbModels
internal import PlumbRecords
public import PlumbTensor

extension ExplanationStudy {
    /// Explains planted units, trains a transformer and explains its neurons; the same key gives the same outcome.
    ///
    /// - Throws: `FitError` when training diverges; `RunInterrupted` when the session is asked to stop.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        let explained = GeneratedTexts.texts(texts, key: key["explained texts"])
        let scored = GeneratedTexts.texts(testTexts, key: key["scored texts"])
        let planted = try planted(PlantedUnit.standard, explained, scored, key: key["planted"])
        try session.reporter.checkpoint()
        let (model, losses) = try train(key: key["transformer"], in: session)
        let neurons = try neurons(of: model, explained, scored, key: key["neurons"]) {
            try session.reporter.checkpoint()
        }
        return Outcome(planted: planted, neurons: neurons, losses: losses)
    }

    /// Explains units whose right explanation is known.
    func planted(
        _ units: [PlantedUnit], _ explained: [[String]], _ scored: [[String]], key: RandomKey
    ) throws -> [Planted] {
        let records = units.indices.map { units[$0].records(explained, noise: noise, key: key["explained"][$0]) }
        let tests = units.indices.map { units[$0].records(scored, noise: noise, key: key["scored"][$0]) }
        let exchanged = units.indices.map { records[$0].exchangingActivations(key: key["exchanged"][$0]) }
        let found = RuleExplainer().explain(records)
        let single = RuleExplainer(terms: 1).explain(records)
        let fromExchanged = RuleExplainer().explain(exchanged)
        let direct = DirectSimulator()
        let truths = try units.map { try direct.simulate(.rules($0.truth), records: tests[0]) }
        return try units.indices.map { index in
            let own = tests[index]
            func score(_ explanation: Explanation, on records: [ActivationRecord]) throws -> Double {
                let simulated = try direct.simulate(explanation, records: records)
                return SimulationScore(simulated: simulated, records: records).correlation
            }
            func elsewhere(_ score: ([ActivationRecord]) -> Double) -> Double {
                Statistics.mean(units.indices.filter { $0 != index }.map { score(tests[$0]) }.filter { !$0.isNaN })
            }
            let mixed = own.exchangingActivations(key: key["exchanged tests"][index])
            let fuzzing = key["fuzzing"][index]
            var result = Planted(name: units[index].name, kind: units[index].kind)
            result.sentence = found[index].sentence
            result.right = SimulationScore(simulated: truths[index], records: own).correlation
            result.found = try score(found[index], on: own)
            result.single = try score(single[index], on: own)
            result.lookup = try score(.tokens(TokenMeans(records[index])), on: own)
            result.rightExchanged = SimulationScore(simulated: truths[index], records: mixed).correlation
            result.foundExchanged = try score(fromExchanged[index], on: mixed)
            result.elsewhere = elsewhere { SimulationScore(simulated: truths[index], records: $0).correlation }
            result.detection = Detection.score(simulated: truths[index], records: own)
            result.fuzzing = Detection.fuzzingScore(simulated: truths[index], records: own, key: fuzzing)
            result.detectionElsewhere = elsewhere { Detection.score(simulated: truths[index], records: $0) }
            result.fuzzingElsewhere = elsewhere {
                Detection.fuzzingScore(simulated: truths[index], records: $0, key: fuzzing)
            }
            return result
        }
    }

    private func ids(_ texts: [[String]]) -> [[Int]] {
        let places = Dictionary(
            uniqueKeysWithValues: zip(GeneratedTexts.vocabulary, GeneratedTexts.vocabulary.indices))
        return texts.map { text in
            text.map { token in
                guard let place = places[token] else { unmet("\"\(token)\" is no token of generated texts") }
                return place
            }
        }
    }

    /// Trains a transformer on generated texts, one after another.
    func train(key: RandomKey, in session: FitSession) throws -> (HookedTransformer, losses: [Double]) {
        let words = GeneratedTexts.vocabulary.count
        let sizes = TransformerConfiguration(
            architecture: .gpt2, layers: layers, width: width, heads: 4, vocabulary: words, context: 64)
        let model = try HookedTransformer(
            sizes, key: key["weights"], initialization: .scaled(gain: 0.5), isTied: false, name: "words")
        let stream = TokenStream(
            ids(GeneratedTexts.texts(trainingTexts, key: key["texts"])).flatMap { $0 }, vocabularySize: words)
        var training = LanguageModelTraining(steps: steps, batch: batch, learningRate: learningRate, length: 48)
        (training.evaluations, training.validationWindows) = (4, 32)
        let result = try training.run(model, on: stream, key: key["windows"], in: session)
        let losses = result.validation.map(\.loss)
        return (result.model, [losses.first ?? .nan, losses.last ?? .nan])
    }

    /// Explains neurons of each block of a model of generated texts.
    func neurons(
        of model: HookedTransformer, _ explained: [[String]], _ scored: [[String]], key: RandomKey,
        checkpoint: () throws -> Void
    ) throws -> [Neuron] {
        var generator = key["drawn"].generator()
        let places = (0..<layers).flatMap { block in
            (0..<4 * width).shuffled(using: &generator).prefix(neurons).sorted().map { (block, $0) }
        }
        let units = places.map { ActivationUnit.neuron($1, block: $0) }
        func records(_ texts: [[String]]) throws -> [[ActivationRecord]] {
            try ActivationUnit.records(
                of: units, in: model, texts: ids(texts), spelling: { GeneratedTexts.vocabulary[$0] },
                checkpoint: checkpoint)
        }
        let (training, testing) = (try records(explained), try records(scored))
        let found = RuleExplainer().explain(training)
        let exchanged = units.indices.map { training[$0].exchangingActivations(key: key["exchanged"][$0]) }
        let fromExchanged = RuleExplainer().explain(exchanged)
        let direct = DirectSimulator()
        return try units.indices.map { index in
            try checkpoint()
            let (block, neuron) = places[index]
            let lookup = Explanation.tokens(TokenMeans(training[index]))
            func score(_ explanation: Explanation, _ records: [ActivationRecord]) throws -> Double {
                let simulated = try direct.simulate(explanation, records: records)
                return SimulationScore(simulated: simulated, records: records).correlation
            }
            let few = Array(testing[index].prefix(ablationTexts))
            func ablation(_ explanation: Explanation) throws -> Double {
                try SimulatedAblation.score(
                    model, neuron: neuron, block: block, texts: ids(few.map(\.tokens)),
                    simulated: try direct.simulate(explanation, records: few),
                    mean: Statistics.mean(training[index].flatMap(\.activations)))
            }
            let mixed = testing[index].exchangingActivations(key: key["exchanged tests"][index])
            return Neuron(
                block: block, index: neuron, sentence: found[index].sentence,
                found: try score(found[index], testing[index]), lookup: try score(lookup, testing[index]),
                exchanged: try score(fromExchanged[index], mixed), ablationFound: try ablation(found[index]),
                ablationLookup: try ablation(lookup))
        }
    }
}
