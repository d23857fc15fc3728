internal import PlumbBasics
public import PlumbModels

/// How strongly each head reads what each earlier head writes, from the weights alone, over all layers: ``HeadComposition``
/// of every two layers in one table.
public struct CompositionScores: Sendable, Codable {
    /// What of the later head reads.
    public typealias Kind = HeadComposition.Kind

    /// All heads, layer by layer: the rows and columns of ``scores``.
    public let heads: [AttentionHead]
    /// `[kind][earlier head][later head]`, from 0 to 1; NaN where the second is not of a later layer.
    public let scores: [Kind: [[Double]]]

    /// Scores of every pair of heads.
    ///
    /// - Complexity: O(L² H² K² D).
    public init(_ model: HookedTransformer) {
        let (layers, count) = (model.configuration.layers, model.configuration.heads)
        heads = (0..<layers).flatMap { layer in (0..<count).map { AttentionHead(layer: layer, head: $0) } }
        let circuits = (0..<layers).map { LayerCircuits(model, block: $0) }
        let empty = [[Double]](repeating: [Double](repeating: .nan, count: heads.count), count: heads.count)
        var scores = Dictionary(uniqueKeysWithValues: Kind.allCases.map { ($0, empty) })
        for later in 0..<layers {
            for earlier in 0..<later {
                let between = HeadComposition(from: circuits[earlier], to: circuits[later]).scores
                for (kind, table) in between {
                    for (writer, row) in table.enumerated() {
                        scores[kind]?[earlier * count + writer].replaceSubrange(
                            later * count..<(later + 1) * count, with: row)
                    }
                }
            }
        }
        self.scores = scores
    }

    /// The score of one pair; NaN where `reader` is not of a later layer.
    ///
    /// - Precondition: the model has both heads.
    public func score(_ kind: Kind, from writer: AttentionHead, to reader: AttentionHead) -> Double {
        guard let row = heads.firstIndex(of: writer), let column = heads.firstIndex(of: reader) else {
            unmet("the model has no pair of heads \(writer) and \(reader)")
        }
        return scores[kind]?[row][column] ?? .nan
    }
}
