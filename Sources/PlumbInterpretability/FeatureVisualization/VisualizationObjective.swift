internal import PlumbBasics
public import PlumbModels
public import PlumbTensor

/// What images are optimized for: terms that are added and weighted, greater is better (Olah, Mordvintsev, Schubert 2017,
/// *Feature Visualization*, Distill, doi:10.23915/distill.00007).
///
/// ```swift
/// let objective: VisualizationObjective = .unit(.logit(3)) + 5 * .diversity(at: point, setsOf: 4) - 2 * .totalVariation
/// ```
public indirect enum VisualizationObjective: Sendable {
    /// Every image raises one unit.
    case unit(VisualizedUnit)
    /// Image i raises unit i.
    case units([VisualizedUnit])
    /// Every image raises the logarithm of the probability of a class, which ends at 0: once the network is certain, other
    /// terms decide.
    case logProbability(Int)
    /// Image i of B raises `(1 - i / (B - 1))` of the first unit and `i / (B - 1)` of the second.
    case interpolation(VisualizedUnit, VisualizedUnit)
    /// Images of a set differ: minus the mean cosine of the Gram matrices of an activation, over the other images of the set,
    /// added over all images. The sets are consecutive images.
    case diversity(at: HookPoint, setsOf: Int)
    /// The mean distance of an image's numbers from gray, `|x - 0.5|`, added over images.
    case l1
    /// The mean squared distance of an image's numbers from gray, `(x - 0.5)²`, added over images.
    case l2
    /// The mean absolute difference of neighboring pixels, along rows and columns, added over images.
    case totalVariation
    /// A term that counts more or less; below 0, its opposite.
    case weighted(Float, VisualizationObjective)
    /// Terms that are added.
    case sum([VisualizationObjective])

    /// Both terms.
    public static func + (a: VisualizationObjective, b: VisualizationObjective) -> VisualizationObjective {
        .sum([a, b])
    }
    /// The first without the second.
    public static func - (a: VisualizationObjective, b: VisualizationObjective) -> VisualizationObjective {
        .sum([a, .weighted(-1, b)])
    }
    /// A term that counts `weight` times.
    public static func * (weight: Float, term: VisualizationObjective) -> VisualizationObjective {
        .weighted(weight, term)
    }
    /// The opposite: what lowers the term.
    public static prefix func - (term: VisualizationObjective) -> VisualizationObjective { .weighted(-1, term) }

    /// The activations that the terms read.
    var points: Set<HookPoint> {
        switch self {
        case .unit(let unit): [unit.point]
        case .units(let units): Set(units.map(\.point))
        case .logProbability: [.logits]
        case .interpolation(let first, let second): [first.point, second.point]
        case .diversity(let point, _): [point]
        case .l1, .l2, .totalVariation: []
        case .weighted(_, let term): term.points
        case .sum(let terms): terms.reduce(into: []) { $0.formUnion($1.points) }
        }
    }

    /// Refuses terms that a network, or the number of images, does not allow.
    ///
    /// - Throws: ``ModelError`` saying what does not fit.
    public func check(in network: NetworkGraph, images: Int) throws {
        switch self {
        case .unit(let unit): try unit.check(in: network)
        case .units(let units):
            guard units.count == images else {
                throw ModelError("\(units.count) units need an image each, not \(images) images")
            }
            for unit in units { try unit.check(in: network) }
        case .logProbability(let label): try VisualizedUnit.logit(label).check(in: network)
        case .interpolation(let first, let second):
            guard images > 1 else { throw ModelError("an interpolation needs two images or more, not \(images)") }
            try first.check(in: network)
            try second.check(in: network)
        case .diversity(let point, let size):
            guard network.shape(at: point) != nil else { throw ModelError("the network has no \(point)") }
            guard size > 1, images % size == 0 else {
                throw ModelError(
                    "diversity needs sets of two images or more that fill the \(images) images, not sets of \(size)")
            }
        case .l1, .l2, .totalVariation: break
        case .weighted(_, let term): try term.check(in: network, images: images)
        case .sum(let terms): for term in terms { try term.check(in: network, images: images) }
        }
    }

    /// The number to be raised.
    ///
    /// - Parameters:
    ///   - images: from 0 to 1, as they are, for the terms that read images.
    ///   - cache: the activations of the images as the network sees them.
    /// - Shapes: `images` `[B, H, W, C]`; result `[]`.
    /// - Precondition: every activation that a term reads was recorded.
    public func value(_ images: Tensor, _ cache: ActivationCache) -> Tensor {
        func activation(_ point: HookPoint) -> Tensor {
            guard let found = cache[point] else { unmet("\(point) was not recorded, so no image can be made for it") }
            return found
        }
        let count = images.shape[0]
        switch self {
        case .unit(let unit): return unit.values(activation(unit.point)).summed()
        case .units(let units):
            let values = units.enumerated().map { index, unit in
                unit.values(activation(unit.point)[index..<index + 1])
            }
            return Tensor.concatenated(values).summed()
        case .logProbability(let label):
            return activation(.logits).logSoftmax().columns(label..<label + 1).summed()
        case .interpolation(let first, let second):
            let shares = (0..<count).map { Float($0) / Float(max(1, count - 1)) }
            let left = first.values(activation(first.point)) * Tensor(shares.map { 1 - $0 }, shape: [count])
            let right = second.values(activation(second.point)) * Tensor(shares, shape: [count])
            return (left + right).summed()
        case .diversity(let point, let size): return Self.diversity(activation(point), setsOf: size)
        case .l1: return (images - 0.5).absolute().mean() * Float(count)
        case .l2: return (images - 0.5).squared().mean() * Float(count)
        case .totalVariation: return Self.totalVariation(images) * Float(count)
        case .weighted(let weight, let term): return term.value(images, cache) * weight
        case .sum(let terms):
            guard let first = terms.first else { return Tensor(repeating: 0, shape: []) }
            return terms.dropFirst().reduce(first.value(images, cache)) { $0 + $1.value(images, cache) }
        }
    }

    /// Minus the mean cosine of an image's Gram matrix with those of the others of its set, added over images.
    private static func diversity(_ activation: Tensor, setsOf size: Int) -> Tensor {
        let (count, channels) = (activation.shape[0], activation.shape[activation.shape.count - 1])
        let positions = activation.count / (count * channels)
        let features = activation.reshaped([count, positions, channels])
        let grams = features.batchedTransposedMatmul(features).reshaped([count, channels * channels])
        let lengths = (grams.squared().summed(axis: 1, keepingAxis: true) + 1e-10).squareRoot()
        let unit = grams / lengths
        let sets = unit.reshaped([count / size, size, channels * channels])
        let cosines = sets.batchedMatmul(transposed: sets).summed()
        // The cosine of every image with itself is 1, and is left out.
        return (cosines - Float(count)) * (-1 / Float(size - 1))
    }

    private static func totalVariation(_ images: Tensor) -> Tensor {
        let (count, height, width, channels) = (
            images.shape[0], images.shape[1], images.shape[2], images.shape[3]
        )
        let rows = images.reshaped([count, height, width * channels])
        var parts: [Tensor] = []
        if height > 1 {
            let flat = rows.reshaped([count, height * width * channels])
            let row = width * channels
            let below = flat.columns(row..<height * row) - flat.columns(0..<(height - 1) * row)
            parts.append(below.absolute().mean())
        }
        if width > 1 {
            let row = width * channels
            let beside = rows.columns(channels..<row) - rows.columns(0..<row - channels)
            parts.append(beside.absolute().mean())
        }
        return parts.dropFirst().reduce(parts.first ?? Tensor(repeating: 0, shape: []), +)
    }
}
