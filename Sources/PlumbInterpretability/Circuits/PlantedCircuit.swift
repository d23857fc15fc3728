internal import PlumbBasics
public import PlumbModels
public import PlumbTensor

/// A transformer whose circuit is known because its weights are set by hand, among heads and neurons of random weights.
///
/// It does induction, "A B … C D … A" gives B (Elhage et al. 2021, *A Mathematical Framework for Transformer Circuits*):
/// previous-token heads write at each position the token before; induction heads find the position that the last token
/// precedes and write its token; an MLP copies that to where the logits are read. Weights are compiled as in Tracr (Lindner
/// et al. 2023, arXiv:2301.05062), each part with features of the stream of its own; all other heads and neurons have
/// random weights, read everything and write everywhere.
public struct PlantedCircuit: Sendable {
    /// The model.
    public let model: HookedTransformer
    /// The edges that carry what the prompts of ``pairs(_:key:)`` differ in.
    public let truth: EdgeSubset

    /// How a planted model is made.
    public struct Plan: Sendable, Codable, Equatable {
        /// L, four or more.
        public var layers = 4
        /// H, heads of 16 features in each layer.
        public var heads = 8
        /// Heads of each planted kind, which share their work.
        public var copies = 2
        /// The deviation of random weights, as a part of what keeps activations at their size.
        public var noise = 0.3

        /// Four layers of eight heads, two of each planted kind.
        public init() {}

        /// - Throws: `ModelError` for sizes in which the circuit has no place.
        public func check() throws {
            guard layers >= 4, layers <= 32, heads >= 5, heads <= 32, copies >= 1, copies <= heads, noise >= 0,
                noise <= 1
            else {
                throw ModelError(
                    "a planted circuit needs 4...32 layers, 5...32 heads, 1...\(heads) copies and noise of 0...1; got "
                        + "\(layers), \(heads), \(copies) and \(noise)")
            }
        }
    }

    private static let (tokens, length, headWidth, amplitude) = (16, 12, 16, Float(2))
    /// Where in the stream each part keeps its features, 16 of them.
    private enum Features: Int {
        case token, position, previous, found, answer
        func callAsFunction(_ index: Int) -> Int { rawValue * 16 + index }
    }

    /// Draws the random weights and the places of the planted parts, and sets their weights.
    ///
    /// - Parameter isPlanted: false for the same random model without the circuit, a control.
    /// - Throws: `ModelError` for sizes in which the circuit has no place.
    public init(_ plan: Plan, key: RandomKey, isPlanted: Bool = true) throws {
        try plan.check()
        let sizes = TransformerConfiguration(
            architecture: .gpt2, layers: plan.layers, width: plan.heads * Self.headWidth, heads: plan.heads,
            mlpWidth: 4 * Self.tokens, vocabulary: Self.tokens, context: Self.length)
        let random = try HookedTransformer(
            sizes, key: key["weights"], initialization: .scaled(gain: plan.noise), isTied: false,
            name: "planted circuit")
        var generator = key["places"].generator()
        func place(_ blocks: ClosedRange<Int>) -> [EdgeGraph.Writer] {
            let all = blocks.flatMap { block in (0..<plan.heads).map { EdgeGraph.Writer.head(block: block, head: $0) } }
            return Array(all.shuffled(using: &generator).prefix(plan.copies))
        }
        let middle = plan.layers / 2
        let previous = place(0...middle - 1)
        let induction = place(middle...middle)
        let copying = middle + generator.index(below: plan.layers - middle)
        model = isPlanted ? Self.planted(random, previous, induction, copying) : Self.embedded(random)
        let logits = [EdgeGraph.Edge(from: .mlp(block: copying), to: .logits)]
        func reader(_ head: EdgeGraph.Writer, _ make: (Int, Int) -> EdgeGraph.Reader) -> EdgeGraph.Reader {
            guard case .head(let block, let head) = head else { unmet("\(head) is no head") }
            return make(block, head)
        }
        let edges =
            previous.map { EdgeGraph.Edge(from: .embed, to: reader($0) { .value(block: $0, head: $1) }) }
            + induction.flatMap { head in
                [
                    EdgeGraph.Edge(from: .embed, to: reader(head) { .query(block: $0, head: $1) }),
                    EdgeGraph.Edge(from: .embed, to: reader(head) { .value(block: $0, head: $1) }),
                    EdgeGraph.Edge(from: head, to: .mlp(block: copying)),
                ] + previous.map { EdgeGraph.Edge(from: $0, to: reader(head) { .key(block: $0, head: $1) }) }
            }
        truth = try EdgeSubset(EdgeGraph(sizes), edges: edges + logits)
    }

    /// Prompts "… A B … C D … A", whose answer is B, and what they are compared with, whose answer is D: one third each
    /// with the last token C instead, with B and D exchanged, and with the earlier A and C exchanged.
    public static func pairs(_ count: Int, key: RandomKey) -> [PatchPair] {
        var random = key.generator()
        return (0..<count).map { index in
            var prompt = Array(0..<tokens).shuffled(using: &random).prefix(length - 1).map { $0 }
            let starts = Array(1..<length - 2).shuffled(using: &random)
            let first = starts[0]
            let second = starts.dropFirst().first { abs($0 - first) > 1 } ?? first
            let (answer, wrong) = (prompt[first + 1], prompt[second + 1])
            prompt.append(prompt[first])
            var other = prompt
            switch index % 3 {
            case 0: other[length - 1] = prompt[second]
            case 1: other.swapAt(first + 1, second + 1)
            default: other.swapAt(first, second)
            }
            return PatchPair(
                clean: prompt, corrupted: other, metric: .logitDifference(answer: answer, wrong: wrong))
        }
    }

    // MARK: Weights

    private static func embedded(_ model: HookedTransformer) -> HookedTransformer {
        model.mapParameters { path, tensor in
            switch path.description {
            case "transformer.wte.weight": changed(tensor) { $0[$1, Features.token($1)] = amplitude }
            case "transformer.wpe.weight": changed(tensor) { $0[$1, Features.position($1)] = amplitude }
            default: tensor
            }
        }
    }

    /// Each of the first rows set to 0 but for what `set` writes to it.
    private static func changed(_ tensor: Tensor, _ set: (inout Matrix, Int) -> Void) -> Tensor {
        var matrix = Matrix(.zeros(tensor.shape))
        for row in 0..<tensor.shape[0] { set(&matrix, row) }
        return matrix.tensor
    }

    /// What a feature that is on becomes when the stream with `count` of them is normalized.
    private static func normalized(_ count: Int, width: Int) -> Float {
        (Float(width) / Float(count)).squareRoot()
    }

    private static func planted(
        _ model: HookedTransformer, _ previous: [EdgeGraph.Writer], _ induction: [EdgeGraph.Writer], _ copying: Int
    ) -> HookedTransformer {
        let width = model.configuration.width
        let embedded = embedded(model)
        /// Sets the weights of heads of one block, in which `on` features are on.
        func plant(
            _ heads: [EdgeGraph.Writer], _ block: Int, _ matrix: inout Matrix, on: Int, score: Float,
            query: (Int) -> Int, key: (Int) -> Int?
        ) {
            // Scores are products of two such features over the root of 16.
            let read = (score * 4).squareRoot() / normalized(on, width: width)
            for case .head(block, let head) in heads {
                for part in 0..<3 {
                    matrix.clear(columns: part * width + head * headWidth..<part * width + (head + 1) * headWidth)
                }
                for feature in 0..<headWidth {
                    matrix[query(feature), head * headWidth + feature] = read
                    if let key = key(feature) { matrix[key, width + head * headWidth + feature] = read }
                    matrix[Features.token(feature), 2 * width + head * headWidth + feature] =
                        1 / normalized(on, width: width)
                }
            }
        }
        func write(_ heads: [EdgeGraph.Writer], _ block: Int, _ matrix: inout Matrix, to features: Features) {
            for case .head(block, let head) in heads {
                matrix.clear(rows: head * headWidth..<(head + 1) * headWidth)
                for feature in 0..<headWidth {
                    matrix[head * headWidth + feature, features(feature)] = amplitude / Float(heads.count)
                }
            }
        }
        return embedded.mapParameters { path, tensor in
            let names = path.description.split(separator: ".")
            guard names.count > 2, names[1] == "h", let block = Int(names[2]) else {
                guard path.description == "lm_head.weight" else { return tensor }
                return changed(tensor) { $0[$1, Features.answer($1)] = 1 }
            }
            guard tensor.shape.count == 2 || block == copying else { return tensor }
            var matrix = Matrix(tensor)
            switch names.dropFirst(3).joined(separator: ".") {
            case "attn.c_attn.weight":
                plant(
                    previous, block, &matrix, on: 2, score: 10, query: { Features.position($0) },
                    key: { $0 == 0 ? nil : Features.position($0 - 1) })
                plant(
                    induction, block, &matrix, on: 3, score: 6, query: { Features.token($0) },
                    key: { Features.previous($0) })
            case "attn.c_proj.weight":
                write(previous, block, &matrix, to: .previous)
                write(induction, block, &matrix, to: .found)
            case "mlp.c_fc.weight" where block == copying:
                matrix.clear(columns: 0..<tokens)
                for token in 0..<tokens { matrix[Features.found(token), token] = 5 / normalized(4, width: width) }
            case "mlp.c_fc.bias" where block == copying:
                return Tensor((0..<tensor.count).map { $0 < tokens ? -2.5 : 0 })
            case "mlp.c_proj.weight" where block == copying:
                matrix.clear(rows: 0..<tokens)
                for token in 0..<tokens { matrix[token, Features.answer(token)] = amplitude / 2.5 }
            default: return tensor
            }
            return matrix.tensor
        }
    }

    /// A matrix whose entries are set one at a time.
    private struct Matrix {
        private let shape: [Int]
        private var elements: [Float]

        init(_ tensor: Tensor) { (shape, elements) = (tensor.shape, tensor.elements) }

        var tensor: Tensor { Tensor(elements, shape: shape) }

        subscript(row: Int, column: Int) -> Float {
            get { elements[row * shape[1] + column] }
            set { elements[row * shape[1] + column] = newValue }
        }

        mutating func clear(rows: Range<Int>) {
            for row in rows { for column in 0..<shape[1] { self[row, column] = 0 } }
        }
        mutating func clear(columns: Range<Int>) {
            for row in 0..<shape[0] { for column in columns { self[row, column] = 0 } }
        }
    }
}
