internal import PlumbBasics
internal import PlumbData
public import PlumbLearning
public import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Training of a classifier, plain or against an attacker, by Adam on shuffled batches.
public struct RobustTraining: SettingGroup {
    @Setting("Passes over the training set.", 1...10_000) public var epochs = 60
    @Setting("Samples a step.", 1...65_536) public var batch = 64
    @Setting("Adam's learning rate.", 1e-6...1) public var learningRate = 1e-3

    /// Training with the reference settings.
    public init() {}

    /// What each step trains on.
    public enum Method: Sendable, Equatable {
        /// The samples as they are.
        case plain
        /// The samples with Gaussian noise of a standard deviation, within the bounds: the control of the others.
        case noise(Float)
        /// Adversarial examples of projected gradient ascent on the cross-entropy (Madry et al. 2017, arXiv:1706.06083).
        case adversarial(PerturbationSet, steps: Int, relativeStep: Double)
        /// The samples, and `β · KL(f(x) ‖ f(x′))` to examples that raise that divergence (TRADES; Zhang et al. 2019,
        /// arXiv:1901.08573).
        case trades(PerturbationSet, beta: Float, steps: Int, relativeStep: Double)
        /// Examples of a single step from a random start (fast adversarial training; Wong, Rice, Kolter 2020,
        /// arXiv:2001.03994).
        case fast(PerturbationSet, relativeStep: Double)
    }

    /// Trains a classifier.
    ///
    /// - Parameters:
    ///   - network: what training begins with.
    ///   - inputs: `[N, …]`.
    ///   - labels: their classes.
    ///   - method: what each step trains on.
    ///   - key: of batches, starts and noise.
    ///   - label: names the run in progress and checkpoints.
    ///   - session: where it reports to.
    /// - Throws: what `Fit.run` throws.
    public func train<Network: HookedModel<Tensor>>(
        _ network: Network, inputs: Tensor, labels: [Int], by method: Method, key: RandomKey,
        label: String = "training", in session: FitSession = .silent
    ) throws -> Network {
        let batches = Batches(count: labels.count, size: min(batch, labels.count), key: key["batches"])
        let fit = Fit(steps: epochs * batches.perEpoch)
        return try fit.run(network, optimizer: Adam(learningRate: learningRate), label: label, in: session) {
            model, step in
            let rows = batches.rows(step: step)
            let targets = rows.map { labels[$0] }
            return method.loss(model, inputs.gathered(rows), targets, key["steps"][step])
        }.model
    }
}

extension RobustTraining.Method {
    /// The loss of a batch.
    func loss(_ model: some HookedModel<Tensor>, _ x: Tensor, _ labels: [Int], _ key: RandomKey) -> Tensor {
        func logits(_ x: Tensor) -> Tensor {
            var idle = HookRunner.idle
            return model.forward(x, &idle)
        }
        // Nothing of how an example is found is differentiated.
        func found(_ search: @escaping (inout ModelQueries, Tensor) -> Tensor) -> Tensor {
            checkpointed(model, x) { model, x in
                var queries = ModelQueries(model)
                return search(&queries, x)
            }.detached()
        }
        let keys = (0..<labels.count).map { key[$0] }
        switch self {
        case .plain: return logits(x).crossEntropy(labels)
        case .noise(let deviation):
            return logits(Self.noisy(x, deviation, keys).clamped(to: 0...1)).crossEntropy(labels)
        case .adversarial(let set, let steps, let part):
            let start = set.randomPoints(around: x, keys: keys)
            let changed = found { queries, x in
                Self.ascend(&queries, x, from: start, set, steps, part) { logits in
                    AttackLoss.crossEntropy.values(logits, labels: labels, targets: nil).slopes
                }
            }
            return logits(changed).crossEntropy(labels)
        case .trades(let set, let beta, let steps, let part):
            let clean = logits(x)
            let right = clean.detached().softmax()
            let start = set.project(Self.noisy(x, 1e-3, keys), around: x)
            let changed = found { queries, x in
                Self.ascend(&queries, x, from: start, set, steps, part) { $0.softmax() - right }
            }
            return clean.crossEntropy(labels) + clean.klDivergence(to: logits(changed)) * beta
        case .fast(let set, let part):
            let start = set.randomPoints(around: x, keys: keys)
            let changed = found { queries, x in
                Self.ascend(&queries, x, from: start, set, 1, part) { logits in
                    AttackLoss.crossEntropy.values(logits, labels: labels, targets: nil).slopes
                }
            }
            return logits(changed).crossEntropy(labels)
        }
    }

    private static func noisy(_ x: Tensor, _ deviation: Float, _ keys: [RandomKey]) -> Tensor {
        x.mapRows { row, out, x, _, _ in
            var random = keys[row]["noise"].generator()
            let drawn = PerturbationSet.normals(x.count, &random)
            for index in x.indices { out[index] = x[index] + deviation * Float(drawn[index]) }
        }
    }

    /// Steps along the gradient of a function of the logits, within the set; none ends early.
    private static func ascend(
        _ queries: inout ModelQueries, _ x: Tensor, from start: Tensor, _ set: PerturbationSet, _ steps: Int,
        _ relativeStep: Double, _ slope: (Tensor) -> Tensor
    ) -> Tensor {
        var point = start
        for _ in 0..<steps {
            let found = queries.gradient(point) { logits, _ in slope(logits) }
            point = set.project(
                set.stepped(point, along: found.gradient, by: [set.radius * relativeStep]), around: x)
        }
        return point
    }
}
