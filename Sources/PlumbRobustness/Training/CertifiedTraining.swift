internal import PlumbBasics
public import PlumbData
public import PlumbLearning
public import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Trains classifiers whose robustness is then certified, and those they are compared with.
///
/// Training on intervals (Gowal et al. 2018, arXiv:1810.12715) makes bounds tight at the cost of clean accuracy: it should
/// work because the network learns weights through which intervals grow little. It fails where the box grows before the
/// network can follow, so the radius rises slowly.
public struct CertifiedTraining: SettingGroup {
    @Setting("Passes over the training set.", 1...10_000) public var epochs = 60
    @Setting("Samples a step.", 1...65_536) public var batch = 64
    @Setting("Adam's learning rate.", 1e-6...1) public var learningRate = 1e-3
    @Setting("Adam's learning rate on intervals.", 1e-6...1) public var intervalRate = 3e-3

    /// Training with the reference settings.
    public init() {}

    /// What a network is trained on.
    public enum Objective: Sendable, Equatable {
        /// The samples.
        case plain
        /// The samples with Gaussian noise of a standard deviation.
        case noise(Float)
        /// The worst point found within an L∞ radius by projected gradient steps (Madry et al. 2017, arXiv:1706.06083).
        case adversarial(radius: Float, steps: Int)
        /// The worst logits that interval bounds allow within an L∞ radius.
        case intervals(radius: Float)
    }

    /// Trains a classifier on images from 0 to 1.
    ///
    /// - Parameters:
    ///   - network: what training begins with.
    ///   - data: the images.
    ///   - objective: what the network is trained on.
    ///   - key: of batches, noise and starts.
    ///   - label: names the training in progress and checkpoints.
    ///   - session: where it reports to.
    /// - Throws: what `Fit.run` throws.
    public func train(
        _ network: NetworkGraph, _ data: LabeledImages, _ objective: Objective, key: RandomKey,
        label: String = "training", in session: FitSession = .silent
    ) throws -> NetworkGraph {
        let batches = Batches(count: data.count, size: min(batch, data.count), key: key["batches"])
        let images = data.vectors
        var fit = Fit(steps: epochs * batches.perEpoch)
        var rate = learningRate
        if case .intervals = objective {
            rate = intervalRate
            fit.clipNorm = 8
            fit.divergenceFactor = 1e6
        }
        // The last part settles at smaller steps.
        fit.schedule = .linear(warmup: 0, total: fit.steps, floor: 0.05)
        if case .plain = objective { fit.schedule = .constant }
        let steps = fit.steps
        return try fit.run(network, optimizer: Adam(learningRate: rate), label: label, in: session) {
            model, step in
            let rows = batches.rows(step: step)
            return objective.loss(
                model, images.gathered(rows), rows.map { data.labels[$0] }, Double(step) / Double(max(1, steps)),
                key["steps"][step])
        }.model
    }
}

extension CertifiedTraining.Objective {
    /// The loss of a batch, `progress` of the way through training.
    func loss(_ model: NetworkGraph, _ x: Tensor, _ labels: [Int], _ progress: Double, _ key: RandomKey) -> Tensor {
        switch self {
        case .plain: return model(x).crossEntropy(labels)
        case .noise(let deviation): return model(x + .normal(x.shape, key: key) * deviation).crossEntropy(labels)
        case .adversarial(let radius, let steps):
            // Nothing of how the point is found is differentiated.
            let worst = checkpointed(model, x) { model, x in
                Self.ascended(model, x, labels, radius, steps, key)
            }.detached()
            return model(worst).crossEntropy(labels)
        case .intervals(let radius):
            // The radius rises from a tenth to six tenths of the way; the samples count less and less meanwhile.
            let rise = min(1, max(0, (progress - 0.1) / 0.5))
            let size = radius * Float(rise)
            let (lower, upper) = ((x - size).clamped(to: 0...1), (x + size).clamped(to: 0...1))
            let worst = IntervalLoss.worstLogits(model, lower, upper, labels).crossEntropy(labels)
            let share = Float(1 - rise)
            return share == 0 ? worst : worst * (1 - share) + model(x).crossEntropy(labels) * share
        }
    }

    private static func ascended(
        _ model: NetworkGraph, _ x: Tensor, _ labels: [Int], _ radius: Float, _ steps: Int, _ key: RandomKey
    ) -> Tensor {
        let box = Interval(around: x, radius: Double(radius), within: 0...1)
        var random = key["start"].generator()
        let start = Tensor(shape: x.shape) { y in for i in y.indices { y[i] = Float(random.uniform()) * 2 - 1 } }
        func inside(_ point: Tensor) -> Tensor { .minimum(.maximum(point, box.lower), box.upper) }
        var point = inside(x + start * radius)
        let size = 2.5 * radius / Float(max(1, steps))
        for _ in 0..<steps {
            let gradient = valueWithPullback(at: point) { model($0).crossEntropy(labels) }.gradient
            let signs = Tensor(shape: point.shape) { y in
                gradient.withUnsafeElements { g in for i in g.indices { y[i] = g[i] > 0 ? size : g[i] < 0 ? -size : 0 }
                }
            }
            point = inside(point + signs)
        }
        return point
    }
}
