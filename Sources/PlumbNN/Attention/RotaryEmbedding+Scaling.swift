internal import Foundation

extension RotaryEmbedding {
    /// How frequencies are stretched for contexts longer than the model was first trained on.
    public enum Scaling: Sendable, Equatable {
        /// Not at all.
        case none
        /// Every frequency divided by `factor`.
        case linear(factor: Double)
        /// A larger base for sequences longer than the context, which runs refuse; no change within it.
        case dynamic(factor: Double)
        /// Llama 3's: low frequencies divided by `factor`, high ones kept, a smooth passage between
        /// (Dubey et al. 2024, arXiv:2407.21783).
        case llama3(factor: Double, lowFrequency: Double, highFrequency: Double, originalContext: Double)
        /// YaRN: low frequencies divided, high ones kept, and sharper scores.
        case yarn(YaRN)
        /// LongRoPE: each frequency divided by a factor of its own.
        case longRoPE(LongRoPE)
        /// Each frequency divided by its own factor, `[width / 2]`, as GGUF files carry Llama 3's.
        case factors([Float])
    }

    /// The numbers of YaRN (Peng et al. 2023, arXiv:2309.00071).
    public struct YaRN: Sendable, Equatable {
        /// What low frequencies are divided by.
        public var factor: Double
        /// Frequencies that turn more often than so within the original context are kept.
        public var fastRotations: Double
        /// Those that turn less often than so are divided by the whole factor.
        public var slowRotations: Double
        /// The positions that the model was first trained on.
        public var originalContext: Double
        /// Whether the ends of the passage between kept and divided frequencies are whole pairs.
        public var truncates: Bool
        /// What cosines and sines are multiplied by; scores grow by its square.
        public var amplitude: Double

        /// YaRN's own numbers where none are given: 32 and 1 turns, and an amplitude of `0.1 ln factor + 1`.
        public init(
            factor: Double, fastRotations: Double = 32, slowRotations: Double = 1, originalContext: Double,
            truncates: Bool = true, amplitude: Double? = nil
        ) {
            (self.factor, self.fastRotations, self.slowRotations) = (factor, fastRotations, slowRotations)
            (self.originalContext, self.truncates) = (originalContext, truncates)
            self.amplitude = amplitude ?? Self.amplitude(factor)
        }

        /// `0.1 scale · ln factor + 1`, or 1 where nothing is stretched.
        public static func amplitude(_ factor: Double, scale: Double = 1) -> Double {
            factor <= 1 ? 1 : 0.1 * scale * log(factor) + 1
        }
    }

    /// The numbers of LongRoPE (Ding et al. 2024, arXiv:2402.13753).
    public struct LongRoPE: Sendable, Equatable {
        /// Divisors of the frequencies in sequences of the original context or less, `[width / 2]`.
        public var short: [Double]
        /// Divisors in longer sequences, at all of their positions, `[width / 2]`.
        public var long: [Double]
        /// The positions that the model was first trained on.
        public var originalContext: Int
        /// What cosines and sines are multiplied by; nil for `√(1 + ln(context / original) / ln original)`.
        public var amplitude: Double?

        /// The numbers as given.
        public init(short: [Double], long: [Double], originalContext: Int, amplitude: Double? = nil) {
            (self.short, self.long, self.originalContext) = (short, long, originalContext)
            self.amplitude = amplitude
        }
    }
}

extension RotaryEmbedding.Scaling {
    /// The length beyond which sequences turn by other angles; nil where they never do.
    var originalContext: Int? {
        if case .longRoPE(let numbers) = self { numbers.originalContext } else { nil }
    }

    /// What cosines and sines are multiplied by in a model of so many positions.
    func amplitude(positions: Int) -> Double {
        switch self {
        case .none, .linear, .dynamic, .llama3, .factors: return 1
        case .yarn(let numbers): return numbers.amplitude
        case .longRoPE(let numbers):
            let original = Double(numbers.originalContext)
            let ratio = Double(positions) / original
            return numbers.amplitude ?? (ratio <= 1 ? 1 : (1 + log(ratio) / log(original)).squareRoot())
        }
    }

    /// The angle of each pair from one position to the next; `long` those of long sequences, where they differ.
    ///
    /// Frequencies and angles are rounded to float32 as the field's models were trained with.
    func frequencies(width: Int, base: Double) -> (short: [Float], long: [Float]?) {
        let periods = (0..<width / 2).map { pow(Float(base), Float(2 * $0) / Float(width)) }
        guard case .longRoPE(let numbers) = self else {
            return (
                periods.enumerated().map { index, period in
                    Float(scaled(Double(1 / period), index, width: width, base: base))
                }, nil
            )
        }
        func divided(_ factors: [Double]) -> [Float] { zip(periods, factors).map { 1 / (Float($1) * $0) } }
        return (divided(numbers.short), divided(numbers.long))
    }

    private func scaled(_ frequency: Double, _ index: Int, width: Int, base: Double) -> Double {
        switch self {
        case .none, .dynamic, .longRoPE: return frequency
        case .factors(let factors): return frequency / Double(factors[index])
        case .linear(let factor): return frequency / factor
        case .llama3(let factor, let low, let high, let context):
            let wavelength = 2 * Double.pi / frequency
            if wavelength > context / low { return frequency / factor }
            if wavelength < context / high { return frequency }
            let smooth = (context / wavelength - low) / (high - low)
            return (1 - smooth) * frequency / factor + smooth * frequency
        case .yarn(let numbers):
            let divided = numbers.dividedShare(index, width: width, base: base)
            return frequency / numbers.factor * divided + frequency * (1 - divided)
        }
    }
}

extension RotaryEmbedding.YaRN {
    /// The part of pair `index` that is divided: 0 for high frequencies, 1 for low ones.
    fileprivate func dividedShare(_ index: Int, width: Int, base: Double) -> Double {
        func pair(_ rotations: Double) -> Double {
            Double(width) * log(originalContext / (rotations * 2 * .pi)) / (2 * log(base))
        }
        var (low, high) = (pair(fastRotations), pair(slowRotations))
        if truncates { (low, high) = (low.rounded(.down), high.rounded(.up)) }
        (low, high) = (max(low, 0), min(high, Double(width - 1)))
        if low == high { high += 0.001 }
        return min(1, max(0, (Double(index) - low) / (high - low)))
    }
}
