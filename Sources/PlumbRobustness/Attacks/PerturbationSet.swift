internal import PlumbBasics
public import PlumbTensor

/// The changes that an attacker may make to a sample: no larger than a radius in a norm, and only to values within bounds.
///
/// Projections onto it are Euclidean for L∞ and L1; for L2 they scale the change and then clip it to the bounds. What they
/// return is measured in double precision and lies inside, not almost inside.
public struct PerturbationSet: Sendable, Equatable {
    /// How a change is measured.
    public var norm: PerturbationNorm
    /// The largest size of a change; infinite for attacks that look for the smallest one.
    public var radius: Double
    /// The values that a number of a sample may have.
    public var bounds: ClosedRange<Float>

    /// - Precondition: the radius is 0 or more.
    public init(_ norm: PerturbationNorm, radius: Double, bounds: ClosedRange<Float> = 0...1) {
        require(radius >= 0, "the radius of a perturbation is 0 or more, got \(radius)")
        (self.norm, self.radius, self.bounds) = (norm, radius, bounds)
    }

    /// The same set with another radius.
    public func with(radius: Double) -> PerturbationSet { PerturbationSet(norm, radius: radius, bounds: bounds) }

    /// The radius at which nothing but the bounds limits a change of samples of `count` numbers.
    public func unlimited(_ count: Int) -> Double {
        let range = Double(bounds.upperBound) - Double(bounds.lowerBound)
        return switch norm {
        case .linf: range
        case .l2: Double(count).squareRoot() * range
        case .l1: Double(count) * range
        }
    }

    /// Whether each sample of `changed` lies in the set around its original, measured in double precision.
    ///
    /// - Shapes: both `[B, …]`; result B values.
    public func contains(_ changed: Tensor, around original: Tensor) -> [Bool] {
        var inside = norm.distances(changed, from: original).map { $0 <= radius }
        changed.forEachRow { row, values, _, _ in
            if !values.allSatisfy(bounds.contains) { inside[row] = false }
        }
        return inside
    }

    /// The nearest point of the set around each original.
    ///
    /// - Shapes: `points`, `originals` and result `[B, …]`.
    public func project(_ points: Tensor, around originals: Tensor) -> Tensor {
        points.mapRows(originals) { _, out, point, original, _ in project(point, original, into: out) }
    }

    /// A point drawn from the ball around each original, then clipped to the bounds: uniform in the cube for L∞, in the
    /// ball for L2 (Voelker, Gosmann, Stewart 2017) and in the cross-polytope for L1.
    ///
    /// - Parameter keys: one a sample.
    /// - Shapes: `originals` and result `[B, …]`.
    public func randomPoints(around originals: Tensor, keys: [RandomKey]) -> Tensor {
        draw(around: originals, keys) { random, count in
            switch norm {
            case .linf: (0..<count).map { _ in Float(radius * (2 * random.uniform() - 1)) }
            case .l2: Self.scaled(Self.normals(count + 2, &random), to: radius, keeping: count)
            case .l1: Self.simplex(count + 1, &random).prefix(count).map { Float($0 * radius) * Self.coin(&random) }
            }
        }
    }

    /// A change of full size in a random direction, then clipped to the bounds: random signs for L∞, a direction of the
    /// sphere for L2, a point of the cross-polytope's surface for L1.
    ///
    /// - Shapes: `originals` and result `[B, …]`.
    public func randomEdges(around originals: Tensor, keys: [RandomKey]) -> Tensor {
        draw(around: originals, keys) { random, count in
            switch norm {
            case .linf: (0..<count).map { _ in Float(radius) * Self.coin(&random) }
            case .l2: Self.scaled(Self.normals(count, &random), to: radius, keeping: count)
            case .l1: Self.simplex(count, &random).map { Float($0 * radius) * Self.coin(&random) }
            }
        }
    }

    private func draw(
        around originals: Tensor, _ keys: [RandomKey], _ change: (inout RandomKey.Generator, Int) -> [Float]
    ) -> Tensor {
        require(keys.count == originals.rowCount, "\(originals.rowCount) samples need as many keys, got \(keys.count)")
        let moved = originals.mapRows { row, out, x, _, _ in
            var random = keys[row].generator()
            let drawn = change(&random, x.count)
            for index in x.indices { out[index] = x[index] + drawn[index] }
        }
        return project(moved, around: originals)
    }

    private static func coin(_ random: inout RandomKey.Generator) -> Float { random.next() >> 63 == 0 ? 1 : -1 }

    static func normals(_ count: Int, _ random: inout RandomKey.Generator) -> [Double] {
        (0..<(count + 1) / 2).flatMap { _ in
            let pair = random.normalPair()
            return [pair.0, pair.1]
        }.dropLast(count % 2)
    }

    static func scaled(_ values: [Double], to length: Double, keeping count: Int) -> [Float] {
        let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return values.prefix(count).map { Float(norm > 0 ? $0 / norm * length : 0) }
    }

    /// `count` numbers of sum 1, uniform among all such: the gaps between sorted uniform numbers.
    private static func simplex(_ count: Int, _ random: inout RandomKey.Generator) -> [Double] {
        let cuts = (0..<count - 1).map { _ in random.uniform() }.sorted()
        return zip(cuts + [1], [0] + cuts).map { $0 - $1 }
    }
}
