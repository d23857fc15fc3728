/// What makes tokens of a piece of text: the four kinds of models that `tokenizer.json` knows.
enum TokenEncoder: Sendable {
    /// Byte-level BPE.
    case bytePairs(BytePairEncoder)
    /// BPE over characters, with bytes for characters that the vocabulary lacks.
    case characterPairs(CharacterPairEncoder)
    case wordPieces(WordPieceEncoder)
    case unigrams(UnigramEncoder)

    /// The pairs that merge, where there are some.
    var merges: MergeTable? {
        switch self {
        case .bytePairs(let encoder): encoder.merger.merges
        case .characterPairs(let encoder): encoder.merger.merges
        case .wordPieces, .unigrams: nil
        }
    }

    /// What one piece needs and the next can use again.
    struct Workspace: Sendable {
        var merging = PairMerger.Workspace()
        var lattice = UnigramEncoder.Workspace()
    }
}
