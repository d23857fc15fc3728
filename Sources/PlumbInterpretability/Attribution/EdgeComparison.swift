public import PlumbModels
internal import PlumbTensor

/// Edges of one pair of prompts, scored by attribution and patched exactly.
public struct EdgeComparison: Sendable {
    /// The scores of all edges by every method.
    public let methods: EdgeMethods
    /// Gradients of the integrated scores.
    public let steps: Int
    /// The edges drawn at random.
    public let random: [EdgeGraph.Edge]
    /// The edges that each method ranks highest by magnitude.
    public let top: [EdgeMethods.Method: [EdgeGraph.Edge]]
    /// The exact effect of every edge that is random or in some method's highest ranks, in the unit of the metric.
    public let effects: [EdgeGraph.Edge: Double]
    /// The slope of the exact effect for a small part of the change, for the edges that the plain method ranks highest.
    public let slopes: [EdgeGraph.Edge: Double]
    /// The wall time of the exact sweep, in seconds.
    public let exactSeconds: Double

    /// How estimated and exact effects agree over some edges.
    public struct Agreement: Sendable, Equatable {
        /// The correlation of the effects.
        public let pearson: Double
        /// The correlation of the effects' ranks.
        public let spearman: Double
        /// The root of the summed squared errors over that of the summed squared effects: 0 for right estimates, 1 for
        /// estimates of 0.
        public let error: Double

        /// - Parameters:
        ///   - exact: the measured effects.
        ///   - estimated: their estimates, in the same order.
        public init(exact: [Double], estimated: [Double]) {
            pearson = Statistics.pearson(exact, estimated)
            spearman = Statistics.spearman(exact, estimated)
            let misses = zip(exact, estimated).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            error = (misses / exact.reduce(0) { $0 + $1 * $1 }).squareRoot()
        }
    }

    /// The edges a method is judged by: those it ranks highest, and those drawn at random.
    public func edges(of method: EdgeMethods.Method) -> [EdgeGraph.Edge] {
        let own = top[method] ?? []
        let known = Set(own)
        return own + random.filter { !known.contains($0) }
    }

    /// A method's scores against the exact effects, over ``edges(of:)``.
    public func agreement(_ method: EdgeMethods.Method) -> Agreement { agreement(method, over: edges(of: method)) }

    /// The edges of both methods' highest ranks and those drawn at random: where the two methods are compared.
    public var shared: [EdgeGraph.Edge] {
        let chosen = (top[.plain] ?? []) + (top[.integrated] ?? []) + random
        var seen: Set<EdgeGraph.Edge> = []
        return chosen.filter { seen.insert($0).inserted }
    }

    /// A method's scores against the exact effects, over some of the patched edges.
    public func agreement(_ method: EdgeMethods.Method, over edges: [EdgeGraph.Edge]) -> Agreement {
        Agreement(exact: edges.map { effects[$0] ?? .nan }, estimated: estimates(method, edges))
    }

    /// The error of one method over the same edges as a part of the plain method's.
    public func errorRatio(_ method: EdgeMethods.Method) -> Double {
        agreement(method, over: shared).error / agreement(.plain, over: shared).error
    }

    /// The correlation of plain scores with the slope of the exact effect, and their relative error.
    public var slopeAgreement: Agreement {
        let edges = (top[.plain] ?? []).filter { slopes[$0] != nil }
        return Agreement(exact: edges.map { slopes[$0] ?? .nan }, estimated: estimates(.plain, edges))
    }

    /// The rank correlation of the two methods' scores over all edges.
    public var rankAgreement: Double {
        Statistics.spearman(
            methods[.plain].scores.flatMap { $0 }, methods[.integrated].scores.flatMap { $0 })
    }

    func estimates(_ method: EdgeMethods.Method, _ edges: [EdgeGraph.Edge]) -> [Double] {
        let scores = methods[method]
        return edges.map { scores[$0.writer, $0.reader] ?? .nan }
    }
}
