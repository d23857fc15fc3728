internal import PlumbBasics
public import PlumbTensor

/// The expected loss of steps of descent on a kind of tasks, and the constants that make it least.
///
/// What a learner leaves of the target is `wᵀ ρ(S) x` with a polynomial ρ: a step of length η multiplies by
/// `1 - η S c(S)²`, where c, 1 at first, is what preconditioning has made of inputs, and a preconditioning by γ multiplies c by
/// `1 - γ S c²`. So half the expected squared error is `s / 2 · E tr ρ(S)²`: a sum of coefficients times the moments E tr Sᵏ,
/// which are means over drawn tasks. ρ(S)² needs neither w nor query, so a few thousand tasks decide it.
public struct DescentTuning: Sendable {
    /// Which constants are sought.
    public enum Kind: Sendable, CaseIterable {
        /// Gradient descent with the same step size in all steps.
        case descent
        /// Gradient descent with a step size of its own in each step.
        case freeDescent
        /// GD++ with the same step size and the same γ in all steps, as in layers that share their weights.
        case preconditioned
        /// GD++ with constants of its own in each step.
        case freePreconditioned
    }

    /// E tr Sᵏ, k from 0, of S divided by ``unit``.
    private let moments: [Double]
    /// N s, the mean eigenvalue of S: constants are sought in multiples of its inverse.
    private let unit: Double
    private let tasks: InContextRegression
    private let steps: Int

    /// Draws tasks for the moments that `steps` steps need.
    ///
    /// - Parameters:
    ///   - tasks: the kind of tasks.
    ///   - steps: how many steps are made, 1 to 3.
    ///   - count: how many tasks are drawn.
    ///   - key: of the drawn tasks.
    public init(_ tasks: InContextRegression, steps: Int, count: Int = 8192, key: RandomKey) {
        require((1...3).contains(steps) && count > 0, "constants are sought for 1 to 3 steps, got \(steps), on tasks")
        (self.tasks, self.steps) = (tasks, steps)
        unit = Double(tasks.examples) * tasks.inputVariance
        let (width, inputs) = (tasks.inputs + 1, tasks.inputs)
        let degree = Self.residual([Double](repeating: 1, count: 2 * steps)).count - 1
        var sums = [Double](repeating: 0, count: 2 * degree + 1)
        let tokens = tasks.batch(count, key: key).tokens.elements
        for task in 0..<count {
            let rows = (0..<tasks.examples).map { task * tasks.examples * width + $0 * width }
            var gram = [Double](repeating: 0, count: inputs * inputs)
            for row in rows {
                for i in 0..<inputs {
                    for j in 0..<inputs {
                        gram[i * inputs + j] += Double(tokens[row + i]) * Double(tokens[row + j]) / unit
                    }
                }
            }
            Self.addTraces(of: gram, size: inputs, to: &sums)
        }
        moments = sums.map { $0 / Double(count) }
    }

    /// Adds tr Sᵏ for each k: the inner product of two powers of about half of it.
    private static func addTraces(of matrix: [Double], size: Int, to sums: inout [Double]) {
        var lower = (0..<size * size).map { $0 / size == $0 % size ? 1.0 : 0 }
        for k in stride(from: 0, to: sums.count, by: 2) {
            let higher = product(lower, matrix, size)
            for index in lower.indices {
                sums[k] += lower[index] * lower[index]
                if k + 1 < sums.count { sums[k + 1] += lower[index] * higher[index] }
            }
            lower = higher
        }
    }

    private static func product(_ a: [Double], _ b: [Double], _ size: Int) -> [Double] {
        var result = [Double](repeating: 0, count: size * size)
        for i in 0..<size {
            for k in 0..<size {
                for j in 0..<size { result[i * size + j] += a[i * size + k] * b[k * size + j] }
            }
        }
        return result
    }

    /// Half the expected squared error.
    public func halfLoss(_ learner: PreconditionedDescent) -> Double {
        require(learner.steps.count == steps, "moments were drawn for \(steps) steps, got \(learner.steps.count)")
        return loss(learner.steps.flatMap { [$0.stepSize * unit, $0.contraction * unit] }, kind: .freePreconditioned)
    }

    /// The learner of the least expected loss among those of a kind.
    public func best(_ kind: Kind) -> PreconditionedDescent {
        let found = starts(kind).map { start in PatternSearch.minimum(from: start) { loss($0, kind: kind) } }
        let best = found.min { loss($0, kind: kind) < loss($1, kind: kind) } ?? []
        return PreconditionedDescent(
            Self.constants(best, kind: kind, steps: steps).map {
                PreconditionedDescent.Step(stepSize: $0.step / unit, contraction: $0.contraction / unit)
            })
    }

    /// Where the search for constants begins. Those of single steps begin with rising step sizes too: where all are alike, the
    /// loss of gradient descent has a saddle.
    private func starts(_ kind: Kind) -> [[Double]] {
        let step = tasks.optimalStepSize * unit
        let rising = (0..<steps).map { 2 * Double($0 + 1) / Double(steps + 1) }
        switch kind {
        case .descent: return [[step]]
        case .freeDescent: return [rising.map { step * $0 }]
        case .preconditioned: return [[step, 0.25 * step], [2 * step, 0.5 * step]]
        case .freePreconditioned:
            let shared = best(.preconditioned).steps[0]
            return [
                (0..<steps).flatMap { _ in [shared.stepSize * unit, shared.contraction * unit] },
                rising.flatMap { [shared.stepSize * unit * $0, 2 * shared.contraction * unit] },
                rising.flatMap { [step * $0, step] },
            ]
        }
    }

    private func loss(_ numbers: [Double], kind: Kind) -> Double {
        let constants = Self.constants(numbers, kind: kind, steps: steps)
        let residual = Self.residual(constants.flatMap { [$0.step, $0.contraction] })
        let square = Self.multiply(residual, residual)
        return tasks.inputVariance / 2 * zip(square, moments).reduce(0) { $0 + $1.0 * $1.1 }
    }

    /// η and γ of each step, from those that are free.
    private static func constants(
        _ numbers: [Double], kind: Kind, steps: Int
    ) -> [(step: Double, contraction: Double)] {
        (0..<steps).map { step in
            switch kind {
            case .descent: (numbers[0], 0)
            case .freeDescent: (numbers[step], 0)
            case .preconditioned: (numbers[0], numbers[1])
            case .freePreconditioned: (numbers[2 * step], numbers[2 * step + 1])
            }
        }
    }

    /// ρ's coefficients, from that of S⁰ on; a last γ plays no part.
    private static func residual(_ numbers: [Double]) -> [Double] {
        var (rho, scale) = ([1.0], [1.0])
        for step in 0..<numbers.count / 2 {
            let matched = [0] + multiply(scale, scale)
            rho = multiply(rho, oneMinus(matched, times: numbers[2 * step]))
            scale = multiply(scale, oneMinus(matched, times: numbers[2 * step + 1]))
        }
        return rho
    }

    private static func oneMinus(_ polynomial: [Double], times factor: Double) -> [Double] {
        var result = polynomial.map { -factor * $0 }
        result[0] += 1
        return result
    }

    private static func multiply(_ a: [Double], _ b: [Double]) -> [Double] {
        var result = [Double](repeating: 0, count: a.count + b.count - 1)
        for (i, x) in a.enumerated() {
            for (j, y) in b.enumerated() { result[i + j] += x * y }
        }
        return result
    }
}

/// A minimum of a smooth function of a few numbers, without derivatives: steps along each number, and on in the direction
/// that helped; where none helps, steps are halved (Hooke, Jeeves 1961, *Direct search solution of numerical and statistical
/// problems*).
enum PatternSearch {
    /// The point found.
    ///
    /// - Parameters:
    ///   - start: where the search begins.
    ///   - step: the length of the first steps.
    ///   - tolerance: the length of steps at which the search ends.
    static func minimum(
        from start: [Double], step: Double = 0.25, tolerance: Double = 1e-6, of function: ([Double]) -> Double
    ) -> [Double] {
        var (point, step) = (start, step)
        var value = function(point)
        func explored(_ point: [Double], _ value: Double) -> (point: [Double], value: Double) {
            var (best, least) = (point, value)
            for index in best.indices {
                for change in [step, -step] {
                    var next = best
                    next[index] += change
                    let found = function(next)
                    if found < least {
                        (best, least) = (next, found)
                        break
                    }
                }
            }
            return (best, least)
        }
        while step > tolerance {
            let found = explored(point, value)
            guard found.value < value else {
                step /= 2
                continue
            }
            let further = zip(found.point, point).map { 2 * $0 - $1 }
            (point, value) = found
            let beyond = explored(further, function(further))
            if beyond.value < value { (point, value) = beyond }
        }
        return point
    }
}
