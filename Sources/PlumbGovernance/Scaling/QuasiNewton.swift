/// Minimization of a function of a few numbers by the method of Broyden, Fletcher, Goldfarb and Shanno, with the line search
/// for functions that are not smooth everywhere (Lewis, Overton 2013, *Nonsmooth Optimization via Quasi-Newton Methods*).
enum QuasiNewton {
    /// The least value found, and where.
    static func minimize(
        from start: [Double], steps: Int = 400, _ function: ([Double]) -> (value: Double, gradient: [Double])
    ) -> (value: Double, place: [Double]) {
        let count = start.count
        var (place, (value, gradient)) = (start, function(start))
        var inverse = identity(count)
        for _ in 0..<steps {
            var direction = inverse.map { -dot($0, gradient) }
            var slope = dot(direction, gradient)
            if !(slope < 0) {
                inverse = identity(count)
                direction = gradient.map { -$0 }
                slope = dot(direction, gradient)
            }
            guard slope < -1e-18, let found = search(place, value, direction, slope, function) else { break }
            let (moved, turned) = (subtract(found.place, place), subtract(found.gradient, gradient))
            (place, value, gradient) = found
            let curvature = dot(moved, turned)
            guard curvature > 0 else { continue }
            update(&inverse, moved, turned, curvature)
        }
        return (value, place)
    }

    /// A step that lowers the value enough and after which the slope is less steep, by doubling and bisection.
    private static func search(
        _ place: [Double], _ value: Double, _ direction: [Double], _ slope: Double,
        _ function: ([Double]) -> (value: Double, gradient: [Double])
    ) -> (place: [Double], value: Double, gradient: [Double])? {
        var (low, high, step) = (0.0, Double.infinity, 1.0)
        var best: (place: [Double], value: Double, gradient: [Double])?
        for _ in 0..<60 {
            let next = zip(place, direction).map { $0 + step * $1 }
            let (there, gradient) = function(next)
            if !(there < value + 1e-4 * step * slope) {
                high = step
            } else {
                best = (next, there, gradient)
                if dot(gradient, direction) >= 0.9 * slope { return best }
                low = step
            }
            step = high.isFinite ? (low + high) / 2 : 2 * low
        }
        return best
    }

    private static func update(
        _ inverse: inout [[Double]], _ moved: [Double], _ turned: [Double], _ curvature: Double
    ) {
        let image = inverse.map { dot($0, turned) }
        let scale = (1 + dot(turned, image) / curvature) / curvature
        for row in moved.indices {
            for column in moved.indices {
                inverse[row][column] +=
                    scale * moved[row] * moved[column]
                    - (image[row] * moved[column] + moved[row] * image[column]) / curvature
            }
        }
    }

    private static func identity(_ count: Int) -> [[Double]] {
        (0..<count).map { row in (0..<count).map { $0 == row ? 1 : 0 } }
    }

    private static func dot(_ one: [Double], _ other: [Double]) -> Double {
        zip(one, other).reduce(0) { $0 + $1.0 * $1.1 }
    }

    private static func subtract(_ one: [Double], _ other: [Double]) -> [Double] { zip(one, other).map { $0 - $1 } }
}
