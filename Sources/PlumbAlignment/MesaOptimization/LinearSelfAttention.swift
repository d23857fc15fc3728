internal import Foundation
internal import PlumbBasics
public import PlumbModels
public import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// One layer of self-attention with one head, without softmax, biases or normalization: a query token q takes up
/// `P Σᵢ vᵢ (kᵢ · q)`, with the keys and values of the examples, and the prediction is the last number of the sum.
///
/// The examples alone are keys and values, as in the paper (von Oswald et al. 2022, arXiv:2212.07677).
///
/// - Shapes: E = D + 1 numbers a token; `q_proj`, `k_proj`, `v_proj` `[K, E]`, `o_proj` (P) `[E, K]`.
public struct LinearSelfAttention: HookedModel, SavableModel {
    /// What is sought: q, from a query token, `[K, E]`.
    public var query: Linear
    /// What an example is found by: k, `[K, E]`.
    public var key: Linear
    /// What is taken up of an example: v, `[K, E]`.
    public var value: Linear
    /// P, which turns what was taken up into a change of the query token, `[E, K]`.
    public var output: Linear

    /// A new layer, with K = E. Weights are normal with variance `scale / inputs`, as in the paper, where scale is .002.
    public init(width: Int, scale: Double = 0.002, key: RandomKey) {
        require(width > 1 && scale > 0, "a layer needs tokens of two numbers and a scale, got \(width), \(scale)")
        let initializer = Initializer.normal(standardDeviation: (scale / Double(width)).squareRoot())
        func layer(_ name: String) -> Linear {
            Linear(inputs: width, outputs: width, bias: false, initializer: initializer, key: key[name])
        }
        (query, self.key) = (layer("query"), layer("key"))
        (value, output) = (layer("value"), layer("output"))
    }

    /// A layer that computes what `weights` say: `k = e`, `q = B x`, `v = (0, …, 0, a · e)`, `P = I`.
    public init(_ weights: EffectiveAttention) {
        let width = weights.reading.count
        func matrix(_ entry: (Int, Int) -> Double) -> Linear {
            let numbers = (0..<width * width).map { Float(entry($0 / width, $0 % width)) }
            return Linear(weight: Weight(Tensor(numbers, shape: [width, width])))
        }
        query = matrix { row, column in column < width - 1 ? weights.matching[row][column] : 0 }
        value = matrix { row, column in row == width - 1 ? weights.reading[column] : 0 }
        key = matrix { $0 == $1 ? 1 : 0 }
        output = key
    }

    /// The layer that the file holds.
    ///
    /// - Throws: `ModelError` where the matrices do not fit together.
    public init(_ file: ModelFile) throws { try self.init(file, name: "") }

    /// The layer whose tensors' names begin with `name`.
    init(_ file: ModelFile, name: String) throws {
        query = try file.linear(name + "q_proj")
        let (width, inner) = (query.weight.inputs, query.weight.outputs)
        key = try file.linear(name + "k_proj", inputs: width, outputs: inner)
        value = try file.linear(name + "v_proj", inputs: width, outputs: inner)
        output = try file.linear(name + "o_proj", inputs: inner, outputs: width)
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("q_proj", &query)
        visitor("k_proj", &key)
        visitor("v_proj", &value)
        visitor("o_proj", &output)
    }

    /// The query tokens after the layer: what they were and what they took up.
    ///
    /// Without a softmax the sums can be taken in another order: `kᵢ · q = eᵢ · (Wₖᵀ q)` and `Σᵢ sᵢ Wᵥ eᵢ = Wᵥ Σᵢ sᵢ eᵢ`. So
    /// keys and values need not be made for each example, and a step takes a tenth of the products.
    ///
    /// - Shapes: `tokens` `[B, N, E]`, `queries` and result `[B, E]`.
    public func attended(_ tokens: Tensor, queries: Tensor) -> Tensor {
        var hooks = HookRunner.idle
        return forward((tokens, queries), &hooks)
    }

    /// The query tokens after the layer, every activation on the way handed to `hooks`: queries at
    /// `blocks.0.attn.hook_q` `[B, K]`, scores at `blocks.0.attn.hook_attn_scores` `[B, 1, N]`, what the examples say at
    /// `blocks.0.attn.hook_z` `[B, K]`, and the sum at `blocks.0.hook_resid_post` `[B, E]`.
    ///
    /// - Shapes: `tokens` `[B, N, E]`, `queries` and result `[B, E]`.
    public func forward(_ input: (tokens: Tensor, queries: Tensor), _ hooks: inout HookRunner) -> Tensor {
        let (tokens, queries) = input
        let (tasks, width) = (tokens.shape[0], tokens.shape[2])
        let q = hooks(query(queries), at: .block(0, .q))
        let sought = q.matmul(key.weight.tensor()).reshaped([tasks, 1, width])
        let scores = hooks(sought.batchedMatmul(transposed: tokens), at: .block(0, .attnScores))
        let taken = scores.batchedMatmul(tokens).reshaped([tasks, width])
        let z = hooks(value(taken), at: .block(0, .z))
        return hooks(output(z, adding: queries), at: .block(0, .residPost))
    }

    /// The predicted answers.
    ///
    /// - Shapes: `tokens` `[B, N, E]`, `queries` `[B, E]`; result `[B]`.
    public func callAsFunction(_ tokens: Tensor, queries: Tensor) -> Tensor {
        let width = queries.shape[1]
        return attended(tokens, queries: queries).columns(width - 1..<width).reshaped([-1])
    }

    /// How the prediction changes with the query's input.
    ///
    /// - Shapes: `tokens` `[B, N, E]`, `queries` `[B, E]`; result `[B, D]`.
    public func inputGradient(_ tokens: Tensor, queries: Tensor) -> Tensor {
        valueWithPullback(at: queries) { self(tokens, queries: $0) }.gradient.columns(0..<queries.shape[1] - 1)
    }

    /// What the four weights together compute.
    public var effective: EffectiveAttention {
        let width = output.weight.outputs
        let matching = key.weight.tensor().transposedMatmul(query.weight.tensor()).elements.map(Double.init)
        let reading = output.weight.tensor()[width - 1..<width].matmul(value.weight.tensor()).elements.map(Double.init)
        return EffectiveAttention(
            reading: reading,
            matching: (0..<width).map { row in Array(matching[row * width..<(row + 1) * width - 1]) })
    }
}

/// All that a layer of linear attention with one head computes for its prediction: `Σᵢ (a · eᵢ) (eᵢᵀ B x)` over the example
/// tokens e = (x, y), for the query input x.
///
/// One gradient step of length η is a = (0, …, 0, 1) and B = (η I; 0): it reads each example's y, and weighs it by η times
/// the product of inputs.
///
/// - Shapes: a `[D + 1]`, B `[D + 1][D]`.
public struct EffectiveAttention: Sendable, Equatable, Codable {
    /// a, what is read of an example.
    public var reading: [Double]
    /// B, how an example and the query are matched.
    public var matching: [[Double]]

    /// Attention with the weights a, `[D + 1]`, and B, `[D + 1][D]`.
    public init(reading: [Double], matching: [[Double]]) {
        require(
            reading.count > 1 && matching.count == reading.count
                && matching.allSatisfy { $0.count == reading.count - 1 },
            "attention over tokens of \(reading.count) numbers needs a matrix with one column less")
        (self.reading, self.matching) = (reading, matching)
    }

    /// One step of gradient descent.
    public init(stepSize: Double, inputs: Int) {
        reading = (0...inputs).map { $0 == inputs ? 1 : 0 }
        matching = (0...inputs).map { row in (0..<inputs).map { $0 == row ? stepSize : 0 } }
    }

    /// The same function with a scaled so that y counts 1 and B by as much the other way.
    ///
    /// A layer that does not read y at all has no such form: its numbers are then not finite.
    public var normalized: EffectiveAttention {
        let y = reading[reading.count - 1]
        return EffectiveAttention(reading: reading.map { $0 / y }, matching: matching.map { $0.map { $0 * y } })
    }

    /// The learning rate that the weights hold: the mean of the diagonal of B, times what y counts.
    public var stepSize: Double {
        let inputs = reading.count - 1
        let diagonal = (0..<inputs).reduce(0) { $0 + matching[$1][$1] } / Double(inputs)
        return reading[inputs] * diagonal
    }

    /// The part of what is read that is y: 1 for a gradient step, 0 for a layer that reads x and matches by y.
    public var readsTarget: Double {
        let length = reading.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return abs(reading[reading.count - 1]) / length
    }

    /// The part of the normalized B's length that is not the step's: 0 for a gradient step. What a reads of x is not in it:
    /// see ``readsTarget``.
    public var remainder: Double {
        let normalized = normalized
        let step = EffectiveAttention(stepSize: stepSize, inputs: reading.count - 1)
        func square(_ rows: [[Double]]) -> Double { rows.reduce(0) { $0 + $1.reduce(0) { $0 + $1 * $1 } } }
        let rest = zip(normalized.matching, step.matching).map { a, b in zip(a, b).map { $0 - $1 } }
        return (square(rest) / square(normalized.matching)).squareRoot()
    }

    /// The weights a part `fraction` of the way to others.
    public func mixed(with other: EffectiveAttention, fraction: Double) -> EffectiveAttention {
        func mix(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 + fraction * ($1 - $0) } }
        return EffectiveAttention(
            reading: mix(reading, other.reading), matching: zip(matching, other.matching).map(mix))
    }

    /// B as a table, with a row for each number of an example and a column for each of the query.
    public func matchingTable(_ name: String, title: String) -> Table {
        let inputs = (1..<reading.count).map { "x\($0)" }
        return Table(
            name, title: title, rowLabel: "of the example", columnLabel: "of the query", rows: inputs + ["y"],
            columns: inputs, values: matching)
    }
}
