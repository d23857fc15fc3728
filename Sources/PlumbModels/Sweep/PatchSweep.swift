internal import PlumbBasics
internal import PlumbTensor

/// Which run gives activations and which receives them (Heimersheim, Nanda 2024, arXiv:2404.15255).
public enum PatchDirection: String, Sendable, Codable, CaseIterable {
    /// Clean activations into the corrupted run: which of them suffice to restore the answer?
    case denoising
    /// Corrupted activations into the clean run: which of them are needed for the answer?
    case noising
}

/// How the positions of two prompts of different lengths answer each other.
public enum PatchAlignment: String, Sendable, Codable, CaseIterable {
    /// Position by position from the first: the prompts must have one length.
    case none
    /// The last position with the last, and so on backwards as far as the shorter prompt reaches.
    case end
}

/// One activation to patch: a site of a block, at one position or at all, of one head or of all.
public struct PatchCell: Hashable, Sendable {
    /// The place whose activation is moved from one run into the other.
    public let point: HookPoint
    /// The position, or nil for every position. It counts within the part that both prompts have: their whole length, or
    /// the length of the shorter one where their ends are aligned.
    public let position: Int?
    /// The head, or nil for every head.
    public let head: Int?

    /// A cell that is patched at `position` and of `head`; each is all of them unless it is given.
    ///
    /// - Precondition: a head is given only where the site has an axis of heads.
    public init(_ point: HookPoint, position: Int? = nil, head: Int? = nil) {
        require(head == nil || point.site.hasHeads, "\(point) has no axis of heads")
        self.point = point
        self.position = position
        self.head = head
    }
}

/// Two prompts, of one length unless their ends are aligned, and what their patched runs are judged by.
public struct PatchPair: Sendable {
    /// The tokens of the clean prompt.
    public let clean: [Int]
    /// The tokens of the corrupted prompt.
    public let corrupted: [Int]
    /// The number that patched runs are judged by, read from their logits.
    public let metric: PatchMetric

    /// Two prompts of tokens; ``PatchSweep/check(_:pairs:cells:)`` says whether they can be patched.
    public init(clean: [Int], corrupted: [Int], metric: PatchMetric) {
        self.clean = clean
        self.corrupted = corrupted
        self.metric = metric
    }

    /// The number of positions that both prompts have.
    public var alignedCount: Int { min(clean.count, corrupted.count) }
}

/// Activation patching over many cells at once: exact, as if each cell had a forward pass of its own
/// (Vig et al. 2020, arXiv:2004.12265; Meng et al. 2022, arXiv:2202.05262).
///
/// All patched runs make one forward pass and share one product per weight; a run starts at its patched layer and
/// position, against the keys and values of the run it departs from; a cell whose activation is the same in both runs
/// takes that run's value. Every value is bit for bit that of a forward pass with one patch.
public struct PatchSweep: Sendable {
    /// Clean into corrupted, or the other way.
    public var direction: PatchDirection
    /// Bytes that the runs of a pass may take, beside the weights. A smaller limit means more passes and the same bits.
    public var memoryLimit: Int
    /// Which positions of prompts of different lengths answer each other.
    public var alignment: PatchAlignment

    /// Denoising within 2 GiB, position by position from the first, unless said otherwise.
    public init(
        direction: PatchDirection = .denoising, memoryLimit: Int = 2 << 30, alignment: PatchAlignment = .none
    ) {
        self.direction = direction
        self.memoryLimit = memoryLimit
        self.alignment = alignment
    }

    /// The cells of one site: layer × position, or layer × head at all positions.
    public static func cells(
        _ site: Site, layers: Int, positions: Int, heads: Int? = nil
    ) -> [[PatchCell]] {
        (0..<layers).map { layer in
            heads.map { heads in (0..<heads).map { PatchCell(.block(layer, site), head: $0) } }
                ?? (0..<positions).map { PatchCell(.block(layer, site), position: $0) }
        }
    }

    /// The metric of every cell of every pair.
    ///
    /// - Parameters:
    ///   - model: the model that is patched.
    ///   - pairs: the prompts, and the metric of their runs; the results are in their order.
    ///   - cells: what to patch; the values of a result are in their order.
    ///   - progress: told the part of the work that is done, 0...1; may throw to end the sweep.
    /// - Throws: ``ModelError`` for prompts that the model cannot read or that differ in length without alignment, for
    ///   cells that the model does not have, and for a model whose logits are not numbers.
    public func run(
        _ model: HookedTransformer, pairs: [PatchPair], cells: [PatchCell],
        progress: (Double) throws -> Void = { _ in }
    ) throws -> [PatchSweepResult] {
        try check(model, pairs: pairs, cells: cells)
        var results: [PatchSweepResult] = []
        for group in groups(of: pairs, model, cells) {
            let runner = BatchedPatchRunner(model, pairs: group, direction: direction, cells: cells)
            let done = Double(results.count) / Double(pairs.count)
            let share = Double(group.count) / Double(pairs.count)
            results += try runner.run(memoryLimit: memoryLimit) { try progress(done + share * $0) }
        }
        return results
    }

    /// The metric of every cell of one pair.
    public func run(
        _ model: HookedTransformer, clean: [Int], corrupted: [Int], metric: PatchMetric, cells: [PatchCell],
        progress: (Double) throws -> Void = { _ in }
    ) throws -> PatchSweepResult {
        try run(
            model, pairs: [PatchPair(clean: clean, corrupted: corrupted, metric: metric)], cells: cells,
            progress: progress)[0]
    }

    /// Refuses pairs and cells that the model or the sweep cannot take.
    ///
    /// - Throws: ``ModelError`` saying what is wrong with them.
    public func check(_ model: HookedTransformer, pairs: [PatchPair], cells: [PatchCell]) throws {
        for pair in pairs {
            try model.check(pair.clean)
            try model.check(pair.corrupted)
            try validateLengths(pair, cells)
            if let bad = pair.metric.tokens.first(where: { $0 < 0 || $0 >= model.configuration.vocabulary }) {
                throw ModelError("token \(bad) of the metric is outside the vocabulary")
            }
            if let length = pair.metric.promptLength, length != pair.clean.count {
                throw ModelError(
                    "the \(pair.metric.name) is against \(length) tokens, but the prompts have \(pair.clean.count)")
            }
        }
        let points = Set(model.hookPoints)
        let shortest = pairs.map(\.alignedCount).min() ?? 0
        for cell in cells {
            guard points.contains(cell.point), cell.point != .logits else {
                let known = Site.insideBlock.filter { points.contains(.block(0, $0)) }.map(\.shortName)
                throw ModelError(
                    "\(model.name) has no hook point \(cell.point) to patch; its \(model.configuration.layers) blocks "
                        + "have \(known.joined(separator: ", "))")
            }
            guard cell.position.map({ $0 >= 0 && $0 < shortest }) ?? true else {
                throw ModelError("a prompt of \(shortest) tokens has no position \(cell.position ?? 0)")
            }
            let heads = model.heads(at: cell.point.site)
            guard cell.head.map({ $0 >= 0 && $0 < heads }) ?? true else {
                throw ModelError("\(cell.point) has \(heads) heads, no head \(cell.head ?? 0)")
            }
        }
    }

    private func validateLengths(_ pair: PatchPair, _ cells: [PatchCell]) throws {
        guard pair.clean.count != pair.corrupted.count else { return }
        let lengths = "the clean prompt has \(pair.clean.count) tokens, the corrupted one \(pair.corrupted.count)"
        guard alignment == .end else {
            throw ModelError(
                "patching by position needs prompts of one length, or their ends aligned: \(lengths)")
        }
        if let map = cells.first(where: { $0.point.site.isAttentionMap }) {
            throw ModelError(
                "\(map.point) has one column a position and cannot be moved between prompts of different lengths: "
                    + lengths)
        }
        if let turned = cells.first(where: { $0.point.site == .rotQ || $0.point.site == .rotK }) {
            throw ModelError(
                "\(turned.point) is turned by its position and cannot be moved to another one: patch q or k instead, which "
                    + "turn afterwards (\(lengths))")
        }
        guard pair.metric.positions == .last else {
            throw ModelError(
                "the metric \(pair.metric.name) reads all positions and needs prompts of one length: \(lengths)")
        }
    }

    /// Pairs whose recorded runs together fit half the memory limit.
    private func groups(of pairs: [PatchPair], _ model: HookedTransformer, _ cells: [PatchCell]) -> [[PatchPair]] {
        let sites = Set(cells.map(\.point.site)).count + 1
        let rowBytes = model.configuration.layers * model.configuration.width * 4 * sites * 2
        var groups: [[PatchPair]] = []
        var rows = 0
        for pair in pairs {
            rows += max(pair.clean.count, pair.corrupted.count)
            if groups.isEmpty || rows * rowBytes > memoryLimit / 2 {
                groups.append([])
                rows = max(pair.clean.count, pair.corrupted.count)
            }
            groups[groups.count - 1].append(pair)
        }
        return groups
    }
}

/// What a sweep found for one pair.
public struct PatchSweepResult: Sendable {
    /// The metric of the unpatched run on the clean prompt.
    public let clean: Double
    /// The metric of the unpatched run on the corrupted prompt.
    public let corrupted: Double
    /// The metric of each cell's patched run, in the order the cells were given.
    public let values: [Double]
    /// Cells whose run was computed; the others took the unpatched run's value, being no change to it.
    public let computedCells: Int
    /// Rows times blocks that the sweep computed for this pair's group, its two unpatched runs included.
    public let rowBlocks: Int
}
