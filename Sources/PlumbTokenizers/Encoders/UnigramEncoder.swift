/// The most probable cut into tokens under a unigram model (Viterbi).
///
/// Source: Kudo, Subword Regularization (2018), arXiv 1804.10959.
struct UnigramEncoder: Sendable {
    private let trie: TokenTrie
    /// The logarithm of each token's probability.
    let scores: [Double]
    let unknown: Int32
    /// The tokens "<0x00>" to "<0xFF>", -1 where one is missing; empty without byte fallback.
    let byteTokens: [Int32]
    private let unknownScore: Double

    /// Room for one piece, kept between pieces.
    struct Workspace: Sendable {
        fileprivate var best: [(score: Double, start: Int, token: Int32)] = []
        fileprivate var path: [(range: Range<Int>, token: Int32)] = []
    }

    init(vocabulary: Vocabulary, scores: [Double], unknown: Int32, byteTokens: [Int32]) {
        var trie = TokenTrie(bytes: vocabulary.bytes.count)
        // Tokens without a score are found in text as a whole only.
        for (text, id) in vocabulary.found where Int(id) < scores.count { trie.insert(text, token: id) }
        self.trie = trie
        self.scores = scores
        self.unknown = unknown
        self.byteTokens = byteTokens
        unknownScore = (scores.min() ?? 0) - 10
    }

    /// Appends the tokens of a piece. Unknown characters in a row are one unknown token, or their bytes' tokens.
    ///
    /// - Complexity: O(*n k*) in the bytes of the piece and of the longest token.
    func encode(
        _ piece: UnsafeBufferPointer<UInt8>, _ work: inout Workspace, _ id: (UnsafeBufferPointer<UInt8>) -> Int32?,
        into ids: inout [Int32]
    ) {
        walk(piece, &work)
        work.path.removeAll(keepingCapacity: true)
        var end = piece.count
        while end > 0 {
            let (_, start, token) = work.best[end]
            if token == unknown, let last = work.path.last, last.token == unknown, last.range.lowerBound == end {
                work.path[work.path.count - 1].range = start..<last.range.upperBound
            } else {
                work.path.append((start..<end, token))
            }
            end = start
        }
        for (range, token) in work.path.reversed() {
            guard token == unknown else {
                ids.append(token)
                continue
            }
            let bytes = UnsafeBufferPointer(rebasing: piece[range])
            if let whole = id(bytes) {
                ids.append(whole)
            } else if !byteTokens.isEmpty, bytes.allSatisfy({ byteTokens[Int($0)] >= 0 }) {
                for byte in bytes { ids.append(byteTokens[Int(byte)]) }
            } else {
                ids.append(unknown)
            }
        }
    }

    /// The best token that ends at each place.
    private func walk(_ piece: UnsafeBufferPointer<UInt8>, _ work: inout Workspace) {
        work.best.removeAll(keepingCapacity: true)
        work.best.append(contentsOf: repeatElement((score: 0, start: -1, token: -1), count: piece.count + 1))
        var start = 0
        while start < piece.count {
            let score = work.best[start].score
            let length = UTF8Scalar.decode(piece, at: start, end: piece.count).length
            var hasSingle = false
            trie.forEachMatch(piece, from: start) { end, token in
                let candidate = scores[Int(token)] + score
                if work.best[end].start < 0 || candidate > work.best[end].score {
                    work.best[end] = (candidate, start, token)
                }
                if end == start + length { hasSingle = true }
            }
            if !hasSingle {
                let end = start + length
                let candidate = unknownScore + score
                if work.best[end].start < 0 || candidate > work.best[end].score {
                    work.best[end] = (candidate, start, unknown)
                }
            }
            start += length
        }
    }
}
