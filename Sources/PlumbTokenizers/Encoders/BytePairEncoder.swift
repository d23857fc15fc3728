/// Byte-level BPE: the tokens of a piece's bytes, merged pair by pair.
struct BytePairEncoder: Sendable {
    /// The token of each byte; -1 where the vocabulary has none.
    let byteTokens: [Int32]
    let merger: PairMerger
    /// Takes the place of bytes without a token; nil drops them.
    let unknown: Int32?
    /// Whether adjacent bytes without a token become one unknown token.
    let fusesUnknown: Bool

    /// Appends the tokens of a piece.
    ///
    /// - Complexity: O(*n* log *n*) in the bytes of the piece.
    func encode(_ piece: UnsafeBufferPointer<UInt8>, _ work: inout PairMerger.Workspace, into ids: inout [Int32]) {
        work.tokens.removeAll(keepingCapacity: true)
        var lastIsUnknown = false
        for byte in piece {
            let token = byteTokens[Int(byte)]
            if token >= 0 {
                work.tokens.append(token)
                lastIsUnknown = false
            } else if let unknown {
                if !(fusesUnknown && lastIsUnknown) { work.tokens.append(unknown) }
                lastIsUnknown = true
            }
        }
        merger.merge(&work)
        ids.append(contentsOf: work.tokens)
    }
}
