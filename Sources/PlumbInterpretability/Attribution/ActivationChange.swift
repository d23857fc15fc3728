internal import PlumbBasics
internal import PlumbModels
internal import PlumbTensor

/// `(source - base) · gradient` of one activation, summed over its features: a number for each position and head.
struct ActivationChange {
    private let positions: Int
    private let heads: Int
    /// `[position][head]`
    private var effects: [Double]
    private var differs: [Bool]

    /// - Parameters:
    ///   - gradient: nil where none flows.
    ///   - first: the first position at which the runs can differ. Before it they differ at most by rounding, a run with
    ///     gradients being computed in other steps.
    /// - Shapes: `[T, D]`, `[T, H, K]`, or `[H, T, T]` for attention maps, as the site says.
    init(base: Tensor, source: Tensor, gradient: Tensor?, site: Site, from first: Int) {
        let shape = base.shape
        require(
            source.shape == shape && gradient.map { $0.shape == shape } ?? true,
            "an activation \(shape) cannot be compared with \(source.shape) and \(gradient?.shape ?? shape)")
        let isMap = site == .attnScores || site == .pattern
        positions = isMap ? shape[1] : shape[0]
        heads = isMap ? shape[0] : site.hasHeads ? shape[1] : 1
        let width = base.count / max(1, positions * heads)
        effects = Array(repeating: 0, count: positions * heads)
        differs = Array(repeating: false, count: positions * heads)
        let slope = gradient ?? .zeros(shape)
        for position in min(first, positions)..<positions {
            for head in 0..<heads {
                let start = (isMap ? head * positions + position : position * heads + head) * width
                let (sum, isChanged) = Self.change(base, source, slope, start..<start + width)
                effects[position * heads + head] = sum
                differs[position * heads + head] = isChanged
            }
        }
    }

    private static func change(
        _ base: Tensor, _ source: Tensor, _ gradient: Tensor, _ range: Range<Int>
    ) -> (Double, Bool) {
        base.withUnsafeElements { base in
            source.withUnsafeElements { source in
                gradient.withUnsafeElements { gradient in
                    var sum = 0.0
                    var isChanged = false
                    // Equal entries are passed over: masked scores are -∞ in both.
                    for index in range where source[index] != base[index] {
                        sum += (Double(source[index]) - Double(base[index])) * Double(gradient[index])
                        isChanged = true
                    }
                    return (sum, isChanged)
                }
            }
        }
    }

    /// The sum over a cell: one position or all, one head or all.
    func effect(position: Int?, head: Int?) -> (value: Double, differs: Bool) {
        var (sum, isChanged) = (0.0, false)
        for position in position.map({ $0..<$0 + 1 }) ?? 0..<positions {
            for head in head.map({ $0..<$0 + 1 }) ?? 0..<heads {
                sum += effects[position * heads + head]
                isChanged = isChanged || differs[position * heads + head]
            }
        }
        return (sum, isChanged)
    }
}

/// Gradients shuffled among the layers, positions and heads of their site.
struct GradientShuffle {
    private var shuffled: [HookPoint: Tensor] = [:]

    init(_ gradients: ActivationCache, key: RandomKey) {
        for (site, points) in Dictionary(grouping: gradients.points, by: \.site) {
            let points = points.sorted { ($0.block ?? -1) < ($1.block ?? -1) }
            let tensors = points.compactMap { gradients[$0] }
            guard let width = tensors.first?.shape.last else { continue }
            let rows = Tensor.concatenated(tensors.map { $0.reshaped([-1, width]) })
            var random = key[site.rawValue].generator()
            let moved = rows.gathered(Array(0..<rows.shape[0]).shuffled(using: &random))
            var first = 0
            for (point, tensor) in zip(points, tensors) {
                let count = tensor.count / width
                shuffled[point] = moved[first..<first + count].reshaped(tensor.shape)
                first += count
            }
        }
    }

    /// The gradient now at `point`; nil where none was.
    subscript(point: HookPoint) -> Tensor? { shuffled[point] }
}
