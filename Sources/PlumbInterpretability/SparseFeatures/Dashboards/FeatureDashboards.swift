internal import PlumbBasics
public import PlumbModels
public import PlumbTensor

// A feature is claimed to mean something when the passages in which it is active have something in common (Bricken et al.
// 2023, "Towards Monosemanticity", whose dashboards these follow). Passages of greatest activation alone mislead: a feature
// may be one thing where it is strong and another where it is weak (Bolukbasi et al. 2021, "An Interpretability Illusion
// for BERT", arXiv:2104.07143). So positions drawn at random from all at which a feature is active stand beside them.

/// What features of a dictionary do in a text: where they are active, how strongly and how often, and which tokens they
/// make more and less likely.
public struct FeatureDashboards: Sendable {
    /// Which features are looked at.
    public enum Choice: Sendable, Equatable {
        /// These.
        case these([Int])
        /// So many of those that make up most of the activations: of greatest `Σ f² ‖W_dec‖²`, among those that are active
        /// at no more than a tenth of the positions.
        case strongest(Int)
    }

    /// How much is kept of each feature.
    public struct Options: Sendable {
        /// Passages of greatest activation, one a window at most.
        public var top = 8
        /// Passages drawn at random from all positions at which the feature is active.
        public var drawn = 3
        /// Tokens of a passage before its position.
        public var before = 20
        /// Tokens of a passage after it.
        public var after = 10
        /// Tokens whose logits are raised most, and lowered most.
        public var tokens = 8
        /// The most positions of a pass through the model.
        public var rowLimit = 1024

        /// The reference options.
        public init() {}
    }

    /// A part of the text.
    public struct Passage: Sendable, Equatable {
        /// Its tokens.
        public let tokens: [Int]
        /// How active the feature is at each.
        public let activations: [Float]
        /// Which of the tokens the passage is about.
        public let place: Int
    }

    /// What one unit of a feature's activation adds to a token's logit.
    public struct TokenEffect: Sendable, Equatable {
        /// The token.
        public let token: Int
        /// The change.
        public let effect: Double
    }

    /// One feature.
    public struct Feature: Sendable {
        /// Its number in the dictionary.
        public let index: Int
        /// At how many positions it is active.
        public let count: Int
        /// The same as a share of all.
        public let density: Double
        /// The mean activation where it is active.
        public let mean: Double
        /// The greatest activation.
        public let greatest: Float
        /// The ends of the bins of ``counts``, one more than these; activations above 0 only.
        public let edges: [Double]
        /// Positions by activation.
        public let counts: [Double]
        /// The passages of greatest activation, the greatest first.
        public let top: [Passage]
        /// Passages about positions drawn at random from those at which it is active.
        public let drawn: [Passage]
        /// The tokens whose logits its direction raises most; none where the direction is not of the residual stream, heads or
        /// neurons.
        public let raised: [TokenEffect]
        /// Those it lowers most.
        public let lowered: [TokenEffect]
    }

    /// Positions that were looked at.
    public let rows: Int
    /// The mean number of active features, L0.
    public let active: Double
    /// 1 less the squared error of the reconstruction as a share of the variance.
    public let explainedVariance: Double
    /// Of each feature of the dictionary, the share of positions at which it is active.
    public let density: [Double]
    /// The features looked at, in the order asked for, or the strongest first.
    public let features: [Feature]

    /// Features that are active nowhere in the text.
    public var silent: Int { density.count { $0 == 0 } }
}

extension FeatureDashboards {
    /// Reads a text and looks at features.
    ///
    /// The first token of a window is read but not looked at: models put norms there that occur nowhere else.
    ///
    /// - Parameters:
    ///   - dictionary: whose features.
    ///   - model: whose activations it reads.
    ///   - choice: which features.
    ///   - options: how much is kept of each.
    ///   - key: of the passages drawn.
    ///   - checkpoint: called before each pass with the number of positions looked at; may throw to end the work.
    ///   - window: the next window of the text; nil after the last.
    /// - Throws: `ModelError` for a dictionary that is not of the model, a feature that it lacks, or a text without
    ///   windows; what `checkpoint` and `window` throw.
    /// - Complexity: memory for 64 bins and the places of passages a feature, and four bytes a token of the text.
    public init(
        _ dictionary: SparseDictionary, of model: HookedTransformer, choice: Choice, options: Options = Options(),
        key: RandomKey, checkpoint: (Int) throws -> Void = { _ in }, window: () throws -> [Int]?
    ) throws {
        let reader = try FeatureReader(dictionary, model)
        let tracked: [Int]
        switch choice {
        case .these(let features):
            if let bad = features.first(where: { !(0..<dictionary.features).contains($0) }) {
                throw ModelError(
                    "the dictionary has \(dictionary.features) features, counted from 0, no feature \(bad)")
            }
            tracked = features
        case .strongest: tracked = Array(0..<dictionary.features)
        }
        var survey = FeatureSurvey(
            features: dictionary.features, tracked: tracked, top: options.top, drawn: options.drawn,
            key: key["drawn"])
        var quality = VarianceSum()
        var next = try window()
        while next != nil {
            try checkpoint(survey.rows)
            var batch: [[Int]] = []
            while let tokens = next, batch.isEmpty || batch.reduce(tokens.count, { $0 + $1.count }) <= options.rowLimit
            {
                batch.append(tokens)
                next = try window()
            }
            let (found, output) = try reader.read(batch)
            quality.add(dictionary.output(of: found, input: output.input), of: output.target)
            var row = 0
            for tokens in batch {
                survey.add(tokens, found, from: row)
                row += tokens.count - 1
            }
        }
        guard survey.rows > 0 else { throw ModelError("the text has no window of two tokens or more") }
        let chosen = Self.chosen(choice, survey, dictionary)
        let passages = try Self.passages(chosen, survey, reader, options, checkpoint)
        let effects = LogitEffects(dictionary, model).of(chosen, count: options.tokens)
        (rows, explainedVariance) = (survey.rows, quality.explained)
        density = survey.counts.map { Double($0) / Double(survey.rows) }
        active = Double(survey.counts.reduce(0, +)) / Double(survey.rows)
        features = chosen.enumerated().map { place, index in
            let summary = survey.summary(of: index)
            return Feature(
                index: index, count: summary.count, density: Double(summary.count) / Double(survey.rows),
                mean: summary.mean, greatest: summary.greatest, edges: summary.edges, counts: summary.counts,
                top: passages[place].top, drawn: passages[place].drawn, raised: effects[place].raised,
                lowered: effects[place].lowered)
        }
    }

    /// The most positions, as a share of all, at which a feature is active that is chosen for its strength.
    public static let dense = 0.1

    private static func chosen(_ choice: Choice, _ survey: FeatureSurvey, _ dictionary: SparseDictionary) -> [Int] {
        guard case .strongest(let count) = choice else { return survey.tracked }
        let lengths = dictionary.decoder.squared().summed(axis: 1).elements
        let limit = dense * Double(survey.rows)
        let strengths = zip(survey.squares, lengths).map { $0 * Double($1) }
        return strengths.indices.filter { survey.counts[$0] > 0 && Double(survey.counts[$0]) <= limit }
            .sorted { (-strengths[$0], $0) < (-strengths[$1], $1) }.prefix(max(0, count)).map { $0 }
    }

    /// The windows that passages are of are read once more, which gives the same activations bit for bit.
    private static func passages(
        _ features: [Int], _ survey: FeatureSurvey, _ reader: FeatureReader, _ options: Options,
        _ checkpoint: (Int) throws -> Void
    ) throws -> [(top: [Passage], drawn: [Passage])] {
        let places = features.map { feature in
            let summary = survey.summary(of: feature)
            return summary.top.map { ($0, true) } + summary.drawn.map { ($0, false) }
        }
        var requested: [Int: [(feature: Int, place: Int)]] = [:]
        for (feature, own) in places.enumerated() {
            for (index, (place, _)) in own.enumerated() {
                requested[Int(place.window), default: []].append((feature, index))
            }
        }
        var found = places.map { [Passage?](repeating: nil, count: $0.count) }
        for (window, requests) in requested.sorted(by: { $0.key < $1.key }) {
            try checkpoint(survey.rows)
            let tokens = survey.tokens(of: window)
            let active = try reader.read([tokens]).active
            for (feature, index) in requests {
                let center = Int(places[feature][index].0.token)
                let range = max(1, center - options.before)..<min(tokens.count, center + options.after + 1)
                let values = range.map { token in
                    active[token - 1].first { $0.feature == features[feature] }?.value ?? 0
                }
                found[feature][index] = Passage(
                    tokens: Array(tokens[range]), activations: values, place: center - range.lowerBound)
            }
        }
        return zip(places, found).map { places, found in
            func part(_ isTop: Bool) -> [Passage] { zip(places, found).filter { $0.0.1 == isTop }.compactMap(\.1) }
            return (part(true), part(false))
        }
    }
}

/// The share of the variance that reconstructions explain, added up over batches of rows.
private struct VarianceSum {
    private var rows = 0.0, errors = 0.0, squares = 0.0
    private var sums: [Double] = []

    /// - Shapes: both `[R, O]`.
    mutating func add(_ outputs: Tensor, of targets: Tensor) {
        let error = outputs - targets
        rows += Double(targets.shape[0])
        errors += error.dot(error)
        squares += targets.dot(targets)
        let own = targets.summed(axis: 0).elements.map(Double.init)
        sums = sums.isEmpty ? own : zip(sums, own).map { $0 + $1 }
    }

    var explained: Double {
        let variance = squares - sums.reduce(0) { $0 + $1 * $1 } / max(1, rows)
        return variance > 0 ? 1 - errors / variance : .nan
    }
}
