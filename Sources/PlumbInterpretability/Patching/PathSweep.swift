internal import PlumbBasics
public import PlumbModels
internal import PlumbTensor

/// Path patching through chosen receivers: how much of what senders write in the source run reaches the output by way
/// of some readers (Wang et al. 2022, arXiv:2211.00593; Goldowsky-Dill et al. 2023, arXiv:2304.05969).
///
/// A first pass gives what each receiver computes where one sender alone has its source run's value; a second one is
/// the base run with all receivers at those values, everything after them computed anew. The runs of many senders share
/// both passes. Keys and values that several query heads share are one receiver. From one writer to one reader,
/// `EdgeSweep` gives the same numbers with less work.
public struct PathSweep: Sendable {
    /// What a sender's change goes through on its way to a receiver.
    public enum Way: String, Sendable, Codable, CaseIterable {
        /// The residual stream alone: heads and MLPs in between write what they wrote in the base run.
        case direct
        /// Also MLPs, which are computed anew; heads in between write what they wrote in the base run (Wang et al.
        /// 2022).
        case throughMLPs
    }

    /// Clean into corrupted, or the other way.
    public var direction: PatchDirection
    /// What a sender's change goes through on its way.
    public var way: Way
    /// Bytes that the runs of a pass may take, beside the weights. A smaller limit means more passes and the same bits.
    public var memoryLimit: Int

    /// Denoising along direct ways within 1 GiB, unless said otherwise.
    public init(direction: PatchDirection = .denoising, way: Way = .direct, memoryLimit: Int = 1 << 30) {
        (self.direction, self.way, self.memoryLimit) = (direction, way, memoryLimit)
    }

    /// What was found, in the order of the senders.
    public struct Result: Sendable, Equatable {
        /// The metric of the unpatched run on the clean prompt.
        public let clean: Double
        /// The metric of the unpatched run on the corrupted prompt.
        public let corrupted: Double
        /// The metric of each sender's patched run.
        public let values: [Double]
        /// Forward passes over a prompt that the sweep made for the senders.
        public let forwards: Int
    }

    /// The metric of each sender's patched run.
    ///
    /// - Parameters:
    ///   - model: the model that is patched.
    ///   - pair: the prompts, and the metric of their runs, which must have a differentiable form.
    ///   - senders: what writes.
    ///   - receivers: what reads, all of them at once. The logits as a receiver get a sender's change beside what the
    ///     other receivers cause.
    ///   - progress: told the part of the work that is done, 0...1; may throw to end the sweep.
    /// - Throws: `ModelError` for what `EdgeSweep` refuses, equal prompts, no receivers, and a sender that comes before
    ///   none of them: nothing would be patched; whatever `progress` throws.
    public func run(
        _ model: HookedTransformer, pair: PatchPair, senders: [EdgeGraph.Writer], receivers: Set<EdgeGraph.Reader>,
        progress: (Double) throws -> Void = { _ in }
    ) throws -> Result {
        let graph = EdgeGraph(model.configuration)
        try check(model, pair, graph, senders, receivers)
        let runs = try PathRuns(model, pair: pair, sweep: self, graph: graph, receivers: receivers)
        var values: [Double] = []
        let size = max(1, memoryLimit / max(1, runs.bytesPerSender))
        while values.count < senders.count {
            try progress(Double(values.count) / Double(senders.count))
            values += try runs.values(Array(senders[values.count...].prefix(size)))
        }
        let (clean, corrupted) =
            direction == .denoising ? (runs.sourceValue, runs.baseValue) : (runs.baseValue, runs.sourceValue)
        return Result(clean: clean, corrupted: corrupted, values: values, forwards: 2 * senders.count)
    }

    private func check(
        _ model: HookedTransformer, _ pair: PatchPair, _ graph: EdgeGraph, _ senders: [EdgeGraph.Writer],
        _ receivers: Set<EdgeGraph.Reader>
    ) throws {
        guard !receivers.isEmpty else { throw ModelError("paths need at least one receiver") }
        if let odd = receivers.first(where: { !graph.readers.contains($0) }) {
            throw ModelError("\(model.name) has no reader \(odd)")
        }
        for sender in senders {
            guard receivers.contains(where: { graph.contains(.init(from: sender, to: $0)) }) else {
                throw ModelError("\(sender) comes before none of the receivers: no path would be patched")
            }
        }
        guard !model.hasParallelBlocks, model.addsHeadsToStream else {
            throw ModelError(
                "paths follow what heads add to the stream and on from attention to MLP; the blocks of \(model.name) "
                    + "are parallel or normalize what they write")
        }
        try PatchSweep(direction: direction).check(model, pairs: [pair], cells: [])
        guard pair.clean.count == pair.corrupted.count else {
            throw ModelError(
                "paths are patched between prompts of one length: the clean prompt has \(pair.clean.count) tokens, the "
                    + "corrupted one \(pair.corrupted.count)")
        }
        guard pair.clean != pair.corrupted else {
            throw ModelError("the clean and the corrupted prompt are the same: nothing can be patched")
        }
    }
}

/// The two unpatched runs of a pair, and the passes that patch paths between them.
private struct PathRuns {
    private let model: HookedTransformer
    private let way: PathSweep.Way
    private let graph: EdgeGraph
    private let receivers: [EdgeGraph.Reader]
    private let prompt: [Int]
    private let base: ActivationCache
    private let source: ActivationCache
    private let metric: @Sendable (Tensor) -> Tensor
    let baseValue: Double
    let sourceValue: Double

    private var layers: Int { model.configuration.layers }

    init(
        _ model: HookedTransformer, pair: PatchPair, sweep: PathSweep, graph: EdgeGraph,
        receivers: Set<EdgeGraph.Reader>
    ) throws {
        let (from, to) =
            sweep.direction == .denoising ? (pair.corrupted, pair.clean) : (pair.clean, pair.corrupted)
        let stream: Set<Site> = [.residPre, .residMid, .mlpOut, .residPost]
        let sites = stream.union(sweep.way == .direct ? [.result] : [.z])
        let recording = Recording { sites.contains($0.site) }
        let (base, source) = (model.run(from, recording: recording), model.run(to, recording: recording))
        guard let metric = pair.metric.differentiable(source: source.output) else {
            throw ModelError(
                "the metric \(pair.metric.name) has no differentiable form, by which path patching reads runs")
        }
        try model.requireNumbers(base.output)
        try model.requireNumbers(source.output)
        (self.model, way, self.graph, prompt, self.metric) = (model, sweep.way, graph, from, metric)
        // In the order of a forward pass.
        self.receivers = graph.readers.filter(receivers.contains)
        (self.base, self.source) = (base.cache, source.cache)
        (baseValue, sourceValue) = (Double(metric(base.output).item), Double(metric(source.output).item))
    }

    /// The bytes of one sender's run.
    var bytesPerSender: Int {
        let sizes = model.configuration
        let stream = sizes.width + 3 * sizes.heads * sizes.headWidth + 3 * sizes.mlpWidth + sizes.vocabulary
        return 4 * prompt.count * (stream + layers * sizes.heads * sizes.headWidth)
    }

    func values(_ senders: [EdgeGraph.Writer]) throws -> [Double] {
        let batch = [[Int]](repeating: prompt, count: senders.count)
        let readings = self.readings(senders, batch)
        let patches = Dictionary(grouping: receivers, by: { $0.seen(layers: layers) }).map { point, members in
            receive(members, at: point, readings)
        }
        let logits = model.run(batch: batch, with: patches).output
        try model.requireNumbers(logits)
        return senders.indices.map { Double(metric(logits[$0]).item) }
    }

    /// What receivers compute where each sender alone is as in the source run.
    private func readings(_ senders: [EdgeGraph.Writer], _ batch: [[Int]]) -> ActivationCache {
        let changes = way == .direct ? moves(senders) : frozen(senders)
        let seen = Set(receivers.map { $0.seen(layers: layers) })
        return model.run(batch: batch, with: changes, recording: .points(seen)).cache
    }

    /// The second pass's change at one point.
    private func receive(
        _ members: [EdgeGraph.Reader], at point: HookPoint, _ readings: ActivationCache
    ) -> Intervention {
        guard let values = readings[point] else { unmet("\(point) was not recorded") }
        guard !members.contains(.logits) else {
            let change = values - repeated(recorded(point, base), values.shape[0])
            return Intervention("path", at: point) { $0 + change }
        }
        let heads = members.compactMap(\.head)
        return Intervention("path", at: point) { value in
            heads.isEmpty
                ? values
                : heads.reduce(value) {
                    $0.replacing(from: values, axis: value.shape.count - 3, first: nil, second: $1)
                }
        }
    }

    /// Every receiver's stream is the base run's, with the change of a sender that comes before it.
    private func moves(_ senders: [EdgeGraph.Writer]) -> [Intervention] {
        let written = senders.map { sender in
            let (from, to) = (sender.written(in: base), sender.written(in: source))
            return to - from
        }
        return Dictionary(grouping: receivers, by: { $0.stream(layers: layers) }).map { point, members in
            let stream = recorded(point, base)
            let rows = zip(senders, written).map { sender, change in
                graph.contains(.init(from: sender, to: members[0])) ? stream + change : stream
            }
            let moved = Tensor.concatenated(rows).reshaped([senders.count] + stream.shape)
            return .replace(point, with: moved, name: "sender")
        }
    }

    /// All heads write what they wrote in the base run but for a sender; MLPs are computed anew but for a sender.
    private func frozen(_ senders: [EdgeGraph.Writer]) -> [Intervention] {
        var changes = (0..<layers).map { block in
            let point = HookPoint.block(block, .z)
            let (own, other) = (recorded(point, base), recorded(point, source))
            let width = own.shape[2]
            var rows = repeated(own, senders.count).reshaped([senders.count * prompt.count, -1])
            let given = other.reshaped([prompt.count, -1])
            for (index, sender) in senders.enumerated() {
                guard case .head(block, let head) = sender else { continue }
                for position in prompt.indices {
                    rows.replaceElements(
                        head * width..<(head + 1) * width, ofRow: index * prompt.count + position, from: given,
                        row: position)
                }
            }
            return Intervention.replace(point, with: rows.reshaped([senders.count] + own.shape), name: "frozen")
        }
        for (index, sender) in senders.enumerated() {
            let point: HookPoint
            switch sender {
            case .head: continue
            case .embed: point = .block(0, .residPre)
            case .mlp(let block): point = .block(block, .mlpOut)
            }
            let written = sender.written(in: source)
            changes.append(
                Intervention("sender", at: point) { value in
                    var rows = value
                    rows.replaceElements(
                        0..<written.count, ofRow: index, from: written.reshaped([1] + written.shape), row: 0)
                    return rows
                })
        }
        return changes
    }

    private func recorded(_ point: HookPoint, _ cache: ActivationCache) -> Tensor {
        guard let value = cache[point] else { unmet("\(point) was not recorded") }
        return value
    }

    private func repeated(_ value: Tensor, _ count: Int) -> Tensor {
        value.reshaped([1] + value.shape).gathered([Int](repeating: 0, count: count))
    }
}

extension EdgeGraph.Writer {
    /// What it wrote in a run, `[T, D]`.
    fileprivate func written(in cache: ActivationCache) -> Tensor {
        let point: HookPoint =
            switch self {
            case .embed: .block(0, .residPre)
            case .head(let block, _): .block(block, .result)
            case .mlp(let block): .block(block, .mlpOut)
            }
        guard let value = cache[point] else { unmet("\(point) was not recorded") }
        guard case .head(_, let head) = self else { return value }
        return value.swappingLeadingAxes()[head]
    }
}

extension EdgeGraph.Reader {
    /// The residual stream that it reads.
    fileprivate func stream(layers: Int) -> HookPoint {
        switch self {
        case .query(let block, _), .key(let block, _), .value(let block, _): .block(block, .residPre)
        case .mlp(let block): .block(block, .residMid)
        case .logits: .block(layers - 1, .residPost)
        }
    }

    /// Where what it makes of that stream is seen.
    fileprivate func seen(layers: Int) -> HookPoint {
        switch self {
        case .query(let block, _): .block(block, .q)
        case .key(let block, _): .block(block, .k)
        case .value(let block, _): .block(block, .v)
        case .mlp(let block): .block(block, .mlpOut)
        case .logits: .block(layers - 1, .residPost)
        }
    }

    /// The head, where it has one.
    fileprivate var head: Int? {
        switch self {
        case .query(_, let head), .key(_, let head), .value(_, let head): head
        case .mlp, .logits: nil
        }
    }
}
