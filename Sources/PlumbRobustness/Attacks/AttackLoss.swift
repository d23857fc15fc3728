internal import Foundation
internal import PlumbBasics
internal import PlumbTensor

/// What an attack raises, as a function of a sample's logits z, its label y and, where the attack has one, a target t.
public enum AttackLoss: String, Sendable, Codable, CaseIterable {
    /// Cross-entropy of the label, `−log softmax(z)_y`; with a target, `log softmax(z)_t`.
    case crossEntropy
    /// The margin `max_{i≠y} z_i − z_y` (Carlini, Wagner 2016, arXiv:1608.04644); with a target, `z_t − max_{i≠t} z_i`.
    case margin
    /// The difference of logits ratio, `(max_{i≠y} z_i − z_y) / (z_π1 − z_π3)`, π ordering the logits from the greatest
    /// down; with a target, `(z_t − z_y) / (z_π1 − (z_π3 + z_π4) / 2)` (Croce, Hein 2020, arXiv:2003.01690). It does not
    /// change when all logits are multiplied by a number.
    case differenceOfLogitsRatio

    /// The fewest classes for which it is defined.
    func leastClasses(targeted: Bool) -> Int { self == .differenceOfLogitsRatio ? targeted ? 4 : 3 : 2 }

    /// The loss of one sample, and its gradient at the logits, written into `slope` where there is one.
    func value(_ z: Row, label: Int, target: Int?, slope: MutableRow?) -> Float {
        slope?.update(repeating: 0)
        switch self {
        case .crossEntropy: return Self.crossEntropy(z, target ?? label, sign: target == nil ? 1 : -1, slope)
        case .margin:
            let right = target ?? label
            let other = RowMath.greatest(z, but: right)
            let sign: Float = target == nil ? 1 : -1
            slope?[other] = sign
            slope?[right] = -sign
            return sign * (z[other] - z[right])
        case .differenceOfLogitsRatio: return Self.ratio(z, label, target, slope)
        }
    }

    private static func crossEntropy(_ z: Row, _ right: Int, sign: Float, _ slope: MutableRow?) -> Float {
        let most = z[RowMath.greatest(z)]
        var sum: Float = 0
        for value in z { sum += exp(value - most) }
        if let slope {
            for index in z.indices { slope[index] = sign * exp(z[index] - most) / sum }
            slope[right] -= sign
        }
        return sign * (log(sum) - (z[right] - most))
    }

    private static func ratio(_ z: Row, _ label: Int, _ target: Int?, _ slope: MutableRow?) -> Float {
        // The four greatest, in order; ties go to the earlier class.
        var order: [Int] = []
        for _ in 0..<min(4, z.count) {
            var best = -1
            for index in z.indices where !order.contains(index) && (best < 0 || z[index] > z[best]) { best = index }
            order.append(best)
        }
        let other = target ?? (order[0] == label ? order[1] : order[0])
        let rivals = target == nil ? [order[2]] : [order[2], order[3]]
        let above = z[other] - z[label]
        let spread = z[order[0]] - rivals.reduce(0) { $0 + z[$1] } / Float(rivals.count) + 1e-12
        if let slope {
            slope[other] += 1 / spread
            slope[label] -= 1 / spread
            let fall = above / spread / spread
            slope[order[0]] -= fall
            for rival in rivals { slope[rival] += fall / Float(rivals.count) }
        }
        return above / spread
    }

    /// The losses of a batch and their gradients at the logits.
    func values(_ logits: Tensor, labels: [Int], targets: [Int]?) -> (losses: [Float], slopes: Tensor) {
        var losses = [Float](repeating: 0, count: labels.count)
        let slopes = logits.mapRows { row, out, z, _, _ in
            losses[row] = value(z, label: labels[row], target: targets?[row], slope: out)
        }
        return (losses, slopes)
    }
}

extension ModelQueries {
    /// The logits, losses and gradients of the losses at each sample.
    mutating func ascent(
        _ loss: AttackLoss, _ x: Tensor, labels: [Int], targets: [Int]?
    ) -> (logits: Tensor, losses: [Float], gradient: Tensor) {
        var losses: [Float] = []
        let isMean = drawsSeveral
        let found = gradient(x) { logits, rows in
            let values = loss.values(
                logits, labels: Array(labels[rows]), targets: targets.map { Array($0[rows]) })
            if !isMean { losses += values.losses }
            return values.slopes
        }
        // Of several transformed passes, the loss is that of the mean logits.
        if isMean { losses = loss.values(found.logits, labels: labels, targets: targets).losses }
        return (found.logits, losses, found.gradient)
    }
}
