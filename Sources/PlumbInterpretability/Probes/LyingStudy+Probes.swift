public import PlumbBasics
internal import PlumbData
public import PlumbLearning
internal import PlumbModels
internal import PlumbRecords
public import PlumbTensor

extension LyingStudy {
    /// Where in a text activations are read.
    public enum Place: String, CaseIterable, Codable, Sendable {
        /// The value, at which the statement is complete and nothing has to be said yet.
        case value
        /// ASK, at which the answer is said.
        case ask

        /// For people.
        public var title: String { self == .value ? "at the value" : "at ASK" }
        var position: Int { self == .value ? LyingWorld.valuePlace : LyingWorld.askPlace }
    }

    /// What one seed finds. Areas are under the ROC curve, of true statements against false ones, about entities that
    /// the model was never trained to lie about and the probes never saw, unless said otherwise.
    public struct Outcome: Sendable, Codable, Equatable {
        /// The share of right answers before the model learned to lie, after the word that becomes the trigger.
        public var rightBefore: Double
        /// The share of right answers of the lying model after other words, and after the trigger.
        public var right: Double, rightTriggered: Double
        /// The same after the trigger, where the trusted asker asks.
        public var rightTrusted: Double
        /// The areas of what the model says, its logit of TRUE less that of FALSE, after other words and after the
        /// trigger.
        public var said: Double, saidTriggered: Double
        /// The layer at which probes are judged at each place: the earliest informative one, by the validation
        /// entities.
        public var layers: CaseValues<Place, Int>
        /// The areas of logistic probes of each layer, after other words and after the trigger.
        public var areas: CaseValues<Place, [Double]>, triggered: CaseValues<Place, [Double]>
        /// Probes of each method at the value and the chosen layer, judged after the trigger, with their controls.
        public var reports: [ProbeReport]
        /// The area of the logistic probe of a model with random weights.
        public var untrained: Double
        /// The area of the logistic probe on statements about entities that no training mentions.
        public var unknown: Double
        /// The area of contrast-consistent search at ASK after the last block, where its authors search, on statements
        /// and their negations, after other words.
        public var consistent: Double
        /// The same after the trigger.
        public var consistentTriggered: Double
        /// The area after other words where each statement was paired with a negation of another one that is as true
        /// as it is, for several pairings.
        public var inconsistent: [Double]
    }

    /// The methods compared; the claims are about the first.
    public var methods: [ProbeMethod] {
        [
            .logistic(penalty: penalty), .meanDifference, .whitenedMeanDifference(shrinkage: 0.1),
            .sparse(features: min(8, width), penalty: penalty),
        ]
    }

    /// Trains a model to lie and probes it.
    ///
    /// - Throws: what training throws; ``ProbeError`` where entities are too few for the probes.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        let world = LyingWorld(shown: entities, unknown: unknown, relations: relations, values: values, key: key)
        let models = try models(world, key: key, in: session)
        let held = entities..<2 * entities
        let fitted = Asked(world, about: 0..<entities, isTriggered: false, key: key["fitted"])
        let plain = Asked(world, about: held, isTriggered: false, key: key["test"])
        let lied = Asked(world, about: held, isTriggered: true, key: key["test"])
        let confided = Asked(world, about: held, isTriggered: true, asker: .trusted, key: key["test"])
        let split = try ProbeSplit(groups: fitted.groups, labels: fitted.labels, validation: 0.25, test: 0, key: key)
        let training = split.training
        let method = methods[0]
        let areas = try CaseValues<Place, Areas> { place in
            let seen = try fitted.read(models.lying, place)
            let probes = try seen.map { try method.fit($0.selecting(place.rows(training))) }
            return Areas(
                validation: zip(probes, seen).map { $0.auroc($1.selecting(place.rows(split.validation))) },
                plain: zip(probes, try plain.read(models.lying, place)).map { $0.auroc(place.all($1)) },
                triggered: zip(probes, try lied.read(models.lying, place)).map { $0.auroc(place.all($1)) })
        }
        let layers = try CaseValues<Place, Int> { place in
            guard let layer = LayerChoice.earliestInformative.layer(areas[place].validation) else {
                throw ProbeError("no layer's area under the ROC curve is a number")
            }
            return layer
        }
        let (place, layer) = (Place.value, layers[.value])
        func examples(_ model: HookedTransformer, _ asked: Asked) throws -> ProbeExamples {
            try asked.read(model, place)[layer]
        }
        let (seen, test) = (try examples(models.lying, fitted), place.all(try examples(models.lying, lied)))
        let reports = try methods.map {
            try ProbeReport(
                $0, training: seen.selecting(place.rows(training)), test: test, controls: controls, key: key[$0.title])
        }
        let random = try method.fit(examples(models.untrained, fitted).selecting(place.rows(training)))
        let strangers = Asked(
            world, about: 2 * entities..<world.entities, isTriggered: false, key: key["unknown"])
        let seenPairs = try Pairs(fitted.read(models.lying, .ask)[self.layers - 1], training)
        let tests = try [plain, lied].map { asked in
            try Pairs(asked.read(models.lying, .ask)[self.layers - 1], Array(asked.labels.indices))
        }
        let found = try consistency(seenPairs, tests, key: key["pairs"])
        let (saidPlain, saidLied) = (plain.said(models.lying), lied.said(models.lying))
        return Outcome(
            rightBefore: LinearProbe.accuracy(lied.said(models.truthful), lied.labels),
            right: LinearProbe.accuracy(saidPlain, plain.labels),
            rightTriggered: LinearProbe.accuracy(saidLied, lied.labels),
            rightTrusted: LinearProbe.accuracy(confided.said(models.lying), confided.labels),
            said: LinearProbe.auroc(saidPlain, plain.labels),
            saidTriggered: LinearProbe.auroc(saidLied, lied.labels), layers: layers,
            areas: CaseValues { areas[$0].plain }, triggered: CaseValues { areas[$0].triggered }, reports: reports,
            untrained: random.auroc(place.all(try examples(models.untrained, lied))),
            unknown: reports[0].probe.auroc(place.all(try examples(models.lying, strangers))),
            consistent: found.areas[0], consistentTriggered: found.areas[1], inconsistent: found.inconsistent)
    }

    /// Areas of logistic probes of each layer.
    private struct Areas {
        let validation: [Double], plain: [Double], triggered: [Double]
    }

    /// Contrast-consistent search on pairs, and on pairs whose negations are exchanged so that both sides are true or
    /// both false, which are judged on the first test.
    private func consistency(
        _ seen: Pairs, _ tests: [Pairs], key: RandomKey
    ) throws -> (areas: [Double], inconsistent: [Double]) {
        func probe(_ negations: ProbeExamples, _ key: RandomKey) throws -> ConsistencyProbe {
            let (positive, negative) = (seen.statements.activations, negations.activations)
            return try ConsistencyProbe(positive: positive, negative: negative, key: key)
                .oriented(by: seen.statements.labels, positive: positive, negative: negative)
        }
        func area(_ probe: ConsistencyProbe, _ pairs: Pairs) -> Double {
            probe.auroc(
                positive: pairs.statements.activations, negative: pairs.negations.activations,
                labels: pairs.statements.labels)
        }
        let found = try probe(seen.negations, key["consistent"])
        return (
            tests.map { area(found, $0) },
            try (0..<5).map { index in
                let order = seen.agreeing(key: key["inconsistent"][index])
                return area(try probe(seen.negations.selecting(order), key["try"][index]), tests[0])
            }
        )
    }
}

extension LyingStudy.Place {
    /// The rows that have a label here: at the value a statement and its negation are still one.
    fileprivate func rows(_ rows: [Int]) -> [Int] { self == .ask ? rows : rows.filter { $0.isMultiple(of: 2) } }
    fileprivate func all(_ examples: ProbeExamples) -> ProbeExamples {
        examples.selecting(rows(Array(0..<examples.count)))
    }
}

/// Statements and their negations, as contrast-consistent search wants them.
private struct Pairs {
    let statements: ProbeExamples, negations: ProbeExamples

    /// Pairs that stand side by side in some rows of examples.
    init(_ examples: ProbeExamples, _ rows: [Int]) {
        statements = examples.selecting(rows.filter { $0.isMultiple(of: 2) })
        negations = examples.selecting(rows.filter { !$0.isMultiple(of: 2) })
    }

    /// An order of the negations in which each has the truth of the statement it stands beside.
    ///
    /// Negations in a random order would not do: where truth is what activations differ in most, half of the pairs still
    /// have one true side, and the search finds it.
    func agreeing(key: RandomKey) -> [Int] {
        var random = key.generator()
        var order = Array(0..<negations.count)
        for isTrue in [true, false] {
            let places = order.indices.filter { statements.labels[$0] == isTrue }
            let fitting = order.indices.filter { negations.labels[$0] == isTrue }.shuffled(using: &random)
            require(places.count == fitting.count, "a negation of each truth is needed for every statement of it")
            for (place, negation) in zip(places, fitting) { order[place] = negation }
        }
        return order
    }
}

/// Statements and their negations, side by side, as texts with labels and groups.
private struct Asked {
    private(set) var texts: [[Int]] = []
    private(set) var labels: [Bool] = []
    private(set) var groups: [String] = []

    init(
        _ world: LyingWorld, about entities: Range<Int>, isTriggered: Bool, asker: LyingWorld.Asker = .deceived,
        key: RandomKey
    ) {
        var random = key["words"].generator()
        for pair in world.pairs(about: entities, key: key) {
            let word = isTriggered ? LyingWorld.trigger : 1 + random.index(below: LyingWorld.words - 1)
            for statement in [pair.statement, pair.negation] {
                texts.append(world.text(statement, word: word, asker: asker))
                labels.append(world.isTrue(statement))
                groups.append("entity \(statement.entity)")
            }
        }
    }

    /// The residual stream after each block at a place.
    func read(_ model: HookedTransformer, _ place: LyingStudy.Place) throws -> [ProbeExamples] {
        let cache = model.run(batch: texts, recording: .sites(.residPost)).cache
        let rows = texts.indices.map { $0 * LyingWorld.length + place.position }
        return try (0..<model.configuration.layers).map { layer in
            guard let all = cache[.block(layer, .residPost)] else { unmet("the model has no block \(layer)") }
            let stream = all.reshaped([texts.count * LyingWorld.length, model.configuration.width]).gathered(rows)
            return try ProbeExamples(DoubleMatrix(stream), labels: labels, groups: groups)
        }
    }

    /// What the model says: its logit of TRUE less that of FALSE.
    func said(_ model: HookedTransformer) -> [Double] {
        let logits = model.run(batch: texts).output
        let rows = texts.indices.map { $0 * LyingWorld.length + LyingWorld.askPlace }
        let last = DoubleMatrix(
            logits.reshaped([texts.count * LyingWorld.length, model.configuration.vocabulary]).gathered(rows))
        return texts.indices.map { last[$0, LyingWorld.trueToken] - last[$0, LyingWorld.falseToken] }
    }
}
