internal import Foundation
internal import PlumbBasics
public import PlumbModels
internal import PlumbTensor

/// What each layer would say if it were the last: the residual stream after each block, normalized and unembedded, at
/// every position (nostalgebraist 2020, *Interpreting GPT: the logit lens*).
///
/// ```swift
/// let lens = try LogitLens(model, model.tokens("The capital of France is"), answer: model.token(" Paris"))
/// lens.cells[20][4].top[0].token
/// ```
public struct LogitLens: Sendable, Equatable {
    /// A token with its probability.
    public struct Guess: Sendable, Equatable {
        /// The token.
        public let token: Int
        /// Its probability.
        public let probability: Double
    }

    /// One layer at one position.
    public struct Cell: Sendable, Equatable {
        /// The most probable tokens, most probable first.
        public let top: [Guess]
        /// The place of the answer among all tokens, 1 for the most probable; nil without an answer.
        public let rank: Int?
        /// The answer's probability; nil without an answer.
        public let probability: Double?
    }

    /// The prompt.
    public let tokens: [Int]
    /// The positions that were read, in order.
    public let positions: [Int]
    /// The token whose rank and probability are reported; nil for none.
    public let answer: Int?
    /// What the lens is called: "logit lens", or by what the streams are turned into those of the last layer.
    public let title: String
    /// `cells[layer][position]`: layer 0 is what enters the first block, layer `i` what leaves block `i - 1`.
    public let cells: [[Cell]]

    /// Reads the residual stream of one run.
    ///
    /// - Parameters:
    ///   - tokens: the prompt.
    ///   - answer: a token whose rank and probability are reported in every cell.
    ///   - positions: which to read; all by default.
    ///   - top: how many of the most probable tokens to keep.
    ///   - translator: a tuned lens or a Jacobian lens; nil reads each stream as it is.
    /// - Throws: `ModelError` for a prompt, an answer or a position that the model does not have, a translator of another
    ///   model, and logits that are not numbers.
    public init(
        _ model: HookedTransformer, _ tokens: [Int], answer: Int? = nil, positions: [Int]? = nil, top: Int = 5,
        through translator: (any ResidualTranslator)? = nil
    ) throws {
        try model.check(tokens)
        try translator?.check(model)
        if let answer { try model.check([answer]) }
        let positions = positions ?? Array(tokens.indices)
        if let bad = positions.first(where: { !tokens.indices.contains($0) }) {
            throw ModelError("position \(bad) is outside the prompt, whose positions are 0 to \(tokens.count - 1)")
        }
        (self.tokens, self.positions, self.answer) = (tokens, positions, answer)
        title = translator?.title ?? "logit lens"
        let points = model.lensPoints
        let cache = model.run(tokens, recording: .points(Set(points))).cache
        cells = try points.enumerated().map { layer, point in
            guard let residual = cache[point]?.gathered(positions) else { unmet("\(model.name) shows \(point)") }
            let read = translator?.translated(residual, layer: layer) ?? residual
            let logProbabilities = model.logits(ofResidual: read).logSoftmax()
            try model.requireNumbers(logProbabilities)
            return positions.indices.map { Self.cell(logProbabilities[$0], answer: answer, top: top) }
        }
    }

    private static func cell(_ logProbabilities: Tensor, answer: Int?, top: Int) -> Cell {
        let row = logProbabilities.elements
        let place = answer.map { answer in 1 + row.count { $0 > row[answer] } }
        return Cell(
            top: HookedTransformer.topTokens(logProbabilities, count: top).map {
                Guess(token: $0.token, probability: exp(Double($0.value)))
            }, rank: place,
            probability: answer.map { exp(Double(row[$0])) })
    }

    /// The first layer from which on the answer is the most probable token at the last position; nil where it never is, or
    /// without an answer.
    public var settledLayer: Int? {
        guard answer != nil, let last = cells.first?.indices.last else { return nil }
        let isFirst = cells.map { $0[last].rank == 1 }
        guard isFirst.last == true else { return nil }
        return (isFirst.lastIndex(of: false) ?? -1) + 1
    }
}
