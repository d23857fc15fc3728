internal import PlumbBasics
public import PlumbData
internal import PlumbNN
public import PlumbTensor

// What language models are trained on: one pass over many windows, without hooks.

extension HookedTransformer {
    /// The mean cross-entropy of every next token, in nats: what training makes small.
    ///
    /// ```swift
    /// let result = try fit.run(model, optimizer: Adam.decoupled()) { model, step in
    ///     model.loss(windows.batch(step: step))
    /// }
    /// ```
    ///
    /// - Parameter windows: each row's tokens but the last are read, and each but the first are to be said.
    /// - Shapes: `windows` `[B, T + 1]`; result `[]`.
    /// - Precondition: windows fit the context, and their tokens the vocabulary.
    public func loss(_ windows: TokenBatch) -> Tensor {
        logits(windows.inputs).crossEntropy(windows.targets.tokens)
    }

    /// The mean cross-entropy of the next tokens of texts of different lengths.
    ///
    /// - Parameters:
    ///   - batch: the tokens of each text.
    ///   - isScored: for a text and a place in it, whether the token there counts; by default every one does but the
    ///     first, which nothing is said about.
    /// - Shapes: result `[]`.
    public func loss(batch: [[Int]], where isScored: (_ row: Int, _ place: Int) -> Bool = { _, _ in true }) -> Tensor {
        var targets: [Int] = []
        for (row, tokens) in batch.enumerated() {
            for place in tokens.indices.dropFirst() { targets.append(isScored(row, place) ? tokens[place] : -1) }
        }
        return logits(rows: batch.map { $0.dropLast() }).crossEntropy(targets)
    }

    /// The cross-entropy of each next token, in nats.
    ///
    /// - Shapes: `windows` `[B, T + 1]`; result `[B, T]`.
    public func crossEntropies(_ windows: TokenBatch) -> Tensor {
        logits(windows.inputs).crossEntropies(windows.targets.tokens).reshaped([windows.rows, windows.columns - 1])
    }

    /// The mean cross-entropy of every next token of windows too many for one pass, in nats: a plain number, for
    /// evaluation.
    ///
    /// - Parameters:
    ///   - windows: each row's tokens but the last are read, and each but the first are to be said.
    ///   - rows: windows in a pass.
    /// - Shapes: `windows` `[N, T + 1]`.
    public func meanLoss(_ windows: TokenBatch, rows: Int = 32) -> Double {
        require(rows > 0, "a pass needs rows, got \(rows)")
        var (sum, count) = (0.0, 0)
        for first in stride(from: 0, to: windows.rows, by: rows) {
            let last = min(first + rows, windows.rows)
            let tokens = windows.tokens[first * windows.columns..<last * windows.columns]
            let losses = crossEntropies(TokenBatch(Array(tokens), rows: last - first, columns: windows.columns))
            sum += losses.detached().sum()
            count += losses.count
        }
        return sum / Double(max(1, count))
    }

    /// Logits at every position of rows of one length; gradients flow to the parameters where they are watched.
    ///
    /// - Shapes: `tokens` `[B, T]`; result `[B · T, V]`.
    public func logits(_ tokens: TokenBatch) -> Tensor {
        logits(lengths: Array(repeating: tokens.columns, count: tokens.rows), tokens: tokens.tokens)
    }

    private func logits(rows: [ArraySlice<Int>]) -> Tensor {
        logits(lengths: rows.map(\.count), tokens: rows.flatMap { $0 })
    }

    private func logits(lengths: [Int], tokens: [Int]) -> Tensor {
        logits(features: features(lengths: lengths, tokens: tokens))
    }
}
