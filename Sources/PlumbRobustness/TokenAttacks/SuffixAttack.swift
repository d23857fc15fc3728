internal import PlumbBasics
public import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor
public import PlumbTokenizers

/// A search for a suffix after which a language model's most probable answer begins with a target: greedy coordinate
/// gradients (GCG: Zou, Wang, Carlini, Nasr, Kolter, Fredrikson 2023, arXiv:2307.15043), beside random substitution.
///
/// The loss is the mean cross-entropy of the target's tokens, and of several prompts its mean. A step replaces one token of
/// the suffix in each of many candidates, which share forward passes and the keys and values of what they have in common.
/// Then the replacements of the best two candidates are made together, of the best three, and so on (Jia, Pang, Du, Huang,
/// Gu, Liu, Cao, Lin, "Improved Techniques for Optimization-Based Jailbreaking on Large Language Models" 2024,
/// arXiv:2405.21018).
/// Suffixes are printable ASCII, and their text is cut into the same tokens again.
public struct SuffixAttack: SettingGroup {
    @Setting("Tokens of a suffix.", 1...1000) public var suffixTokens = 20
    @Setting("Suffixes that a step evaluates, at most.", 1...100_000) public var candidates = 64
    @Setting("Tokens for each place among which candidates are drawn, by the gradient.", 1...1_000_000)
    public var top = 256
    @Setting("Best candidates of a step whose replacements are also tried together; 1 for none.", 1...1000)
    public var combined = 8
    @Setting("Suffixes evaluated for a target before the search gives up.", 1...1_000_000_000)
    public var budget = 2500

    /// An attack with fewer candidates a step than the paper's 512, and a small budget.
    public init() {}

    /// How candidates are chosen, and which are kept.
    public enum Method: String, Sendable, Codable, CaseIterable {
        /// The replacing token is one of those that the gradient prefers; the best candidate is kept even where it is worse.
        case gradient
        /// The replacing token is any; the best candidate is kept where it is better.
        case random
    }

    /// How far a search has come.
    public struct Point: Sendable, Codable, Equatable {
        /// Suffixes evaluated so far.
        public let evaluations: Int
        /// The least loss of them, in nats a token.
        public let loss: Double
    }

    /// What a search gives.
    public struct Result: Sendable, Codable, Equatable {
        /// The suffix that makes every answer begin with its target; where none was found, the one of the least loss.
        public let suffix: [Int]
        /// Whether one was found.
        public let isFound: Bool
        /// After the first suffix and after each step.
        public let curve: [Point]
        /// Candidates that were dropped because their text is cut into other tokens.
        public let dropped: Int

        /// Suffixes that were evaluated.
        public var evaluations: Int { curve.last?.evaluations ?? 0 }
        /// The least loss, in nats a token.
        public var loss: Double { curve.last?.loss ?? .nan }

        /// The least loss of the first so many evaluations.
        public func loss(after evaluations: Int) -> Double {
            curve.last { $0.evaluations <= evaluations }?.loss ?? curve.first?.loss ?? .nan
        }
    }

    /// The tokens of which a suffix may be made: of printable ASCII characters alone, and none that is special.
    public static func printableTokens(_ tokenizer: Tokenizer) -> [Int] {
        (0..<tokenizer.vocabularySize).filter { token in
            let bytes = tokenizer.isSpecial(token) ? [] : tokenizer.bytes(of: token)
            return !bytes.isEmpty && bytes.allSatisfy { (0x20...0x7E).contains($0) }
        }
    }

    /// The suffix that searches begin with: one letter again and again.
    ///
    /// - Throws: ``AttackError`` for a model without a tokenizer, or one that cuts it into other tokens after a prompt.
    public func start(_ prompts: [SuffixPrompt], _ model: HookedTransformer) throws -> [Int] {
        guard let tokenizer = model.tokenizer else {
            throw AttackError("\(model.name) has no tokenizer: a suffix is made for a model that reads text")
        }
        for text in [" x", " !", "x", "!"] {
            let pieces = tokenizer.encode(text, addSpecialTokens: false)
            let suffix = Array(repeating: pieces, count: suffixTokens).flatMap { $0 }
            if pieces.count == 1, prompts.allSatisfy({ $0.isStable(suffix, tokenizer) }) { return suffix }
        }
        throw AttackError(
            "no suffix of \(suffixTokens) equal tokens is cut into the same tokens again by the tokenizer of "
                + "\(model.name)")
    }

    /// Searches for a suffix.
    ///
    /// In bfloat16 losses are those of that arithmetic, and a suffix is found where it works in float32 too.
    ///
    /// - Parameters:
    ///   - prompts: all of which the suffix should work for: one, or several for a universal suffix.
    ///   - limit: suffixes evaluated before the search gives up; by default ``budget``.
    ///   - key: of candidates.
    ///   - checkpoint: called before each pass.
    /// - Throws: ``AttackError`` as ``start(_:_:)`` does, and for no prompts; `ModelError` for prompts that the model cannot
    ///   read; what `checkpoint` throws.
    public func run(
        _ method: Method, on prompts: [SuffixPrompt], against model: HookedTransformer, limit: Int? = nil,
        key: RandomKey, checkpoint: (Double) throws -> Void = { _ in }
    ) throws -> Result {
        guard !prompts.isEmpty, let tokenizer = model.tokenizer else {
            throw AttackError("an attack needs at least one prompt and a model with a tokenizer")
        }
        let (limit, allowed) = (limit ?? budget, Self.printableTokens(tokenizer))
        let embeddings = method == .gradient ? model.embeddingWeights() : nil
        var random = key.generator()
        var current = try start(prompts, model)
        let first = try losses([current], of: prompts, sharing: current, model) { try checkpoint(0) }[0]
        var (best, bestLoss, currentLoss) = (current, first.loss, first.loss)
        var (curve, dropped, failures) = ([Point(evaluations: 1, loss: first.loss)], 0, 0)
        var isFound = first.isFound
        while !isFound, let evaluations = curve.last?.evaluations, evaluations < limit, failures < 10 {
            let preferences = try embeddings.map {
                TokenPreferences(
                    gradient: try gradient(current, prompts, model), embeddings: $0, allowed: allowed, top: top)
            }
            let drafts = drafts(current, preferences, allowed, min(candidates, limit - evaluations), &random)
            var suffixes = drafts.filter { draft in prompts.allSatisfy { $0.isStable(draft, tokenizer) } }
            dropped += drafts.count - suffixes.count
            failures = suffixes.isEmpty ? failures + 1 : 0
            guard !suffixes.isEmpty else { continue }
            let report = { try checkpoint(Double(evaluations) / Double(limit)) }
            var found = try losses(suffixes, of: prompts, sharing: current, model, checkpoint: report)
            let joint = combinations(of: suffixes, ordered(found), of: current).filter { draft in
                prompts.allSatisfy { $0.isStable(draft, tokenizer) }
            }.prefix(limit - evaluations - suffixes.count)
            if !joint.isEmpty {
                found += try losses(Array(joint), of: prompts, sharing: current, model, checkpoint: report)
                suffixes += joint
            }
            let next = ordered(found)[0]
            isFound = try found[next].isFound && isConfirmed(suffixes[next], prompts, model)
            if isFound || found[next].loss < bestLoss { (best, bestLoss) = (suffixes[next], found[next].loss) }
            if method == .gradient || found[next].loss < currentLoss {
                (current, currentLoss) = (suffixes[next], found[next].loss)
            }
            curve.append(Point(evaluations: evaluations + suffixes.count, loss: bestLoss))
        }
        return Result(suffix: best, isFound: isFound, curve: curve, dropped: dropped)
    }

    /// Whether a suffix that a model finds in less exact arithmetic works in float32 too.
    private func isConfirmed(_ suffix: [Int], _ prompts: [SuffixPrompt], _ model: HookedTransformer) throws -> Bool {
        guard model.arithmetic != .float32 else { return true }
        var exact = model
        exact.arithmetic = .float32
        return try losses([suffix], of: prompts, sharing: suffix, exact)[0].isFound
    }

    /// Different suffixes that differ from the current one in one token each; fewer than `count` where draws repeat.
    private func drafts(
        _ current: [Int], _ preferences: TokenPreferences?, _ allowed: [Int], _ count: Int,
        _ random: inout RandomKey.Generator
    ) -> [[Int]] {
        var seen: Set<[Int]> = [current]
        var drafts: [[Int]] = []
        for _ in 0..<count {
            var draft = current
            let (place, token) =
                preferences?.draw(&random)
                ?? (random.index(below: current.count), allowed[random.index(below: allowed.count)])
            draft[place] = token
            if seen.insert(draft).inserted { drafts.append(draft) }
        }
        return drafts
    }

    /// The places of losses, those of found suffixes first, then the least loss.
    private func ordered(_ losses: [(loss: Double, isFound: Bool)]) -> [Int] {
        losses.indices.sorted {
            (losses[$0].isFound ? 0 : 1, losses[$0].loss, $0) < (losses[$1].isFound ? 0 : 1, losses[$1].loss, $1)
        }
    }

    /// The replacements of the best two candidates made together, of the best three, and so on; at one place the better
    /// candidate's.
    private func combinations(of suffixes: [[Int]], _ order: [Int], of current: [Int]) -> [[Int]] {
        var (joint, results) = (suffixes[order[0]], [[Int]]())
        for candidate in order.dropFirst().prefix(combined - 1) {
            let before = joint
            for place in current.indices where joint[place] == current[place] {
                joint[place] = suffixes[candidate][place]
            }
            if joint != before { results.append(joint) }
        }
        return results
    }

    /// The loss of each suffix, the mean over prompts, and whether it makes every answer begin with its target.
    ///
    /// - Parameter current: the suffix that they differ from in few places.
    /// - Throws: `ModelError` for what the model cannot read; what `checkpoint` throws.
    public func losses(
        _ suffixes: [[Int]], of prompts: [SuffixPrompt], sharing current: [Int], _ model: HookedTransformer,
        checkpoint: () throws -> Void = {}
    ) throws -> [(loss: Double, isFound: Bool)] {
        var totals = suffixes.map { _ in (loss: 0.0, isFound: true) }
        for prompt in prompts {
            let found = try model.targetLosses(
                of: suffixes.map(prompt.tokens), target: prompt.target, sharing: prompt.tokens(current),
                checkpoint: checkpoint)
            for (index, target) in found.enumerated() {
                totals[index].loss += target.loss / Double(prompts.count)
                totals[index].isFound = totals[index].isFound && target.isGreedy
            }
        }
        return totals
    }

    /// The gradient of the loss at the embedding of each token of a suffix, the mean over prompts.
    ///
    /// - Shapes: result `[S, D]`.
    /// - Throws: `ModelError` for what the model cannot read.
    public func gradient(_ suffix: [Int], _ prompts: [SuffixPrompt], _ model: HookedTransformer) throws -> Tensor {
        var sum = Tensor.zeros([suffix.count, model.configuration.width])
        for prompt in prompts {
            let tokens = prompt.tokens(suffix) + prompt.target.dropLast()
            let first = prompt.tokens(suffix).count - 1
            let run = try model.gradients(tokens, recording: .only(.embed)) { logits in
                logits[first..<first + prompt.target.count].crossEntropy(prompt.target)
            }
            guard let gradient = run.gradients[.embed] else { unmet("the model hands its embeddings to the hooks") }
            sum = sum + gradient[prompt.before.count..<prompt.before.count + suffix.count]
        }
        return sum / Float(prompts.count)
    }
}
