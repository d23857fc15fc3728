public import PlumbBasics
public import PlumbModels
public import PlumbRecords
public import PlumbTensor

/// What probes read of true and false statements from the residual stream of a language model, at the full stop.
///
/// Probes are fitted to statements of one kind, their layer is chosen by other statements of that kind, and they are
/// judged on further ones, on negated ones, and on statements of other kinds. Contrast-consistent search sees pairs of
/// a statement and its negation without labels, but for the one bit that tells truth from falsehood.
///
/// Sources: Marks, Tegmark 2023, arXiv:2310.06824; Burns et al. 2022, arXiv:2212.03827; Gurnee et al. 2023,
/// arXiv:2305.01610.
public struct StatementStudy: SettingGroup {
    @Setting("Groups of four statements of each kind, at most.", 4...1000) public var groups = 60
    @Setting("Penalty of logistic probes of a language model.", 1e-9...1e9) public var statementPenalty = 100.0
    @Setting("Part of the covariance that is replaced by the identity where means are whitened.", 0.001...1)
    public var shrinkage = 0.5
    @Setting("Features of a sparse probe.", 1...1000) public var features = 16
    @Setting("Shuffles of the labels, and random features, that a language model's probe is compared with.", 1...1000)
    public var statementControls = 20
    @Setting("Whether a model of the same sizes with random weights is probed too.") public var probesUntrained = true

    /// All statements.
    public init() {}

    /// The methods compared; the claims are about the first.
    public var methods: [ProbeMethod] {
        [
            .logistic(penalty: statementPenalty), .meanDifference, .whitenedMeanDifference(shrinkage: shrinkage),
            .sparse(features: features, penalty: 1),
        ]
    }

    /// What was found of statements of one kind. Areas are under the ROC curve, of true statements against false ones.
    public struct Judged: Sendable, Codable, Equatable {
        /// The areas of logistic probes of each layer on the validation statements.
        public var validation: [Double]
        /// The layer of the largest.
        public var layer: Int
        /// Probes of each method at that layer on the test statements, with their controls.
        public var reports: [ProbeReport]
        /// The areas of the logistic probe on the test statements of each kind, and on their negations.
        public var transfer: CaseValues<TrueFalseStatements.Kind, Double>
        /// See ``transfer``.
        public var negated: CaseValues<TrueFalseStatements.Kind, Double>
        /// The area of contrast-consistent search on test pairs, and its interval.
        public var consistent: Double
        /// The interval of ``consistent``.
        public var consistentInterval: Interval?
        /// The same where each statement is paired with the negation of another one, for several pairings.
        public var inconsistent: [Double]
        /// The area of the logistic probe of a model with random weights at that layer.
        public var untrained: Double?
    }

    /// Activations of the statements of one kind.
    private struct Read {
        let pairs: [TrueFalseStatements.Pair]
        let statements: [Tensor], negations: [Tensor]
        let split: ProbeSplit

        func statements(_ layer: Int) throws -> ProbeExamples {
            try ProbeExamples(
                DoubleMatrix(statements[layer]), labels: pairs.map(\.isTrue), groups: pairs.map(\.group))
        }

        func negations(_ layer: Int) throws -> ProbeExamples {
            try ProbeExamples(
                DoubleMatrix(negations[layer]), labels: pairs.map { !$0.isTrue }, groups: pairs.map(\.group))
        }
    }

    /// Probes a model.
    ///
    /// - Parameters:
    ///   - model: a language model with a tokenizer.
    ///   - key: of groups, splits, controls and intervals.
    ///   - progress: called with what is done and the share of it; may throw to end the study.
    /// - Throws: `ModelError` for a model without a tokenizer; ``ProbeError`` where there are too few groups; what
    ///   `progress` throws.
    public func run(
        _ model: HookedTransformer, key: RandomKey, progress: (String, Double) throws -> Void = { _, _ in }
    ) throws -> CaseValues<TrueFalseStatements.Kind, Judged> {
        guard features <= model.configuration.width else {
            throw ProbeError(
                "--features \(features) is more than the width of \(model.name), \(model.configuration.width): give fewer"
            )
        }
        let read = try CaseValues<TrueFalseStatements.Kind, Read> { kind in
            try self.read(model, kind, key: key[kind.rawValue], progress: progress)
        }
        let untrained = try probesUntrained ? untrained(model, key: key["untrained"]) : nil
        return try CaseValues { kind in
            let (own, key) = (read[kind], key[kind.rawValue])
            let areas = try (0..<model.configuration.layers).map { layer in
                try progress("probing \(kind.rawValue)", Double(layer) / Double(model.configuration.layers))
                let examples = try own.statements(layer)
                let probe = try methods[0].fit(examples.selecting(own.split.training))
                return probe.auroc(examples.selecting(own.split.validation))
            }
            guard let layer = LayerChoice.best.layer(areas) else {
                throw ProbeError("no layer's area under the ROC curve is a number")
            }
            let examples = try own.statements(layer)
            let (training, test) = (examples.selecting(own.split.training), examples.selecting(own.split.test))
            let reports = try methods.map {
                try ProbeReport(
                    $0, training: training, test: test, controls: statementControls, key: key[$0.title])
            }
            let probe = reports[0].probe
            let pairs = try consistency(own, layer: layer, key: key["pairs"])
            let random = try untrained.map { network in
                let other = try self.read(network, kind, negates: false, key: key, progress: progress)
                    .statements(layer)
                return try methods[0].fit(other.selecting(own.split.training)).auroc(other.selecting(own.split.test))
            }
            return Judged(
                validation: areas, layer: layer, reports: reports,
                transfer: try CaseValues { probe.auroc(try read[$0].statements(layer).selecting(read[$0].split.test)) },
                negated: try CaseValues { probe.auroc(try read[$0].negations(layer).selecting(read[$0].split.test)) },
                consistent: pairs.area, consistentInterval: pairs.interval, inconsistent: pairs.inconsistent,
                untrained: random)
        }
    }

    private func read(
        _ model: HookedTransformer, _ kind: TrueFalseStatements.Kind, negates: Bool = true, key: RandomKey,
        progress: (String, Double) throws -> Void
    ) throws -> Read {
        let pairs = TrueFalseStatements(kind, limit: groups, key: key).pairs
        func streams(_ texts: [String], _ name: String) throws -> [Tensor] {
            try model.lastResiduals(of: try texts.map(model.tokens)) { try progress("reading \(name)", $0) }
        }
        return Read(
            pairs: pairs, statements: try streams(pairs.map(\.statement), kind.rawValue),
            negations: negates ? try streams(pairs.map(\.negation), "negated \(kind.rawValue)") : [],
            split: try ProbeSplit(groups: pairs.map(\.group), labels: pairs.map(\.isTrue), key: key))
    }

    /// A model of the same sizes with random weights.
    private func untrained(_ model: HookedTransformer, key: RandomKey) throws -> HookedTransformer {
        var network = try HookedTransformer(
            model.configuration, key: key, initialization: .scaled(), tokenizer: model.tokenizer,
            name: "\(model.name) with random weights")
        network.addsBOS = model.addsBOS
        return network
    }

    private func consistency(
        _ read: Read, layer: Int, key: RandomKey
    ) throws -> (area: Double, interval: Interval?, inconsistent: [Double]) {
        let (statements, negations) = (try read.statements(layer), try read.negations(layer))
        let (fitted, judged) = (read.split.training, read.split.test)
        let (own, test) = (statements.selecting(fitted), statements.selecting(judged))
        let testNegations = negations.selecting(judged)
        func probe(_ other: ProbeExamples, _ key: RandomKey) throws -> [Double] {
            try ConsistencyProbe(positive: own.activations, negative: other.activations, key: key)
                .oriented(by: own.labels, positive: own.activations, negative: other.activations)
                .scores(positive: test.activations, negative: testNegations.activations)
        }
        let scores = try probe(negations.selecting(fitted), key["consistent"])
        let inconsistent = try (0..<5).map { index in
            var random = key["inconsistent"][index].generator()
            let exchanged = negations.selecting(fitted.shuffled(using: &random))
            return LinearProbe.auroc(try probe(exchanged, key["try"][index]), test.labels)
        }
        return (
            LinearProbe.auroc(scores, test.labels),
            ProbeReport.interval(scores, test.labels, test.groups, key: key["interval"]), inconsistent
        )
    }
}
