internal import PlumbBasics
public import PlumbModels
public import PlumbRecords
public import PlumbTensor

/// Finds circuits by several methods and judges them all by the same exact patching on prompts they were not found on.
public struct CircuitDiscoveryStudy: SettingGroup {
    @Setting("Layers of the planted model.", 4...32) public var layers = 4
    @Setting("Heads in each of its layers.", 5...32) public var heads = 8
    @Setting("Planted heads of each kind.", 1...8) public var copies = 2
    @Setting("How large the random weights of its idle heads are.", 0...1) public var noise = 0.3
    @Setting("Pairs of prompts that circuits are found on.", 2...10_000) public var pairs = 12
    @Setting("Pairs of prompts that they are judged on.", 2...10_000) public var heldOut = 24
    @Setting("Edges of a circuit, as a part of all.", 0.0001...1) public var share = 0.03
    @Setting("Gradients of EAP-IG.", 2...1000) public var steps = 5
    @Setting("What ACDC's removals may change, as a part of the difference between the prompts.", 1e-9...1)
    public var threshold = 0.01
    @Setting("Training steps of edge pruning's masks; 0 leaves it out.", 0...100_000) public var pruningSteps = 150
    @Setting("Random circuits of equal size.", 1...10_000) public var random = 50
    @Setting("Edges of the circuit that are taken away one at a time.", 1...10_000) public var tried = 30

    /// The reference settings.
    public init() {}

    /// The planted model's sizes.
    public var plan: PlantedCircuit.Plan {
        var plan = PlantedCircuit.Plan()
        (plan.layers, plan.heads, plan.copies, plan.noise) = (layers, heads, copies, noise)
        return plan
    }

    /// A way to find circuits.
    public enum Method: String, Sendable, CaseIterable {
        /// One gradient of each edge.
        case plain = "EAP"
        /// The mean gradient along the way between the prompts.
        case integrated = "EAP-IG"
        /// Masks trained by gradient descent.
        case masks = "edge pruning"
        /// Edges removed one after another by their exact effects.
        case acdc = "ACDC"
    }

    /// One method's scores and circuit.
    public struct Found: Sendable {
        /// How it was found.
        public let method: Method
        /// A score for each edge.
        public let ranking: EdgeRanking
        /// The edges of largest scores; of ACDC, those that it keeps.
        public let circuit: EdgeSubset
        /// How well the circuit does on held-out prompts.
        public let quality: CircuitQuality
        /// The wall time of the search, in seconds.
        public let seconds: Double
    }

    /// What was found for one model and task.
    public struct Outcome: Sendable {
        /// The model.
        public let model: HookedTransformer
        /// The methods that ran.
        public let found: [Found]
        /// The known circuit, where there is one.
        public let truth: EdgeSubset?
        /// What the known circuit restores on held-out prompts; NaN without one.
        public let truthRestored: Double
        /// What EAP-IG's circuit restores that was found on prompts with their tokens in a random order.
        public let permutedRestored: Double
        /// What circuits of these parts of all edges restore by EAP-IG's scores.
        public let curve: [(share: Double, restored: Double)]
        /// The overlap of EAP-IG's circuits of the two halves of the prompts.
        public let stability: Double
        /// The same of one half and scores dealt out at random.
        public let randomStability: Double
        /// The scores of EAP-IG dealt out to edges at random.
        public let dealt: EdgeRanking
        /// Forward passes over one held-out pair's clean prompt in the time of as many random circuits on that pair; NaN
        /// where it was not measured.
        public let timeRatio: Double
        /// The scores of EAP-IG in the model without the planted circuit; nil of other models.
        public let unplanted: EdgeRanking?

        /// One method's; nil where it was left out.
        public subscript(method: Method) -> Found? { found.first { $0.method == method } }
    }

    /// Parts of all edges at which circuits of growing size are evaluated.
    public static let shares = [0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1]

    /// Plants a circuit, and looks for it.
    ///
    /// - Parameter progress: told the part of the work that is done; may throw to end it.
    /// - Throws: `ModelError` for settings in which the circuit has no place; whatever `progress` throws.
    public func planted(key: RandomKey, progress: (Double) throws -> Void = { _ in }) throws -> Outcome {
        let planted = try PlantedCircuit(plan, key: key["model"])
        let bare = try PlantedCircuit(plan, key: key["model"], isPlanted: false)
        return try run(
            planted.model, pairs: PlantedCircuit.pairs(pairs, key: key["pairs"]),
            heldOut: PlantedCircuit.pairs(heldOut, key: key["held out"]), key: key, truth: planted.truth,
            bare: bare.model, progress: progress)
    }

    /// Looks for the circuit of a language model's task.
    ///
    /// - Parameter progress: told the part of the work that is done; may throw to end it.
    /// - Throws: `ModelError` where the model cannot do the task; whatever `progress` throws.
    public func run(
        _ task: CircuitTask, _ model: HookedTransformer, key: RandomKey, progress: (Double) throws -> Void = { _ in }
    ) throws -> Outcome {
        let drawn = try task.pairs(pairs + heldOut, for: model, key: key)
        return try run(
            model, pairs: Array(drawn.prefix(pairs)), heldOut: Array(drawn.suffix(heldOut)), key: key[task.id],
            truth: nil, bare: nil, progress: progress)
    }

    private func run(
        _ model: HookedTransformer, pairs: [PatchPair], heldOut: [PatchPair], key: RandomKey, truth: EdgeSubset?,
        bare: HookedTransformer?, progress: (Double) throws -> Void
    ) throws -> Outcome {
        let sweep = try CircuitSweep(model)
        let count = size(sweep.graph)
        let integrated = EdgeAttribution.integrated(steps: steps)
        let clock = ContinuousClock.now
        let halves = try [pairs.prefix(pairs.count / 2), pairs.suffix(pairs.count - pairs.count / 2)].enumerated().map {
            half in
            try EdgeRanking(integrated, model, pairs: Array(half.element)) {
                try progress(0.2 * (Double(half.offset) + $0) / 2)
            }
        }
        let weight = Double(pairs.count / 2) / Double(pairs.count)
        let ranking = EdgeRanking(
            sweep.graph, scores: zip(halves[0].scores, halves[1].scores).map { $0 * weight + $1 * (1 - weight) })
        let seconds = (ContinuousClock.now - clock) / .seconds(1)
        let others = try otherRankings(model, sweep, pairs, ranking, key: key) { try progress(0.2 + 0.4 * $0) }
        let rankings = others + [(.integrated, ranking, ranking.top(count), seconds)]
        let found = try Method.allCases.compactMap { method in rankings.first { $0.method == method } }.map {
            method, ranking, circuit, seconds in
            Found(
                method: method, ranking: ranking, circuit: circuit,
                quality: try CircuitQuality(
                    circuit, sweep, pairs: heldOut, key: key["quality"],
                    randomCount: method == .integrated ? random : 1, tried: tried
                ) { _ in try progress(0.6) }, seconds: seconds)
        }
        let permuted = try EdgeRanking(
            integrated, model,
            pairs: pairs.enumerated().map { $0.element.permuted(key: key["permuted"][$0.offset]) }
        ) { try progress(0.8 + 0.1 * $0) }
        let sizes = Self.shares.map { ranking.top(size(sweep.graph, $0)) }
        let dealt = ranking.dealt(key: key["dealt"])
        let ends = try CircuitScore(sweep.run([permuted.top(count)] + sizes + [truth].compactMap { $0 }, on: heldOut))
        let first = halves[0].top(count)
        return Outcome(
            model: model, found: found, truth: truth,
            truthRestored: truth == nil ? .nan : ends.restored[sizes.count + 1],
            permutedRestored: ends.restored[0],
            curve: zip(Self.shares, ends.restored.dropFirst()).map { (share: $0, restored: $1) },
            stability: first.overlap(with: halves[1].top(count)),
            randomStability: first.overlap(with: dealt.top(count)),
            dealt: dealt, timeRatio: truth == nil ? try timeRatio(sweep, model, heldOut, count, key: key) : .nan,
            unplanted: try bare.map { try EdgeRanking(integrated, $0, pairs: pairs) })
    }

    /// The time of 200 forward passes, from one, over that of 200 random circuits in one sweep.
    private func timeRatio(
        _ sweep: CircuitSweep, _ model: HookedTransformer, _ pairs: [PatchPair], _ count: Int, key: RandomKey
    ) throws -> Double {
        let circuits = (0..<Self.timed).map { EdgeSubset.random(sweep.graph, count: count, key: key["timed"][$0]) }
        func seconds(_ body: () throws -> Void) rethrows -> Double {
            let start = ContinuousClock.now
            try body()
            return (ContinuousClock.now - start) / .seconds(1)
        }
        let one = (0..<5).map { _ in seconds { _ = model.run(pairs[0].clean) } }
        let all = try seconds { _ = try sweep.run(circuits, on: [pairs[0]]) }
        return Double(Self.timed) * Statistics.least(one) / all
    }

    private static let timed = 200

    /// The edges of a circuit of a part of all.
    private func size(_ graph: EdgeGraph, _ share: Double? = nil) -> Int {
        max(1, Int((share ?? self.share) * Double(graph.edgeCount)))
    }

    private typealias Search = (method: Method, ranking: EdgeRanking, circuit: EdgeSubset, seconds: Double)

    /// What the other methods find; where the graph is large, ACDC begins with the circuit of EAP-IG.
    private func otherRankings(
        _ model: HookedTransformer, _ sweep: CircuitSweep, _ pairs: [PatchPair], _ ranking: EdgeRanking, key: RandomKey,
        progress: (Double) throws -> Void
    ) throws -> [Search] {
        let count = size(sweep.graph)
        func timed(_ method: Method, _ search: () throws -> (EdgeRanking, EdgeSubset)) rethrows -> Search {
            let start = ContinuousClock.now
            let (ranking, circuit) = try search()
            return (method, ranking, circuit, (ContinuousClock.now - start) / .seconds(1))
        }
        var found: [Search] = [
            try timed(.plain) {
                let plain = try EdgeRanking(EdgeAttribution(), model, pairs: pairs) { try progress(0.2 * $0) }
                return (plain, plain.top(count))
            },
            try timed(.acdc) {
                let start = sweep.graph.edgeCount > Self.largestWhole ? ranking.top(count).pruned : nil
                let outcome = try ACDC(threshold: threshold).run(sweep, pairs: pairs, from: start) {
                    try progress(0.2 + 0.4 * $0)
                }
                return (outcome.ranking, outcome.edges)
            },
        ]
        guard pruningSteps > 0 else { return found }
        found.append(
            try timed(.masks) {
                let masks = try EdgePruning(steps: pruningSteps).run(sweep, pairs: pairs, key: key["masks"]) {
                    try progress(0.6 + 0.4 * $0)
                }
                return (masks, masks.top(count))
            })
        return found
    }

    /// Graphs of more edges are too large for ACDC to begin with all of them.
    private static let largestWhole = 10_000
}
