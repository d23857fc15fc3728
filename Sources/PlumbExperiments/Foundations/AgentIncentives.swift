internal import Foundation
internal import PlumbBasics
internal import PlumbData
internal import PlumbFoundations
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// What will an agent want to know, react to and control? The graph of causes tells, before any number is known.
public struct AgentIncentives: Experiment {
    public struct Settings: ExperimentSettings {
        @Setting("Seeds, each with random diagrams of its own.", 1...1000)
        public var seeds = 4
        @Setting("Random diagrams of a seed, each with random probabilities and utilities.", 10...10_000)
        public var diagrams = 100
        @Setting("Recorded diagrams on which pycid's answers are compared.", 2...1000)
        public var recorded = 1000
        @Setting("A JSON file with a diagram of your own {\"nodes\": [{name, kind, parents, values}]}: its incentives.")
        public var diagram: String? = nil
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var tiny = Settings()
        (tiny.seeds, tiny.diagrams, tiny.recorded) = (2, 12, 100)
        return ["tiny": tiny]
    }()

    public static let card = Card(
        id: "agent-incentives", title: "What an agent wants to know and to control",
        direction: "deconfusion: embedded agency, reward tampering",
        question:
            "Can one tell from the graph of causes alone what an agent will want to know, to react to and to control?",
        method:
            "Apply four graphical criteria to random influence diagrams of one decision: value of information, response "
            + "incentive, value of control and instrumental control incentive. Compare with another program's answers. "
            + "Draw probabilities and utilities, find the value of observing and of setting each node by enumerating all "
            + "policies, and count how often the graph's promise is kept. Cut edges at a node, and as many elsewhere.",
        limits:
            "The graph must be known, and the agent optimal in it. That a graph admits an incentive says that some numbers give "
            + "it, not how strong it is. Values are enumerated for variables of two values and one decision.",
        references: [
            Reference(
                authors: "Everitt, Carey, Langlois, Ortega, Legg", title: "Agent Incentives: A Causal Perspective",
                year: 2021, arXiv: "2102.01685"),
            Reference(
                authors: "Fox, Everitt, Carey, Langlois, Abate, Wooldridge",
                title: "PyCID: A Python Library for Causal Influence Diagrams", year: 2021),
        ], minutes: 0.2)

    static let different = Quantity("answers_unlike_pycid", unit: "of the answers", per: "run", isHeadline: true)
    static let differentShuffled = Quantity("answers_unlike_pycid_shuffled", unit: "of the answers", per: "run")
    static let information = Quantity("admitted_information_of_value", unit: "of the nodes", isHeadline: true)
    static let noInformation = Quantity("excluded_information_of_value", unit: "of the nodes")
    static let control = Quantity("admitted_control_of_value", unit: "of the nodes", isHeadline: true)
    static let noControl = Quantity("excluded_control_of_value", unit: "of the nodes")
    static let leftElsewhere = Quantity("incentives_left_cut_elsewhere", unit: "of the incentives")
    static let leftAtNode = Quantity("incentives_left_cut_at_node", unit: "of the incentives", isHeadline: true)
    static let copy = Quantity("value_of_noisy_copy", per: "run")
    static let coin = Quantity("value_of_uninformative_copy", per: "run")

    /// A diagram of one's own puts nothing to the test.
    public var claims: [Claim] { settings.diagram == nil ? Self.standing : [] }

    private static let standing = [
        Claim(
            .value, "Of the four incentives of every node none is answered unlike pycid 0.8.2", different,
            .within(0, of: 0),
            control: "Beside the answers for the next diagram many are", differentShuffled, .atLeast(0.1)),
        Claim(
            .worst, "Where the graph admits value of information, random numbers often give it", information,
            .atLeast(0.15),
            control: "Where it does not, they never do", noInformation, .within(0, of: 0)
        ).development(missed: 0, of: 60),
        Claim(
            .worst, "Where the graph admits value of control, random numbers nearly always give it", control,
            .atLeast(0.9),
            control: "Where it does not, they never do", noControl, .within(0, of: 0)
        ).development(missed: 0, of: 60),
        Claim(
            .worst, "Incentives often survive the cutting of edges elsewhere", leftElsewhere, .atLeast(0.3),
            control: "They vanish when as many edges are cut at the node", leftAtNode, .within(0, of: 0)
        ).development(missed: 0, of: 60),
        Claim(
            .value, "A copy that is right in 8 of 10 cases is worth .6 to one who guesses a sign for a stake of 1",
            copy,
            .within(1e-9, of: 0.6),
            control: "A copy right in half of them is worth nothing", coin, .within(1e-9, of: 0)),
    ]

    let settings: Settings
    public init(_ settings: Settings) { self.settings = settings }

    public func run(in context: inout RunContext) async throws -> Findings {
        if let path = settings.diagram { return try own(path, in: &context) }
        let (study, trials) = (IncentiveStudy(diagrams: settings.diagrams), Trials(context, count: settings.seeds))
        let outcomes = try await trials.run("diagrams") { trial in
            try study.run(key: trial.key["diagrams"], checkpoint: trial.checkpoint)
        }
        var measured = Measurements(seeds: trials.seeds)
        let shares: [(Quantity, (IncentiveStudy.Outcome) -> IncentiveStudy.Count)] = [
            (Self.information, \.admittedInformation), (Self.noInformation, \.excludedInformation),
            (Self.control, \.admittedControl), (Self.noControl, \.excludedControl),
            (Self.leftElsewhere, \.cutElsewhere), (Self.leftAtNode, \.cutAtNode),
        ]
        for (quantity, count) in shares { measured[quantity] = outcomes.map { count($0).share } }
        measured.set(Self.different, try InfluenceDiagram.shareUnlikePycid(of: settings.recorded))
        measured.set(Self.differentShuffled, try InfluenceDiagram.shareUnlikePycid(of: settings.recorded, shift: 1))
        let (eighty, fifty) = (
            try InfluenceDiagram.noisyCopy(accuracy: 0.8), try InfluenceDiagram.noisyCopy(accuracy: 0.5)
        )
        measured.set(Self.copy, try eighty.valueOfInformation(eighty.diagram.node("copy")))
        measured.set(Self.coin, try fifty.valueOfInformation(fifty.diagram.node("copy")))
        return try Findings(summary: summary(measured), claims: claims, from: measured) {
            measured.metrics(Self.different, Self.information, Self.control, Self.leftAtNode)
            measured.metrics(Self.differentShuffled, Self.noInformation, Self.noControl, Self.leftElsewhere)
            measured.metrics(Self.copy, Self.coin)
            try Self.figure([
                ("rewarded for clicks", .contentRecommender()),
                ("rewarded for predicted clicks", .modifiedRecommender()),
                ("a predictor of grades", .gradePredictor()),
            ])
            "A recommender rewarded for clicks has an instrumental control incentive on its user's opinions; rewarded for clicks "
                + "that a model of the original opinions predicts, it has none. A predictor of grades that sees the high "
                + "school responds to race, and not to gender, which it sees too."
        }
    }

    private static func figure(_ diagrams: [(title: String, diagram: InfluenceDiagram)]) throws -> GraphFigure {
        GraphFigure(
            title: "What the graph admits",
            caption:
                "Boxes are decisions, diamonds what the agent maximizes; dashed arrows are what a decision observes. In "
                + "brackets the incentives that the graph admits on a node: value of information (VoI), response incentive "
                + "(RI), value of control (VoC), instrumental control incentive (ICI, colored).",
            panels: try diagrams.map { try $0.diagram.panel($0.title) })
    }

    /// The incentives of a diagram in a file.
    private func own(_ path: String, in context: inout RunContext) throws -> Findings {
        let data: Data
        do { data = try WholeFile.read(URL(fileURLWithPath: path), limit: 1 << 24) } catch {
            throw FoundationsError("cannot read the diagram in \(path): \(error)")
        }
        let file = try InfluenceFile(data, named: path)
        context.record(
            input: InputFile(path: path, sha256: FileHash.sha256(of: data), bytes: data.count, role: "diagram"))
        let diagram = file.diagram
        let decision = diagram.nodes(.decision)[0]
        let found = try InfluenceDiagram.Incentive.allCases.map { incentive in
            let names = try diagram.nodes(admitting: incentive, decision: decision).map { diagram.names[$0] }
            return "\(incentive.rawValue): \(names.isEmpty ? "on no node" : Phrase.list(names))"
        }
        return try Findings(
            summary: "What \(diagram.names[decision]) may have by its graph: \(found.joined(separator: "; ")).",
            claims: [],
            from: Measurements(seeds: [context.seed])
        ) {
            if let model = file.model { Metric("best_expected_utility", model.bestUtility) }
            try Self.figure([("", diagram)])
        }
    }

    private func summary(_ measured: Measurements) -> String {
        func share(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        return
            "On \(settings.recorded) random diagrams \(share(Self.different)) of the answers differ from pycid's. Where the "
            + "graph admits value of information, random numbers give it in \(share(Self.information)) of the nodes, and "
            + "value of control in \(share(Self.control)); where it does not, in \(share(Self.noInformation)) and "
            + "\(share(Self.noControl)). When a node's edges are cut \(share(Self.leftAtNode)) of its incentives are left, "
            + "and \(share(Self.leftElsewhere)) when as many are cut elsewhere."
    }
}
