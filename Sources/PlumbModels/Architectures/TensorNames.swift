/// What a family of models calls its tensors: one table, read when a model is loaded, saved, or read from GGUF.
struct TensorNames: Sendable {
    /// Where a name is used.
    enum Dialect: Sendable {
        /// Checkpoints as `transformers` writes them.
        case huggingFace
        case gguf
    }

    /// A part of a model that has tensors: `weight` and, for some, `bias`.
    enum Part: Sendable, CaseIterable {
        case tokenEmbedding, positionEmbedding, finalNorm, unembedding
        case ln1, query, key, value, queryKeyValue, queryNorm, keyNorm, attentionOutput, ln1Post
        case ln2, gate, up, gateUp, neuronNorm, down, ln2Post

        var isInsideBlock: Bool {
            switch self {
            case .tokenEmbedding, .positionEmbedding, .finalNorm, .unembedding: false
            default: true
            }
        }

        /// Whether it is a gain, and perhaps a bias, of a normalization.
        var isNorm: Bool {
            [.finalNorm, .ln1, .ln1Post, .ln2, .ln2Post, .queryNorm, .keyNorm, .neuronNorm].contains(self)
        }
    }

    /// How blocks are called; block 3 is `transformer.h.3` or `blk.3`.
    let blocks: (huggingFace: String, gguf: String)
    /// The names of parts, those inside a block without the block.
    var parts: [Part: (huggingFace: String, gguf: String)]
    /// Parts whose weight `transformers` stores as `[inputs, outputs]`.
    var transposed: Set<Part> = []
    /// Names that other releases of `transformers` give a part; a last component with a full stop at its end is a prefix
    /// that may be missing.
    var optionalPrefix = ""
    var otherHead: String?
    /// Whether `transformers` stores gains of norms less 1, `x · (1 + w)`; here, and in GGUF files, they are whole.
    var storesGainsLessOne = false
    /// Beginnings of the names of tensors that belong to parts of a larger model that are not read.
    var ignoredPrefixes: [String] = []
    /// Other beginnings that names may have in place of the first component of `blocks`, which larger models use.
    var otherPrefixes: [String] = []

    /// The same table with other names for some parts, and without others.
    func adding(_ more: [Part: (huggingFace: String, gguf: String)], without: Set<Part> = []) -> TensorNames {
        TensorNames(
            blocks: blocks,
            parts: parts.filter { !without.contains($0.key) }.merging(more) { $1 }, transposed: transposed,
            optionalPrefix: optionalPrefix, otherHead: otherHead, storesGainsLessOne: storesGainsLessOne,
            ignoredPrefixes: ignoredPrefixes, otherPrefixes: otherPrefixes)
    }

    func blocks(_ dialect: Dialect) -> String { dialect == .gguf ? blocks.gguf : blocks.huggingFace }

    subscript(part: Part, dialect: Dialect) -> String? {
        parts[part].map { dialect == .gguf ? $0.gguf : $0.huggingFace }
    }

    /// The part that a tensor belongs to; nil for a name of no part.
    func part(of name: String, _ dialect: Dialect) -> Part? {
        guard let dot = name.lastIndex(of: ".") else { return nil }
        var rest = name[..<dot]
        let prefix = blocks(dialect) + "."
        let isInsideBlock = rest.hasPrefix(prefix)
        if isInsideBlock {
            rest = rest.dropFirst(prefix.count).drop { $0.isNumber }
            guard rest.first == "." else { return nil }
            rest = rest.dropFirst()
        }
        return Part.allCases.first {
            $0.isInsideBlock == isInsideBlock && self[$0, dialect].map { $0 == rest } ?? false
        }
    }
}
