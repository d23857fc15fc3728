internal import PlumbBasics
public import PlumbTensor

/// Lower and upper bounds of several numbers, for each of several samples.
///
/// - Shapes: `lower` and `upper` `[B, n]`.
public struct Interval: Sendable, Equatable {
    /// What every number is at least.
    public var lower: Tensor
    /// What every number is at most.
    public var upper: Tensor

    /// Bounds of given ends.
    ///
    /// - Precondition: both are `[B, n]`.
    public init(lower: Tensor, upper: Tensor) {
        require(
            lower.shape.count == 2 && lower.shape == upper.shape,
            "an interval needs ends [B, n] of one shape, got \(lower.shape) and \(upper.shape)")
        (self.lower, self.upper) = (lower, upper)
    }

    /// Everything within `radius` of each number of `points`, and within `range` where one is given: the box of an L∞
    /// attack. Ends are rounded outward, so that no float32 within the radius is left out.
    ///
    /// - Shapes: `points` `[B, …]`.
    /// - Precondition: the radius is 0 or more, and the points are finite and within the range.
    public init(around points: Tensor, radius: Double, within range: ClosedRange<Float>? = nil) {
        require(radius >= 0 && radius.isFinite, "a radius is a finite number of 0 or more, got \(radius)")
        require(points.isFinite, "a box needs finite points")
        let shape = [points.shape[0], points.shape[0] == 0 ? 0 : points.count / points.shape[0]]
        func moved(_ end: (Double) -> Float) -> Tensor {
            Tensor(shape: shape) { y in
                points.withUnsafeElements { x in for i in x.indices { y[i] = end(Double(x[i])) } }
            }
        }
        guard let range else {
            self.init(
                lower: moved { FloatError.down($0 - radius) }, upper: moved { FloatError.up($0 + radius) })
            return
        }
        points.withUnsafeElements { x in
            require(x.allSatisfy(range.contains), "a box within \(range) needs points within it")
        }
        self.init(
            lower: moved { max(range.lowerBound, FloatError.down($0 - radius)) },
            upper: moved { min(range.upperBound, FloatError.up($0 + radius)) })
    }

    /// The number of samples.
    public var count: Int { lower.shape[0] }
    /// The numbers of a sample.
    public var width: Int { lower.shape[1] }

    /// The samples `rows`, in the order asked.
    public func gathered(_ rows: [Int]) -> Interval {
        Interval(lower: lower.gathered(rows), upper: upper.gathered(rows))
    }

    /// What lies in both.
    func intersection(_ other: Interval) -> Interval {
        Interval(lower: .maximum(lower, other.lower), upper: .minimum(upper, other.upper))
    }

    /// Whether every number of `values` `[B, n]`, or of its sample, lies between its ends; a sample is one row of each.
    public func contains(_ values: Tensor) -> Bool {
        require(values.count == lower.count, "an interval \(lower.shape) cannot be compared with \(values.shape)")
        return values.withUnsafeElements { x in
            lower.withUnsafeElements { l in
                upper.withUnsafeElements { u in x.indices.allSatisfy { l[$0] <= x[$0] && x[$0] <= u[$0] } }
            }
        }
    }

    /// The largest magnitude of each number, `[B · n]`.
    var magnitudes: [Double] {
        lower.withUnsafeElements { l in
            upper.withUnsafeElements { u in l.indices.map { Double(max(abs(l[$0]), abs(u[$0]))) } }
        }
    }
}
