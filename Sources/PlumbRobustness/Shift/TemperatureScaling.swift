internal import Foundation
internal import PlumbBasics
public import PlumbTensor

/// One number by which logits are divided so that probabilities fit how often a classifier is right (Guo, Pleiss, Sun,
/// Weinberger 2017, *On Calibration of Modern Neural Networks*, arXiv:1706.04599).
///
/// Probabilities are computed in double precision, in which different logits stay different: the predicted classes are
/// exactly those without scaling.
public struct TemperatureScaling: Sendable, Equatable {
    /// T: above 1 makes predictions less sure.
    public let temperature: Double

    /// A known temperature, above 0.
    public init(temperature: Double) {
        require(temperature > 0 && temperature.isFinite, "a temperature is above 0, got \(temperature)")
        self.temperature = temperature
    }

    /// The temperature from 0.01 to 100 with the least mean cross-entropy on samples that the classifier was not
    /// trained
    /// on; the cross-entropy is convex in 1 / T, so golden sections find it.
    ///
    /// - Shapes: `logits` `[N, K]`, N labels.
    public init(fitting logits: Tensor, labels: [Int]) {
        require(
            logits.shape.count == 2 && logits.shape[0] == labels.count && !labels.isEmpty,
            "a temperature is fitted to logits [N, K] with N labels, got \(logits.shape) and \(labels.count)")
        let rows = LogitScores.rows(logits)
        let ratio = (5.0.squareRoot() - 1) / 2
        var low: Double = log(0.01), high: Double = log(100)
        func loss(_ logarithm: Double) -> Double { Self.crossEntropy(rows, labels, exp(-logarithm)) }
        var (left, right) = (high - ratio * (high - low), low + ratio * (high - low))
        var (atLeft, atRight) = (loss(left), loss(right))
        for _ in 0..<60 {
            if atLeft < atRight {
                (high, right, atRight) = (right, left, atLeft)
                left = high - ratio * (high - low)
                atLeft = loss(left)
            } else {
                (low, left, atLeft) = (left, right, atRight)
                right = low + ratio * (high - low)
                atRight = loss(right)
            }
        }
        temperature = exp((low + high) / 2)
    }

    /// The probabilities of logits `[N, K]`, a row a sample.
    public func probabilities(_ logits: Tensor) -> [[Double]] {
        LogitScores.probabilities(logits, temperature: temperature)
    }

    /// The mean cross-entropy of logits `[N, K]` against N labels, in nats.
    public func crossEntropy(_ logits: Tensor, labels: [Int]) -> Double {
        Self.crossEntropy(LogitScores.rows(logits), labels, 1 / temperature)
    }

    private static func crossEntropy(_ rows: [[Double]], _ labels: [Int], _ inverse: Double) -> Double {
        zip(rows, labels).reduce(0) { sum, sample in
            let scaled = sample.0.map { $0 * inverse }
            return sum + LogitScores.logSum(scaled) - scaled[sample.1]
        } / Double(labels.count)
    }
}

/// How often a classifier is right where it is equally sure: the bins of a reliability diagram.
public struct Reliability: Sendable, Codable, Equatable {
    /// One bin's samples.
    public struct Bin: Sendable, Codable, Equatable {
        /// How many there are.
        public let count: Int
        /// The mean of their largest probabilities; NaN of none.
        public let confidence: Double
        /// The share that is right; NaN of none.
        public let accuracy: Double
    }

    /// The bins, equally wide over largest probabilities from 0 to 1.
    public let bins: [Bin]

    /// Sorts samples into bins by their largest probability.
    public init(_ probabilities: [[Double]], labels: [Int], bins count: Int = 15) {
        require(
            probabilities.count == labels.count && count > 0, "reliability needs a label for each sample, and bins")
        var (counts, sure, right) = (
            [Int](repeating: 0, count: count), [Double](repeating: 0, count: count), [Int](repeating: 0, count: count)
        )
        for (row, label) in zip(probabilities, labels) {
            let best = row.indices.reduce(0) { row[$1] > row[$0] ? $1 : $0 }
            // A bin holds its upper end, as in the paper.
            let bin = min(count - 1, max(0, Int((row[best] * Double(count)).rounded(.up)) - 1))
            counts[bin] += 1
            sure[bin] += row[best]
            if best == label { right[bin] += 1 }
        }
        bins = counts.indices.map { index in
            let n = Double(counts[index])
            return Bin(count: counts[index], confidence: sure[index] / n, accuracy: Double(right[index]) / n)
        }
    }

    /// The expected calibration error: the mean distance of confidence and accuracy, bins weighted by their samples.
    public var calibrationError: Double {
        let total = bins.reduce(0) { $0 + $1.count }
        return bins.filter { $0.count > 0 }.reduce(0) {
            $0 + Double($1.count) / Double(total) * abs($1.confidence - $1.accuracy)
        }
    }
}
