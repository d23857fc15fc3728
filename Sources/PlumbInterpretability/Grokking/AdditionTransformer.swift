internal import PlumbBasics
public import PlumbModels
public import PlumbNN
public import PlumbTensor

/// The transformer on which grokking was reverse-engineered: one layer without normalization that reads `a b =` and
/// says a + b modulo p at the sign of equality (Nanda et al. 2023, arXiv:2301.05217).
///
/// Only the last position is computed: its query is the same for every pair, and keys and values belong to 2p + 1
/// entries (token, position). The numbers are those of the plain transformer, at about a quarter of the work.
public struct AdditionTransformer: HookedModel, SavableModel {
    /// p.
    public let modulus: Int
    /// H.
    public let heads: Int
    /// The numbers, and the sign of equality: `[p + 1, D]`.
    public var tokens: Tensor
    /// `[3, D]`.
    public var positions: Tensor
    /// `[D] -> [D]`, of all heads side by side.
    public var query: Linear
    /// `[D] -> [D]`.
    public var key: Linear
    /// `[D] -> [D]`.
    public var value: Linear
    /// `[D] -> [D]`, from the heads' values to the residual stream.
    public var output: Linear
    /// `[D] -> [F]`, before the ReLU.
    public var up: Linear
    /// `[F] -> [D]`, after it.
    public var down: Linear
    /// Logits of the p numbers: `[p, D]`.
    public var unembedding: Linear

    /// Weights drawn from normal distributions of standard deviation 1 / √D, the unembedding's 1 / √p; biases 0.
    ///
    /// - Parameters:
    ///   - modulus: p, the modulus of the addition.
    ///   - width: D, which the heads divide into multiples of 8.
    ///   - heads: H, the heads of the attention.
    ///   - hidden: F, the neurons of the MLP.
    ///   - random: of the weights.
    public init(modulus: Int, width: Int = 128, heads: Int = 4, hidden: Int = 512, key random: RandomKey) {
        require(
            modulus > 0 && heads > 0 && hidden > 0 && width > 0 && width % (8 * heads) == 0,
            "an addition transformer needs heads of a multiple of 8 numbers, got width \(width) and \(heads) heads")
        func normal(_ name: String, _ rows: Int, _ columns: Int, _ fan: Int) -> Tensor {
            .normal([rows, columns], standardDeviation: 1 / Double(fan).squareRoot(), key: random[name])
        }
        func linear(_ name: String, _ outputs: Int, _ inputs: Int, _ fan: Int, hasBias: Bool = false) -> Linear {
            Linear(weight: Weight(normal(name, outputs, inputs, fan)), bias: hasBias ? .zeros([outputs]) : nil)
        }
        self.modulus = modulus
        self.heads = heads
        tokens = normal("tokens", modulus + 1, width, width)
        positions = normal("positions", 3, width, width)
        query = linear("query", width, width, width)
        key = linear("key", width, width, width)
        value = linear("value", width, width, width)
        output = linear("output", width, width, width)
        up = linear("up", hidden, width, width, hasBias: true)
        down = linear("down", width, hidden, width, hasBias: true)
        unembedding = linear("unembedding", modulus, width, modulus)
    }

    /// How many heads share the width.
    public var traits: [String: String] { ["heads": "\(heads)"] }

    /// The transformer that the file holds.
    ///
    /// - Throws: `ModelError` where the tensors do not fit together.
    public init(_ file: ModelFile) throws {
        tokens = try file.tensor("tokens", [nil, nil])
        let width = tokens.shape[1]
        modulus = tokens.shape[0] - 1
        heads = try file.trait("heads", as: Int.self)
        guard modulus > 0, heads > 0, heads <= width, width.isMultiple(of: 8 * heads) else {
            throw ModelError("\(heads) heads of a multiple of 8 numbers do not fill a width of \(width)")
        }
        positions = try file.tensor("positions", [3, width])
        query = try file.linear("attention.query", inputs: width, outputs: width)
        key = try file.linear("attention.key", inputs: width, outputs: width)
        value = try file.linear("attention.value", inputs: width, outputs: width)
        output = try file.linear("attention.output", inputs: width, outputs: width)
        up = try file.linear("mlp.up", inputs: width)
        down = try file.linear("mlp.down", inputs: up.weight.outputs, outputs: width)
        unembedding = try file.linear("unembedding", inputs: width, outputs: modulus)
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("tokens", &tokens)
        visitor("positions", &positions)
        visitor("attention.query", &query)
        visitor("attention.key", &key)
        visitor("attention.value", &value)
        visitor("attention.output", &output)
        visitor("mlp.up", &up)
        visitor("mlp.down", &down)
        visitor("unembedding", &unembedding)
    }

    /// Pairs of numbers, as entries of the tables of keys and values.
    public struct Pairs: Sendable {
        /// Three for each pair: a at position 0, b at position 1, the sign of equality.
        let entries: [Int]
        /// The sum of each pair modulo p.
        public let sums: [Int]
        /// The number of pairs.
        public var count: Int { sums.count }

        /// Pairs by their place in the table of addition, in which b runs faster than a.
        public init(_ places: [Int], modulus: Int) {
            entries = places.flatMap { [$0 / modulus, modulus + $0 % modulus, 2 * modulus] }
            sums = places.map { ($0 / modulus + $0 % modulus) % modulus }
        }
    }

    /// The logits of each pair's sum, at the sign of equality.
    ///
    /// - Shapes: result `[pairs.count, p]`.
    public func callAsFunction(_ pairs: Pairs) -> Tensor {
        var hooks = HookRunner.idle
        return forward(pairs, &hooks)
    }

    /// The neurons' activations and the logits.
    ///
    /// - Shapes: `neurons` `[pairs.count, F]`, `logits` `[pairs.count, p]`.
    public func run(_ pairs: Pairs) -> (neurons: Tensor, logits: Tensor) {
        let (logits, cache) = run(pairs, recording: .only(.block(0, .mlpPost)))
        guard let neurons = cache[.block(0, .mlpPost)] else { unmet("the neurons were not recorded") }
        return (neurons, logits)
    }

    /// The logits of each pair's sum, every activation at the sign of equality handed to `hooks`: what the heads read at
    /// `blocks.0.attn.hook_z`, the stream between attention and MLP at `blocks.0.hook_resid_mid`, both `[N, D]`, the MLP
    /// before and after its ReLU at `blocks.0.mlp.hook_pre` and `blocks.0.mlp.hook_post` `[N, F]`, the stream after it at
    /// `blocks.0.hook_resid_post` `[N, D]`, and the `logits`.
    ///
    /// - Shapes: N pairs; result `[N, p]`.
    public func forward(_ pairs: Pairs, _ hooks: inout HookRunner) -> Tensor {
        let numbers = tokens[0..<modulus]
        let equals = tokens[modulus] + positions[2]
        let entries = Tensor.concatenated([
            numbers + positions[0], numbers + positions[1], equals.reshaped([1, -1]),
        ])
        let width = tokens.shape[1]
        let products = key(entries) * query(equals.reshaped([1, width])).reshaped([width])
        let scores = products.reshaped([-1, width / heads]).summed(axis: 1).reshaped([-1, heads])
        let z = hooks(
            PairAttention.mix(
                scores: scores * (1 / Float(width / heads).squareRoot()), values: value(entries), rows: pairs.entries),
            at: .block(0, .z))
        let middle = hooks(output(z) + equals, at: .block(0, .residMid))
        let neurons = hooks(hooks(up(middle), at: .block(0, .mlpPre)).relu(), at: .block(0, .mlpPost))
        let after = hooks(down(neurons, adding: middle), at: .block(0, .residPost))
        return hooks(unembedding(after), at: .logits)
    }

    /// The mean cross-entropy of the sums, in nats.
    public func loss(_ pairs: Pairs) -> Tensor { self(pairs).crossEntropy(pairs.sums) }
}
