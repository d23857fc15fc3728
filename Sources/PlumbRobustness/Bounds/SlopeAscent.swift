internal import Foundation
internal import PlumbNN
internal import PlumbTensor

/// Raises lower bounds by projected gradient ascent on the lower slopes of ReLUs that may be on either side, for each row
/// of a query its own (Xu et al. 2020, arXiv:2011.13824), and on the multipliers of ReLUs whose side is given (Wang et al.
/// 2021, arXiv:2103.06624). Steps are Adam's.
///
/// Every slope in 0 ... 1 and every multiplier of 0 or more gives a sound bound, so the best of all steps is one.
struct SlopeAscent {
    /// The number of steps.
    var steps: Int
    var learningRate = 0.25
    var multiplierRate = 0.25
    /// What rates are multiplied by after each step.
    var decay = 0.96
    /// The slopes with which ascent begins and, afterwards, those of the best bounds, by node: `[Q · n]`.
    var slopes: [Int: [Float]] = [:]
    /// The multipliers, likewise; signs are not in them.
    var multipliers: [Int: [Float]] = [:]
    /// For each ReLU 1 where it is said to be on, -1 where off, 0 where not given, by node: `[B · n]`.
    var sides: [Int: [Int8]] = [:]
    /// The ascent ends when every row's bound is above its number here.
    var targets: [Float]?

    init(steps: Int) { self.steps = steps }

    /// The best bound found for each row.
    mutating func bounds(_ query: LinearQuery, _ pass: inout BackwardPass) -> [Float] {
        pass.keepsCoefficients = true
        prepare(query, &pass)
        let count = query.samples.count
        var best = [Float](repeating: -.infinity, count: count)
        var (bestSlopes, bestMultipliers) = (slopes, multipliers)
        var (slopeMoments, multiplierMoments) = ([Int: Moments](), [Int: Moments]())
        let (first, second) = (learningRate, multiplierRate)
        for step in 0...steps {
            let (lower, signed) = (tensors(slopes, count), signedMultipliers(query))
            let found = pass.bounds(query, slopes: lower, multipliers: signed)
            for row in 0..<count where found[row] > best[row] {
                best[row] = found[row]
                for (node, values) in slopes { Self.copy(values, &bestSlopes[node, default: []], row, count) }
                for (node, values) in multipliers { Self.copy(values, &bestMultipliers[node, default: []], row, count) }
            }
            if step == steps || (targets.map { zip(best, $0).allSatisfy { $0 > $1 } } ?? false) { break }
            let arguments = pass.minimizer(query, slopes: lower)
            let rate = pow(decay, Double(step))
            for (node, z) in arguments {
                guard let a = pass.kept[node] else { continue }
                ascend(node, z.elements, a.elements, query, &pass, Float(first * rate), step, &slopeMoments)
                raise(node, z.elements, query, Float(second * rate), step, &multiplierMoments)
            }
        }
        (slopes, multipliers) = (bestSlopes, bestMultipliers)
        return best
    }

    /// Slopes and multipliers for every ReLU on the way.
    private mutating func prepare(_ query: LinearQuery, _ pass: inout BackwardPass) {
        for (index, node) in pass.propagation.nodes.enumerated() where index < query.node {
            guard case .activation(.relu) = node.kind else { continue }
            if slopes[index]?.count != query.samples.count * node.width {
                let lines = pass.relaxation(index, .relu)
                slopes[index] = query.samples.flatMap { sample in
                    lines.lowerSlope[sample * node.width..<(sample + 1) * node.width]
                }
            }
            if sides[index] != nil, multipliers[index]?.count != query.samples.count * node.width {
                multipliers[index] = [Float](repeating: 0, count: query.samples.count * node.width)
            }
        }
    }

    private func tensors(_ values: [Int: [Float]], _ rows: Int) -> [Int: Tensor] {
        values.mapValues { Tensor($0, shape: [rows, $0.count / max(1, rows)]) }
    }

    private func signedMultipliers(_ query: LinearQuery) -> [Int: Tensor] {
        var signed: [Int: Tensor] = [:]
        for (node, sides) in sides {
            guard let values = multipliers[node] else { continue }
            let width = values.count / max(1, query.samples.count)
            signed[node] = Tensor(shape: [query.samples.count, width]) { y in
                for (row, sample) in query.samples.enumerated() {
                    for i in 0..<width {
                        y[row * width + i] = values[row * width + i] * Float(sides[sample * width + i])
                    }
                }
            }
        }
        return signed
    }

    private static func copy(_ from: [Float], _ to: inout [Float], _ row: Int, _ rows: Int) {
        let width = from.count / rows
        to.replaceSubrange(row * width..<(row + 1) * width, with: from[row * width..<(row + 1) * width])
    }

    private struct Moments {
        var mean, square: [Float]

        init(_ count: Int) {
            mean = [Float](repeating: 0, count: count)
            square = mean
        }

        /// Adam's direction for a gradient.
        mutating func direction(_ i: Int, _ gradient: Float, _ step: Int) -> Float {
            mean[i] = 0.9 * mean[i] + 0.1 * gradient
            square[i] = 0.999 * square[i] + 0.001 * gradient * gradient
            let (m, v) = (mean[i] / (1 - powf(0.9, Float(step + 1))), square[i] / (1 - powf(0.999, Float(step + 1))))
            return m / (v.squareRoot() + 1e-12)
        }
    }

    private mutating func ascend(
        _ node: Int, _ z: [Float], _ a: [Float], _ query: LinearQuery, _ pass: inout BackwardPass, _ rate: Float,
        _ step: Int, _ moments: inout [Int: Moments]
    ) {
        guard var values = slopes.removeValue(forKey: node) else { return }
        let lines = pass.relaxation(node, .relu)
        var memory = moments.removeValue(forKey: node) ?? Moments(values.count)
        let width = values.count / max(1, query.samples.count)
        for (row, sample) in query.samples.enumerated() {
            for i in row * width..<(row + 1) * width where lines.isFree[sample * width + i - row * width] {
                let gradient = a[i] > 0 ? a[i] * z[i] : 0
                values[i] = min(1, max(0, values[i] + rate * memory.direction(i, gradient, step)))
            }
        }
        slopes[node] = values
        moments[node] = memory
    }

    private mutating func raise(
        _ node: Int, _ z: [Float], _ query: LinearQuery, _ rate: Float, _ step: Int, _ moments: inout [Int: Moments]
    ) {
        guard let sides = sides[node], var values = multipliers.removeValue(forKey: node) else { return }
        var memory = moments.removeValue(forKey: node) ?? Moments(values.count)
        let width = values.count / max(1, query.samples.count)
        for (row, sample) in query.samples.enumerated() {
            for i in row * width..<(row + 1) * width {
                let side = sides[sample * width + i - row * width]
                guard side != 0 else { continue }
                values[i] = max(0, values[i] + rate * memory.direction(i, -Float(side) * z[i], step))
            }
        }
        multipliers[node] = values
        moments[node] = memory
    }
}
