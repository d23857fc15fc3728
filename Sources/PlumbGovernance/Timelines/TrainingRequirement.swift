public import PlumbTensor

/// The computation that transformative AI needs with the algorithms of the first year, as a distribution.
public struct TrainingRequirement: Sendable {
    /// What is believed about each quantity.
    public var beliefs: [RequirementVariable: Distribution]
    /// The probability that an anchor is the right one, in the order of ``Anchor``.
    public var weights: [Double]
    private let settings: BiologicalAnchors

    init(_ settings: BiologicalAnchors) throws {
        self.settings = settings
        weights = settings.weights
        guard weights.count == Anchor.allCases.count else {
            throw GovernanceError("there are \(Anchor.allCases.count) anchors, found \(weights.count) weights")
        }
        for (anchor, weight) in zip(Anchor.allCases, weights) {
            try Probability.check(weight, "the weight of \(anchor.title)")
        }
        let total = weights.reduce(0, +)
        guard abs(total - 1) < 1e-6 else {
            throw GovernanceError("the weights of the anchors add up to 1, found \(total)")
        }
        guard settings.lowFLOP.count == settings.raiseProbability.count else {
            throw GovernanceError(
                "each low requirement has a probability of being raised, found \(settings.lowFLOP.count) and "
                    + "\(settings.raiseProbability.count)")
        }
        for probability in settings.raiseProbability { try Probability.check(probability, "a raise's probability") }
        let texts: [RequirementVariable: String] = [
            .brain: settings.brain, .shortHorizon: settings.shortHorizon, .mediumHorizon: settings.mediumHorizon,
            .longHorizon: settings.longHorizon, .genomeHorizon: settings.genomeHorizon,
            .transformative: settings.transformative, .scalingExponent: settings.scalingExponent,
            .flopPerParameter: settings.flopPerParameter, .efficiency: settings.efficiency,
            .lifetimeEfficiency: settings.lifetimeEfficiency, .genomeParameters: settings.genomeParameters,
            .genomeEfficiency: settings.genomeEfficiency, .ancestorBrain: settings.ancestorBrain,
            .evolutionEfficiency: settings.evolutionEfficiency, .ancestors: settings.ancestors,
            .noAnchor: settings.noAnchor, .raise: settings.raise,
        ]
        beliefs = [:]
        for (variable, text) in texts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            beliefs[variable] = try Distribution(text, of: variable.rawValue)
        }
    }

    /// The same model where one quantity is known to be its quantile.
    public func knowing(_ variable: RequirementVariable, atQuantile fraction: Double) -> TrainingRequirement {
        var model = self
        model.beliefs[variable] = beliefs[variable].map { .constant($0.quantile(fraction)) }
        return model
    }

    /// The same model where an anchor is known to be wrong.
    public func without(_ anchor: Anchor) -> TrainingRequirement {
        var model = self
        let rest = 1 - weights[anchor.rawValue]
        model.weights = zip(Anchor.allCases, weights).map { $0 == anchor ? 0 : $1 / rest }
        return model
    }

    /// Requirements of the mixture of anchors, log10 FLOP, one a draw.
    ///
    /// Every quantity is drawn once a draw and has random numbers of its own, so that two models that differ in one
    /// quantity share all others.
    public func samples(_ count: Int, key: RandomKey) -> [Double] {
        let draws = Draws(self, count: count, key: key)
        var random = key["anchor"].generator()
        return (0..<count).map { index in
            var rest = random.uniform()
            let chosen = Anchor.allCases.first { anchor in
                rest -= weights[anchor.rawValue]
                return rest < 0
            }
            return draws.requirement(chosen ?? .none, index)
        }
    }

    /// Requirements by one anchor, log10 FLOP, one a draw.
    public func samples(_ count: Int, of anchor: Anchor, key: RandomKey) -> [Double] {
        let draws = Draws(self, count: count, key: key)
        return (0..<count).map { draws.requirement(anchor, $0) }
    }

    /// The quantities of all draws.
    private struct Draws {
        let values: [RequirementVariable: [Double]]
        let chances: [[Double]], raises: [[Double]]
        let settings: BiologicalAnchors

        init(_ model: TrainingRequirement, count: Int, key: RandomKey) {
            settings = model.settings
            func draws(_ belief: Distribution, _ name: String) -> [Double] {
                var random = key[name].generator()
                return (0..<count).map { _ in belief.sample(&random) }
            }
            values = Dictionary(
                uniqueKeysWithValues: model.beliefs.map { ($0.key, draws($0.value, "\($0.key)")) })
            let steps = settings.lowFLOP.indices
            chances = steps.map { draws(.uniform(0, 1), "raised-\($0)") }
            raises = steps.map { step in model.beliefs[.raise].map { draws($0, "raise-\(step)") } ?? [] }
        }

        func requirement(_ anchor: Anchor, _ index: Int) -> Double {
            func value(_ variable: RequirementVariable) -> Double { values[variable]?[index] ?? .nan }
            let brain = value(.brain)
            let parameters = brain + value(.efficiency) - value(.flopPerParameter)
            switch anchor {
            case .lifetime:
                let seconds = settings.lifetimeSeconds
                return raised(brain + value(.lifetimeEfficiency) + value(.transformative) + seconds, index)
            case .short: return network(value(.efficiency), parameters, value(.shortHorizon))
            case .medium: return network(value(.efficiency), parameters, value(.mediumHorizon))
            case .long: return network(value(.efficiency), parameters, value(.longHorizon))
            case .genome: return network(value(.genomeEfficiency), value(.genomeParameters), value(.genomeHorizon))
            case .evolution:
                return value(.ancestorBrain) + value(.evolutionEfficiency) + value(.transformative)
                    + value(.ancestors) + settings.evolutionSeconds
            case .none: return value(.noAnchor)
            }
            /// FLOP per second, times seconds a sample, times samples, which grow as a power of the parameters.
            func network(_ efficiency: Double, _ parameters: Double, _ horizon: Double) -> Double {
                let samples =
                    settings.referenceSamples
                    + value(.scalingExponent) * (parameters - settings.referenceParameters)
                return raised(brain + efficiency + value(.transformative) + horizon + samples, index)
            }
        }

        /// A requirement that today's models would have met is too low, with a probability that rises as it falls.
        func raised(_ requirement: Double, _ index: Int) -> Double {
            var result = requirement
            for (step, limit) in settings.lowFLOP.enumerated()
            where result < limit && chances[step][index] < settings.raiseProbability[step] {
                result += raises[step][index]
            }
            return max(result, settings.lowFLOP.last ?? -.infinity)
        }
    }
}
