public import PlumbRecords

/// What the biological anchors report believes about the computation that transformative AI needs: seven anchors, their
/// weights, and the quantities they are made of (Cotra 2020, *Forecasting TAI with Biological Anchors*, as made
/// executable by Rethink Priorities' future-assessment-model).
///
/// All quantities but probabilities, exponents and weights are decimal logarithms.
public struct BiologicalAnchors: SettingGroup {
    @Setting("FLOP per second of a human brain, log10.") public var brain = "lognormal90(11,19.5)"
    @Setting(
        "Weights of lifetime, short, genome, medium, long, evolution and no anchor; they add up to 1.", -1000...1000)
    public var weights = [0.052, 0.21, 0.11, 0.312, 0.155, 0.091, 0.07]
    @Setting("Seconds of data a sample stands for, short-horizon network, log10.")
    public var shortHorizon = "normal90(0,3)"
    @Setting("Seconds of data a sample stands for, medium-horizon network, log10.")
    public var mediumHorizon = "normal90(3,6)"
    @Setting("Seconds of data a sample stands for, long-horizon network, log10.")
    public var longHorizon = "normal90(6,9)"
    @Setting("Seconds of data a sample stands for, genome anchor, log10.") public var genomeHorizon = "normal90(7,9)"
    @Setting("Computation of a transformative model relative to a human brain, log10.")
    public var transformative = "normal90(-2,2)"
    @Setting("By which power of its parameters the samples grow that a network needs.")
    public var scalingExponent = "normal90(0.5,1.1)"
    @Setting("FLOP per parameter and second, log10.") public var flopPerParameter = "normal90(1,2)"
    @Setting("Cost of a network relative to a brain, log10.") public var efficiency = "1"
    @Setting("Parameters of the reference network, log10.", 0...100) public var referenceParameters = 11.2
    @Setting("Samples that the reference network needs, log10.", 0...100) public var referenceSamples = 12.0
    @Setting("Cost of learning like a child relative to a brain, log10.")
    public var lifetimeEfficiency = "0.5*lognormal90(2,5) + 0.5*lognormal90(5,9)"
    @Setting("Seconds of a human's upbringing, log10.", 0...100) public var lifetimeSeconds = 9.0
    @Setting("Parameters in the genome, log10.") public var genomeParameters = "normal(8.7,0.35)"
    @Setting("Cost of a genome-sized model relative to a brain, log10.") public var genomeEfficiency = "normal90(0,2)"
    @Setting("FLOP per second of an average ancestor's brain, log10.") public var ancestorBrain = "lognormal90(3,6)"
    @Setting("Cost of repeating evolution relative to evolution, log10.")
    public var evolutionEfficiency = "normal90(-6,5)"
    @Setting("Ancestors alive at a time, log10.") public var ancestors = "normal90(20,22)"
    @Setting("Seconds of evolution, log10.", 0...100) public var evolutionSeconds = 16.0
    @Setting("FLOP where no anchor holds, log10.") public var noAnchor = "normal90(60,70)"
    @Setting(
        "FLOP, log10, below which a requirement is raised: today's models would have shown it; highest first.", 0...100)
    public var lowFLOP = [27.0, 26, 25, 24]
    @Setting("With which probability it is raised there.", -1000...1000) public var raiseProbability = [
        0.7, 0.8, 0.9, 1,
    ]
    @Setting("By how much it is raised, log10.") public var raise = "normal90(1,3)"

    /// The report's numbers.
    public init() {}

    /// The model that these settings describe.
    ///
    /// - Throws: ``GovernanceError`` for a distribution that cannot be sampled, or weights that are no probabilities.
    public func requirement() throws -> TrainingRequirement { try TrainingRequirement(self) }
}

/// One way to estimate what transformative AI needs.
public enum Anchor: Int, CaseIterable, Sendable {
    /// A model that learns as a child does.
    case lifetime
    /// A network each of whose samples is worth seconds to a quarter of an hour.
    case short
    /// A network with as many parameters as the genome.
    case genome
    /// A network each of whose samples is worth hours to weeks.
    case medium
    /// A network each of whose samples is worth weeks to decades.
    case long
    /// Evolution repeated.
    case evolution
    /// None of them.
    case none

    /// For tables.
    public var title: String {
        switch self {
        case .lifetime: "lifetime"
        case .short: "short horizon"
        case .genome: "genome"
        case .medium: "medium horizon"
        case .long: "long horizon"
        case .evolution: "evolution"
        case .none: "no anchor"
        }
    }
}

/// An uncertain quantity behind the anchors; its raw value is its name in charts.
public enum RequirementVariable: String, CaseIterable, Sendable {
    /// FLOP per second of a human brain.
    case brain = "the brain's FLOP per second"
    /// Seconds a sample stands for, short-horizon network.
    case shortHorizon = "short horizon"
    /// Seconds a sample stands for, medium-horizon network.
    case mediumHorizon = "medium horizon"
    /// Seconds a sample stands for, long-horizon network.
    case longHorizon = "long horizon"
    /// Seconds a sample stands for, genome anchor.
    case genomeHorizon = "genome's horizon"
    /// Computation of a transformative model relative to a brain.
    case transformative = "computation relative to a human"
    /// The power of its parameters by which a network's samples grow.
    case scalingExponent = "scaling exponent"
    /// FLOP per parameter and second.
    case flopPerParameter = "FLOP per parameter"
    /// Cost of a network relative to a brain.
    case efficiency = "network's efficiency"
    /// Cost of learning like a child relative to a brain.
    case lifetimeEfficiency = "lifetime's efficiency"
    /// Parameters in the genome.
    case genomeParameters = "genome's parameters"
    /// Cost of a genome-sized model relative to a brain.
    case genomeEfficiency = "genome's efficiency"
    /// FLOP per second of an average ancestor's brain.
    case ancestorBrain = "ancestors' brains"
    /// Cost of repeating evolution relative to evolution.
    case evolutionEfficiency = "evolution's efficiency"
    /// Ancestors alive at a time.
    case ancestors = "ancestors alive"
    /// FLOP where no anchor holds.
    case noAnchor = "no anchor"
    /// By how much a requirement that is too low is raised.
    case raise = "raise of low estimates"
}
