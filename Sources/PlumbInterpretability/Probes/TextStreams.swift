internal import PlumbBasics
public import PlumbModels
public import PlumbTensor

extension HookedTransformer {
    /// The residual stream after every block at the last token of texts. Texts of one length share passes.
    ///
    /// - Parameters:
    ///   - texts: tokens of each text.
    ///   - rowLimit: the most positions of a pass, which bounds its memory.
    ///   - checkpoint: called before each pass with the share that is done; may throw to end the work.
    /// - Returns: for each block `[N, D]`, the texts in their order.
    /// - Throws: `ModelError` for no text, a text that the model cannot read or activations that are not numbers; what
    ///   `checkpoint` throws.
    public func lastResiduals(
        of texts: [[Int]], rowLimit: Int = 256, checkpoint: (Double) throws -> Void = { _ in }
    ) throws -> [Tensor] {
        guard !texts.isEmpty else { throw ModelError("there is no text to read activations of") }
        for (index, tokens) in texts.enumerated() {
            do { try check(tokens) } catch { throw ModelError("text \(index + 1): \(error)") }
        }
        var order: [Int] = []
        var parts = [[Tensor]](repeating: [], count: configuration.layers)
        let lengths = Dictionary(grouping: texts.indices) { texts[$0].count }
        for (length, members) in lengths.sorted(by: { $0.key < $1.key }) {
            let size = max(1, rowLimit / length)
            for first in stride(from: 0, to: members.count, by: size) {
                try checkpoint(Double(order.count) / Double(texts.count))
                let batch = Array(members[first..<min(first + size, members.count)])
                let cache = run(batch: batch.map { texts[$0] }, recording: .sites(.residPost)).cache
                for layer in parts.indices {
                    guard let all = cache[.block(layer, .residPost)] else { unmet("\(name) has no block \(layer)") }
                    let rows = all.reshaped([batch.count * length, configuration.width])
                    let last = rows.gathered(batch.indices.map { ($0 + 1) * length - 1 })
                    try requireNumbers(last)
                    parts[layer].append(last)
                }
                order += batch
            }
        }
        // Back to the order of the texts.
        var places = [Int](repeating: 0, count: texts.count)
        for (place, text) in order.enumerated() { places[text] = place }
        return parts.map { Tensor.concatenated($0).gathered(places) }
    }
}
