internal import PlumbBasics
public import PlumbModels
public import PlumbTensor

/// Edge attribution against exact patching of the edges: those that a method ranks highest, and edges drawn at random.
public struct EdgeStudy: Sendable {
    /// Clean into corrupted, or the other way.
    public var direction: PatchDirection
    /// Gradients of the integrated scores.
    public var steps: Int
    /// The edges of each method, and those drawn at random, that are patched exactly.
    public var count: Int
    /// Bytes that exact runs may take.
    public var memoryLimit: Int
    /// The part of a change by which the slope of an edge's exact effect is measured.
    static let smallPart: Float = 0.05

    /// - Precondition: at least one step and one edge.
    public init(direction: PatchDirection = .denoising, steps: Int = 5, count: Int = 200, memoryLimit: Int = 2 << 30) {
        require(steps > 0 && count > 0, "a study of edges needs steps and edges, got \(steps) and \(count)")
        (self.direction, self.steps, self.count, self.memoryLimit) = (direction, steps, count, memoryLimit)
    }

    /// Scores all edges, and patches the chosen ones in one sweep.
    ///
    /// - Parameters:
    ///   - key: draws the random edges and shuffles the gradients of the controls.
    ///   - progress: receives the part of the work that is done, 0...1; may throw to end it.
    /// - Throws: `ModelError` for a pair that cannot be patched; whatever `progress` throws.
    public func run(
        _ model: HookedTransformer, pair: PatchPair, key: RandomKey, progress: (Double) throws -> Void = { _ in }
    ) throws -> EdgeComparison {
        let methods = try EdgeMethods(
            model, pair: pair, direction: direction, steps: steps, key: key, progress: { try progress(0.5 * $0) })
        let graph = methods[.plain].graph
        var generator = key["edges"].generator()
        let random = Array(graph.edges.shuffled(using: &generator).prefix(count))
        let top = methods.scores.mapValues { $0.strongest(count).map(\.edge) }
        var seen: Set<EdgeGraph.Edge> = []
        let edges = (random + EdgeMethods.Method.allCases.flatMap { top[$0] ?? [] }).filter { seen.insert($0).inserted }
        let slopes = top[.plain] ?? []
        let start = ContinuousClock.now
        var sweep = EdgeSweep(direction: direction, memoryLimit: memoryLimit)
        let exact = try sweep.run(model, pair: pair, edges: edges) { try progress(0.5 + 0.4 * $0) }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        sweep.part = Self.smallPart
        let near = try sweep.run(model, pair: pair, edges: slopes) { try progress(0.9 + 0.1 * $0) }
        let base = direction == .denoising ? exact.corrupted : exact.clean
        return EdgeComparison(
            methods: methods, steps: steps, random: random, top: top,
            effects: Dictionary(uniqueKeysWithValues: zip(edges, exact.values.map { $0 - base })),
            slopes: Dictionary(
                uniqueKeysWithValues: zip(slopes, near.values.map { ($0 - base) / Double(Self.smallPart) })),
            exactSeconds: seconds)
    }
}
