internal import Foundation
internal import PlumbBasics
public import PlumbModels
internal import PlumbNN
public import PlumbTensor

/// Causal tracing: noise on the embeddings of a subject makes the answer improbable; which clean activations bring it
/// back? (Meng, Bau, Andonian, Belinkov 2022, *Locating and Editing Factual Associations in GPT*, arXiv:2202.05262.)
///
/// All noisy runs of all cells share forward passes. Positions before the subject are not traced: noise does not reach
/// them, so that restoring them changes nothing.
public struct CausalTracing: Sendable, Equatable {
    /// What is restored: the stream after a block, what its MLP writes, or what its attention writes.
    public var site: Site
    /// How many neighboring layers are restored together, as far as there are that many.
    public var window: Int
    /// Draws of the noise, over which probabilities are averaged.
    public var samples: Int
    /// The noise's standard deviation in standard deviations of embeddings.
    public var noise: Double
    /// The most rows of a pass, which bounds its memory.
    public var rowLimit: Int

    /// The paper's noise of 3 standard deviations in 10 draws, restoring one layer's stream or 10 layers' MLPs or
    /// attention.
    public init(
        _ site: Site = .residPost, window: Int? = nil, samples: Int = 10, noise: Double = 3, rowLimit: Int = 1024
    ) {
        self.site = site
        self.window = window ?? (site == .residPost ? 1 : 10)
        (self.samples, self.noise, self.rowLimit) = (samples, noise, rowLimit)
    }

    /// What was found for a prompt.
    public struct Trace: Sendable, Equatable {
        /// The answer's probability in the clean run.
        public let clean: Double
        /// Its mean probability in the noisy runs.
        public let corrupted: Double
        /// Its mean probability in noisy runs in which a position's activations are clean in a window around a layer,
        /// by layer and position.
        public let restored: [[Double]]

        /// The indirect effects, ``restored`` less ``corrupted``.
        public var effects: [[Double]] { restored.map { $0.map { $0 - corrupted } } }
    }

    /// The standard deviation of the numbers of the tokens' embeddings, over all tokens and features.
    ///
    /// - Precondition: the model can read the texts, and there is one.
    public static func deviation(of model: HookedTransformer, over texts: [[Int]]) -> Double {
        let numbers = texts.flatMap { text -> [Float] in
            guard let rows = model.run(text, recording: .only(.embed)).cache[.embed] else {
                unmet("\(model.name) shows \(HookPoint.embed)")
            }
            return rows.elements
        }
        return Statistics.centered(numbers.map(Double.init)).deviation
    }

    /// The answer's probability with each position restored around each layer.
    ///
    /// - Parameters:
    ///   - tokens: the prompt, T of them.
    ///   - subject: the positions whose embeddings get noise.
    ///   - answer: the token whose probability after the prompt is followed.
    ///   - deviation: of embeddings; by default of those of the subject (``deviation(of:over:)`` gives it over more
    ///     texts).
    ///   - key: of the noise.
    ///   - progress: told the part of the work that is done, 0...1; may throw to end it.
    /// - Throws: `ModelError` for a prompt that the model cannot read, a subject outside it, a token outside the
    ///   vocabulary, a site that is not traced, and settings that trace nothing; whatever `progress` throws.
    public func run(
        _ model: HookedTransformer, tokens: [Int], subject: Range<Int>, answer: Int, deviation: Double? = nil,
        key: RandomKey, progress: (Double) throws -> Void = { _ in }
    ) throws -> Trace {
        try check(model, tokens, subject, answer, [])
        let layers = model.configuration.layers
        let positions = subject.lowerBound..<tokens.count
        let cells = (0..<layers).flatMap { layer in
            let first = max(0, layer - window / 2)
            let last = min(layers, layer - window / 2 + window)
            return positions.map { position in
                (first..<max(first, last)).map { PatchCell(.block($0, site), position: position) }
            }
        }
        let found = try probabilities(
            model, tokens: tokens, subject: subject, answer: answer, deviation: deviation, restoring: [[]] + cells,
            key: key, progress: progress)
        let corrupted = found[0]
        let restored = (0..<layers).map { layer in
            let row = found[(1 + layer * positions.count)...].prefix(positions.count)
            return [Double](repeating: corrupted, count: positions.lowerBound) + row
        }
        let clean = exp(Double(model.nextTokenLogProbabilities(tokens).elements[answer]))
        return Trace(clean: clean, corrupted: corrupted, restored: restored)
    }

    /// The answer's mean probability in noisy runs, for each set of activations that are restored together.
    ///
    /// - Parameter sets: positions of hook points; an empty set restores nothing. A cell without position is all of
    ///   them.
    /// - Throws: as ``run(_:tokens:subject:answer:deviation:key:progress:)`` does.
    public func probabilities(
        _ model: HookedTransformer, tokens: [Int], subject: Range<Int>, answer: Int, deviation: Double? = nil,
        restoring sets: [[PatchCell]], key: RandomKey, progress: (Double) throws -> Void = { _ in }
    ) throws -> [Double] {
        try check(model, tokens, subject, answer, sets)
        let points = Set(sets.joined().map(\.point))
        let clean = model.run(tokens, recording: .points(points)).cache
        let scale = noise * (deviation ?? Self.deviation(of: model, over: [Array(tokens[subject])]))
        let width = model.configuration.width
        let noises = Tensor.normal([samples, tokens.count * width], standardDeviation: scale, key: key)
        let kept = Tensor(
            (0..<tokens.count * width).map { subject.contains($0 / width) ? 1 : 0 }, shape: [1, tokens.count * width])
        let noise = (noises * kept).reshaped([samples, tokens.count, width])
        let runs = sets.indices.flatMap { set in (0..<samples).map { (set, $0) } }
        var sums = [Double](repeating: 0, count: sets.count)
        let size = max(1, rowLimit / tokens.count)
        for first in stride(from: 0, to: runs.count, by: size) {
            try progress(Double(first) / Double(runs.count))
            let chunk = Array(runs[first..<min(first + size, runs.count)])
            let changes = [noising(noise.gathered(chunk.map { $0.1 }))] + restoring(chunk.map { sets[$0.0] }, clean)
            let logits = model.run(batch: [[Int]](repeating: tokens, count: chunk.count), with: changes).output
            try model.requireNumbers(logits)
            for (row, run) in chunk.enumerated() {
                sums[run.0] += Double(logits[row][tokens.count - 1].softmax().elements[answer])
            }
        }
        return sums.map { $0 / Double(samples) }
    }

    private func noising(_ noise: Tensor) -> Intervention { Intervention("noise", at: .embed) { $0 + noise } }

    /// The changes that give each run its clean activations.
    private func restoring(_ sets: [[PatchCell]], _ clean: ActivationCache) -> [Intervention] {
        Set(sets.joined().map(\.point)).map { point in
            guard let source = clean[point] else { unmet("\(point) was not recorded") }
            let rows = source.reshaped([source.shape[0], -1])
            let places = sets.enumerated().flatMap { run, cells in
                cells.filter { $0.point == point }.flatMap { cell in
                    (cell.position.map { [$0] } ?? Array(0..<rows.shape[0])).map { (run, $0) }
                }
            }
            return Intervention("restore", at: point) { value in
                var restored = value.reshaped([-1, rows.shape[1]])
                for (run, position) in places {
                    restored.replaceElements(
                        0..<rows.shape[1], ofRow: run * rows.shape[0] + position, from: rows, row: position)
                }
                return restored.reshaped(value.shape)
            }
        }
    }

    private func check(
        _ model: HookedTransformer, _ tokens: [Int], _ subject: Range<Int>, _ answer: Int, _ sets: [[PatchCell]]
    ) throws {
        try model.check(tokens)
        guard !subject.isEmpty, subject.lowerBound >= 0, subject.upperBound <= tokens.count else {
            throw ModelError(
                "the subject's positions \(subject) are not in the prompt, whose positions are 0 to \(tokens.count - 1)"
            )
        }
        guard (0..<model.configuration.vocabulary).contains(answer) else {
            throw ModelError("token \(answer) is outside the vocabulary of \(model.configuration.vocabulary)")
        }
        guard [.residPost, .mlpOut, .attnOut, .residPre, .residMid].contains(site) else {
            throw ModelError(
                "causal tracing restores resid_pre, resid_mid, resid_post, mlp_out or attn_out, not \(site.shortName)")
        }
        guard samples >= 1, window >= 1, noise > 0 else {
            throw ModelError(
                "causal tracing needs samples, a window and noise above 0, got \(samples), \(window) and \(noise)")
        }
        let (length, known) = (tokens.count, Set(model.hookPoints))
        for cell in sets.joined() {
            guard known.contains(cell.point), cell.head == nil, cell.position.map({ (0..<length).contains($0) }) ?? true
            else {
                throw ModelError(
                    "\(model.name) cannot restore \(cell.point) at position \(cell.position ?? 0) of \(length)")
            }
        }
    }
}
