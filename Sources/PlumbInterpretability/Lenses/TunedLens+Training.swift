internal import PlumbBasics
public import PlumbLearning
public import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// How a tuned lens is trained.
public struct TunedLensTraining: SettingGroup {
    @Setting("Steps of each layer's map.", 1...1_000_000) public var steps = 200
    @Setting("Positions of a step.", 1...65_536) public var rows = 64
    @Setting("Learning rate of Adam.", 1e-9...10) public var learningRate = 1e-3
    @Setting("The part of the positions that is held out, to tell whether a map helps.", 0.01...0.5)
    public var heldOut = 0.1

    /// Sizes for which a model of 135 million parameters takes about half an hour.
    public init() {}
}

extension TunedLens {
    /// Trains a lens on texts: each layer's map lowers `KL(model ‖ lens)` of the next token, by Adam at a rate that falls to
    /// 0, on positions drawn by `key`. The model stays as it is.
    ///
    /// Where a map does not lower the divergence on positions that were held out, it stays the identity: in no layer is a
    /// trained lens worse there than the logit lens.
    ///
    /// - Parameters:
    ///   - model: the model, of L layers and width D.
    ///   - texts: what it reads; their residual streams are kept in memory, `4 (L + 1) D` bytes a token.
    ///   - training: steps and rates.
    ///   - key: of the positions.
    ///   - session: where training reports to.
    /// - Throws: `ModelError` for texts that the model cannot read, or of too few tokens; `FitError` where a loss is not a
    ///   number.
    public static func trained(
        _ model: HookedTransformer, on texts: [[Int]], _ training: TunedLensTraining = TunedLensTraining(),
        key: RandomKey, in session: FitSession = .silent
    ) throws -> TunedLens {
        for text in texts { try model.check(text) }
        let count = texts.reduce(0) { $0 + $1.count }
        let held = Int((Double(count) * training.heldOut).rounded(.up))
        guard held > 0, count - held > 0 else {
            throw ModelError("a tuned lens is trained on at least two tokens, the texts have \(count)")
        }
        let streams = streams(model, texts)
        var generator = key["held out"].generator()
        let order = Array(0..<count).shuffled(using: &generator)
        let (judged, learned) = (Array(order.prefix(held)), Array(order.dropFirst(held)))
        var lens = TunedLens(layers: model.configuration.layers, width: model.configuration.width)
        func loss(_ map: Map, _ layer: Int, _ rows: [Int]) -> Tensor {
            let said = model.logits(ofResidual: streams[streams.count - 1].gathered(rows))
            return said.klDivergence(to: model.logits(ofResidual: map(streams[layer].gathered(rows))))
        }
        var fit = Fit(steps: training.steps)
        fit.schedule = .linear(warmup: 0, total: training.steps, floor: 0)
        for layer in lens.maps.indices {
            let key = key["layer"][layer]
            let trained = try fit.run(
                lens.maps[layer], optimizer: Adam(learningRate: training.learningRate), label: "layer \(layer)",
                in: session
            ) { map, step in
                var generator = key[step].generator()
                return loss(map, layer, (0..<training.rows).map { _ in learned[generator.index(below: learned.count)] })
            }.model
            if heldOutLoss(trained, layer, judged, loss) < heldOutLoss(lens.maps[layer], layer, judged, loss) {
                lens.maps[layer] = trained
            }
        }
        return lens
    }

    /// The mean loss over positions too many for one pass.
    private static func heldOutLoss(
        _ map: Map, _ layer: Int, _ rows: [Int], _ loss: (Map, Int, [Int]) -> Tensor
    ) -> Double {
        var sum = 0.0
        for first in stride(from: 0, to: rows.count, by: 256) {
            let part = Array(rows[first..<min(first + 256, rows.count)])
            sum += Double(loss(map, layer, part).item) * Double(part.count)
        }
        return sum / Double(rows.count)
    }

    /// The streams that a lens reads at all positions of all texts, a tensor `[N, D]` a place.
    private static func streams(_ model: HookedTransformer, _ texts: [[Int]]) -> [Tensor] {
        let points = model.lensPoints
        var parts = [[Tensor]](repeating: [], count: points.count)
        for text in texts {
            let cache = model.run(text, recording: .points(Set(points))).cache
            for (place, point) in points.enumerated() {
                guard let stream = cache[point] else { unmet("\(model.name) shows \(point)") }
                parts[place].append(stream)
            }
        }
        return parts.map { Tensor.concatenated($0) }
    }
}
