internal import PlumbBasics
public import PlumbModels
public import PlumbTensor

/// A classifier as attacks see it: logits and gradients of functions of the logits at the input, both counted.
///
/// Rows of a batch are independent, so large batches are run in parts without changing a bit.
public struct ModelQueries: Sendable {
    /// Samples that were passed forward, those of ``gradients`` among them.
    public private(set) var forwards = 0
    /// Samples whose gradient was computed.
    public private(set) var gradients = 0

    private let model: @Sendable (Tensor) -> Tensor
    private let expectation: Expectation?
    private var calls = 0

    /// Logits and gradients as means over transformations of the input, which are drawn anew for each query.
    private struct Expectation: Sendable {
        let draws: Int
        let key: RandomKey
        let transform: @Sendable (Tensor, RandomKey) -> Tensor
    }

    /// Samples that pass through the model at once.
    static let chunk = 1024

    /// The queries of a classifier, `[B, …] -> [B, K]`.
    public init(_ model: some HookedModel<Tensor>) {
        self.model = { input in
            var idle = HookRunner.idle
            return model.forward(input, &idle)
        }
        expectation = nil
    }

    private init(_ other: ModelQueries, _ expectation: Expectation) {
        (model, self.expectation) = (other.model, expectation)
    }

    /// Queries whose logits and gradients are means over transformations of the input, drawn anew for each query and
    /// alike for all samples of a batch; counted from 0.
    func expected(
        over draws: Int, key: RandomKey, _ transform: @escaping @Sendable (Tensor, RandomKey) -> Tensor
    ) -> ModelQueries {
        ModelQueries(self, Expectation(draws: draws, key: key, transform: transform))
    }

    /// Whether a query makes several passes.
    var drawsSeveral: Bool { expectation != nil }

    /// The same queries, counting from 0.
    var uncounted: ModelQueries {
        var copy = self
        (copy.forwards, copy.gradients) = (0, 0)
        return copy
    }

    /// Adds the counts of other queries.
    mutating func count(_ other: ModelQueries) {
        forwards += other.forwards
        gradients += other.gradients
    }

    /// The logits of a batch.
    ///
    /// - Shapes: `x` `[B, …]`; result `[B, K]`.
    public mutating func logits(_ x: Tensor) -> Tensor {
        let passes = nextPasses()
        forwards += x.rowCount * passes.count
        return Self.inChunks(x.rowCount) { range in
            Self.mean(passes.map { $0(x[range]).detached() })
        }
    }

    /// The logits of a batch, and the gradient at each sample of a function of its logits.
    ///
    /// - Parameter seed: from logits to the gradient at the logits, row by row.
    /// - Shapes: `x` and the gradient `[B, …]`; logits and what `seed` takes and gives `[B, K]`.
    public mutating func gradient(
        _ x: Tensor, seed: (_ logits: Tensor, _ rows: Range<Int>) -> Tensor
    ) -> (logits: Tensor, gradient: Tensor) {
        let passes = nextPasses()
        forwards += x.rowCount * passes.count
        gradients += x.rowCount * passes.count
        var slopes: [Tensor] = []
        let logits = Self.inChunks(x.rowCount) { range in
            let found = passes.map { pass in
                valueWithPullback(at: x[range], seed: { seed($0, range) }) { pass($0) }
            }
            slopes.append(Self.mean(found.map(\.gradient)))
            return Self.mean(found.map(\.value))
        }
        return (logits, slopes.count == 1 ? slopes[0] : Tensor.concatenated(slopes))
    }

    /// The gradients of `z_c − z_label` for several classes c of each sample.
    ///
    /// - Parameter classes: for each sample, as many.
    /// - Shapes: `x` `[B, …]`; logits `[B, K]`, gradients `[B · classes, …]`, the classes of one sample together.
    mutating func classGradients(
        _ x: Tensor, labels: [Int], classes: [[Int]]
    ) -> (logits: Tensor, gradients: Tensor) {
        let count = classes.first?.count ?? 0
        let rows = (0..<x.rowCount).flatMap { row in repeatElement(row, count: count) }
        let pairs = rows.indices.map { (classes[rows[$0]][$0 % max(1, count)], labels[rows[$0]]) }
        let found = gradient(x.gathered(rows)) { logits, range in
            var seed = Tensor.zeros(logits.shape)
            let width = logits.rowWidth
            seed.withUnsafeMutableElements { seed in
                for (row, index) in range.enumerated() {
                    seed[row * width + pairs[index].0] += 1
                    seed[row * width + pairs[index].1] -= 1
                }
            }
            return seed
        }
        return (found.logits.gathered((0..<x.rowCount).map { $0 * count }), found.gradient)
    }

    /// The passes of one query.
    private mutating func nextPasses() -> [(Tensor) -> Tensor] {
        defer { calls += 1 }
        guard let expectation else { return [model] }
        let key = expectation.key[calls]
        return (0..<expectation.draws).map { draw in
            { [model] input in model(expectation.transform(input, key[draw])) }
        }
    }

    private static func mean(_ tensors: [Tensor]) -> Tensor {
        guard tensors.count > 1 else { return tensors[0] }
        return tensors.dropFirst().reduce(tensors[0], +) * (1 / Float(tensors.count))
    }

    private static func inChunks(_ count: Int, _ body: (Range<Int>) -> Tensor) -> Tensor {
        guard count > chunk else { return body(0..<count) }
        return Tensor.concatenated(
            stride(from: 0, to: count, by: chunk).map { body($0..<min(count, $0 + chunk)) })
    }
}
