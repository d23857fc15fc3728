internal import PlumbModels
internal import PlumbNN
internal import PlumbTensor

/// One region's search: parts of its box, and of the sides of its ReLUs, that are not excluded yet.
struct RegionSearch {
    /// A part: what is known of it, and how its parent's bounds were reached.
    struct Part {
        var box: Interval
        /// Bounds of what ReLUs read, `[1, n]`, by the node that is read.
        var known: [Int: Interval] = [:]
        /// 1 for a ReLU that is on, -1 for one that is off, 0 for one not given, by the ReLU's node.
        var sides: [Int: [Int8]] = [:]
        var slopes: [Int: [Float]] = [:]
        var multipliers: [Int: [Float]] = [:]
        /// How far the best constraint is excluded; 0 or less for not at all.
        var bound: Float = -.infinity
    }

    private let settings: BranchAndBound
    private let bounds: BoundPropagation
    private let region: NetworkProperty.Region
    private let deadline: ContinuousClock.Instant?
    private let weights: Tensor
    private var open: [Part] = []
    private(set) var parts = 0

    init(
        _ settings: BranchAndBound, _ bounds: BoundPropagation, _ region: NetworkProperty.Region,
        _ deadline: ContinuousClock.Instant?
    ) {
        (self.settings, self.bounds, self.region, self.deadline) = (settings, bounds, region, deadline)
        weights = Tensor(
            region.constraints.flatMap { $0.weights.map { Float($0) } },
            shape: [region.constraints.count, bounds.nodes[bounds.nodes.count - 1].width])
        open = [Part(box: region.box)]
    }

    /// Splits until everything is excluded, a counterexample is found or a limit is reached.
    mutating func run() -> BranchAndBound.Verdict {
        // Without constraints every output is unsafe, and the attack's first point is a counterexample.
        guard !region.constraints.isEmpty else { return .unknown }
        var isLeftOpen = false
        while !open.isEmpty {
            if let deadline, ContinuousClock.now > deadline { return .timeout }
            guard parts < settings.limit else { return .unknown }
            // The worst are at the end.
            let taken = Array(open.suffix(settings.batch))
            open.removeLast(taken.count)
            parts += taken.count
            var bounded = PartBounds(bounds, taken, weights, region, steps: settings.steps)
            bounded.run()
            if let found = bounded.witness(bounds.network) { return .violated(found) }
            for (index, part) in bounded.parts.enumerated() where !bounded.isExcluded[index] {
                let children = bounded.split(index, part, settings)
                if children.isEmpty { isLeftOpen = true }
                for child in children { insert(child) }
            }
        }
        return isLeftOpen ? .unknown : .holds
    }

    /// Keeps the open parts in falling order of their bounds.
    private mutating func insert(_ part: Part) {
        var (below, above) = (0, open.count)
        while below < above {
            let middle = (below + above) / 2
            if open[middle].bound > part.bound { below = middle + 1 } else { above = middle }
        }
        open.insert(part, at: below)
    }
}

/// Bounds of several parts at once.
struct PartBounds {
    private let bounds: BoundPropagation
    private(set) var parts: [RegionSearch.Part]
    private let weights: Tensor
    private let region: NetworkProperty.Region
    private let steps: Int
    private(set) var isExcluded: [Bool]
    private var values: [Interval] = []
    private var query: LinearQuery
    private var pass: BackwardPass
    private var ascent: SlopeAscent
    /// Coefficients and free slopes of each ReLU under the last bounds, `[P · M, n]`.
    private var coefficients: [Int: [Float]] = [:]
    private var corner = Tensor.zeros([0, 0])
    /// For each part the constraint that is nearest to being excluded.
    private var best: [Int] = []

    init(
        _ bounds: BoundPropagation, _ parts: [RegionSearch.Part], _ weights: Tensor, _ region: NetworkProperty.Region,
        steps: Int
    ) {
        (self.bounds, self.parts, self.weights, self.region, self.steps) = (bounds, parts, weights, region, steps)
        isExcluded = [Bool](repeating: false, count: parts.count)
        let rows = weights.shape[0]
        query = LinearQuery(
            node: bounds.nodes.count - 1,
            weights: weights.gathered(parts.indices.flatMap { _ in Array(0..<rows) }),
            samples: parts.indices.flatMap { [Int](repeating: $0, count: rows) })
        pass = BackwardPass(bounds, [])
        ascent = SlopeAscent(steps: steps)
    }

    private static func joined(_ intervals: [Interval]) -> Interval {
        Interval(lower: .concatenated(intervals.map(\.lower)), upper: .concatenated(intervals.map(\.upper)))
    }

    private var relus: [Int] {
        bounds.nodes.indices.filter { if case .activation(.relu) = bounds.nodes[$0].kind { true } else { false } }
    }

    mutating func run() {
        var known: [Int: Interval] = [:]
        for node in bounds.relaxationInputs where parts.allSatisfy({ $0.known[node] != nil }) {
            known[node] = Self.joined(parts.compactMap { $0.known[node] })
        }
        values = bounds.bounds(Self.joined(parts.map(\.box)), .linear, known: known)
        for index in parts.indices { isExcluded[index] = values.contains { Self.isEmpty($0, index) } }
        pass = BackwardPass(bounds, values)
        warmStart()
        let rows = weights.shape[0]
        let margins = thresholds()
        ascent.targets = margins
        let found = zip(ascent.bounds(query, &pass), margins).map { $0 - $1 }
        best = parts.indices.map { part in
            (part * rows..<(part + 1) * rows).max { found[$0] < found[$1] } ?? part * rows
        }
        for index in parts.indices {
            parts[index].bound = found[best[index]]
            if found[best[index]] > 0 { isExcluded[index] = true }
            remember(index)
        }
        // Where splits look: the coefficients and the corner under the best slopes.
        let slopes = ascent.slopes.mapValues {
            Tensor($0, shape: [query.samples.count, $0.count / query.samples.count])
        }
        _ = pass.bounds(query, slopes: slopes)
        coefficients = pass.kept.mapValues(\.elements)
        if let input = pass.kept[0] { corner = pass.least(input, values[0], query) }
    }

    private static func isEmpty(_ interval: Interval, _ row: Int) -> Bool {
        let (lower, upper) = (interval.lower[row].elements, interval.upper[row].elements)
        return lower.indices.contains { lower[$0] > upper[$0] }
    }

    /// What each row's bound must be above: the constraint's own bound and what float32 weights leave out.
    private func thresholds() -> [Float] {
        let output = values[values.count - 1].magnitudes
        let width = weights.shape[1]
        return parts.indices.flatMap { part in
            region.constraints.map { constraint in
                var bound = constraint.bound
                for (i, weight) in constraint.weights.enumerated() where Double(Float(weight)) != weight {
                    bound += abs(weight - Double(Float(weight))) * output[part * width + i] * FloatError.slack
                }
                return FloatError.up(bound)
            }
        }
    }

    private mutating func warmStart() {
        for node in relus {
            let width = bounds.nodes[node].width
            let none = [Int8](repeating: 0, count: width)
            if parts.contains(where: { $0.sides[node] != nil }) {
                ascent.sides[node] = parts.flatMap { $0.sides[node] ?? none }
            }
            let size = weights.shape[0] * width
            if parts.allSatisfy({ $0.slopes[node]?.count == size }) {
                ascent.slopes[node] = parts.flatMap { $0.slopes[node] ?? [] }
            }
            ascent.multipliers[node] = parts.flatMap { part in
                part.multipliers[node] ?? [Float](repeating: 0, count: size)
            }
        }
    }

    /// Keeps what a part's children begin with.
    private mutating func remember(_ index: Int) {
        guard !isExcluded[index] else { return }
        let rows = weights.shape[0]
        for node in relus {
            let size = rows * bounds.nodes[node].width
            let range = index * size..<(index + 1) * size
            if let slopes = ascent.slopes[node] { parts[index].slopes[node] = Array(slopes[range]) }
            if ascent.sides[node] != nil, let multipliers = ascent.multipliers[node] {
                parts[index].multipliers[node] = Array(multipliers[range])
            }
        }
        for node in bounds.relaxationInputs { parts[index].known[node] = values[node].gathered([index]) }
    }

    /// A corner at which the linear bounds are least and the network itself violates the property.
    func witness(_ network: NetworkGraph) -> Tensor? {
        let rows = best.indices.filter { !isExcluded[$0] }.map { best[$0] }
        guard !rows.isEmpty else { return nil }
        let inputs = region.inputs
        let (lower, upper) = (inputs.lower.broadcasted(to: [rows.count, inputs.width]), inputs.upper)
        let corners = Tensor.minimum(
            .maximum(corner.gathered(rows), lower), upper.broadcasted(to: [rows.count, inputs.width]))
        return CounterexampleSearch().witness(network, corners, network(corners).reshaped([rows.count, -1]), region)
    }

    /// Two parts that together are the part; none where it cannot be split.
    func split(_ index: Int, _ part: RegionSearch.Part, _ settings: BranchAndBound) -> [RegionSearch.Part] {
        if part.box.width <= settings.splitInputs { return halves(index, part) }
        guard let (node, place) = candidate(index) else { return halves(index, part) }
        let source = bounds.nodes[node].inputs[0]
        return [Int8(1), -1].compactMap { side in
            var child = part
            var sides = child.sides[node] ?? [Int8](repeating: 0, count: bounds.nodes[node].width)
            sides[place] = side
            child.sides[node] = sides
            guard var range = child.known[source] else { return nil }
            if side > 0 {
                range.lower.withUnsafeMutableElements { $0[place] = 0 }
            } else {
                range.upper.withUnsafeMutableElements { $0[place] = 0 }
            }
            child.known[source] = range
            return child
        }
    }

    /// The ReLU whose relaxation costs the bound most.
    private func candidate(_ index: Int) -> (node: Int, place: Int)? {
        var found: (node: Int, place: Int, cost: Float)?
        for node in relus {
            guard let a = coefficients[node], let slopes = ascent.slopes[node] else { continue }
            let source = values[bounds.nodes[node].inputs[0]]
            let (lower, upper) = (source.lower[index].elements, source.upper[index].elements)
            let width = bounds.nodes[node].width
            for place in 0..<width where lower[place] < 0 && upper[place] > 0 {
                let (l, u, at) = (lower[place], upper[place], best[index] * width + place)
                let slope = min(1, max(0, slopes[at]))
                let cost =
                    a[at] < 0 ? -a[at] * -l * u / (u - l) : 0.5 * a[at] * max(slope * -l, (1 - slope) * u)
                if cost > found?.cost ?? -1 { found = (node, place, cost) }
            }
        }
        return found.map { ($0.node, $0.place) }
    }

    /// The part cut in two at the input that moves the bound most; none where no float32 lies between the ends.
    private func halves(_ index: Int, _ part: RegionSearch.Part) -> [RegionSearch.Part] {
        let (lower, upper) = (part.box.lower.elements, part.box.upper.elements)
        let a = coefficients[0] ?? []
        let first = best[index] * part.box.width
        func cost(_ i: Int) -> Float {
            (upper[i] - lower[i]) * (first + i < a.count ? abs(a[first + i]) + 1e-3 : 1)
        }
        let splittable = lower.indices.filter { i in
            let middle = lower[i] / 2 + upper[i] / 2
            return middle > lower[i] && middle < upper[i]
        }
        guard let input = splittable.max(by: { cost($0) < cost($1) }) else { return [] }
        let middle = lower[input] / 2 + upper[input] / 2
        return [true, false].map { isLower in
            var child = part
            if isLower {
                child.box.upper.withUnsafeMutableElements { $0[input] = middle }
            } else {
                child.box.lower.withUnsafeMutableElements { $0[input] = middle }
            }
            return child
        }
    }
}
