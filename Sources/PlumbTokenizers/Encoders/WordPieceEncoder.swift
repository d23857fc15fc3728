/// WordPiece: the longest token that begins a word, then the longest that goes on, and so forth.
///
/// Source: Devlin et al., BERT (2018), arXiv 1810.04805; Schuster and Nakajima, Japanese and Korean Voice Search (2012).
struct WordPieceEncoder: Sendable {
    /// Root 0 holds tokens that begin a word, root 1 those that continue one.
    private let trie: TokenTrie
    let unknown: Int32
    /// What is written before tokens that continue a word.
    let continuation: [UInt8]
    /// Words of more characters are unknown.
    let longestWord: Int

    /// - Parameter tokens: the tokens that are found, with the continuation written before those that continue a word.
    init(tokens: [(text: ArraySlice<UInt8>, id: Int32)], unknown: Int32, continuation: [UInt8], longestWord: Int) {
        var trie = TokenTrie(bytes: tokens.reduce(0) { $0 + 2 * $1.text.count }, roots: 2)
        for (text, id) in tokens where !text.isEmpty {
            // A word may itself be written as a continuation is.
            trie.insert(text, token: id, root: 0)
            if text.starts(with: continuation), text.count > continuation.count {
                trie.insert(text.dropFirst(continuation.count), token: id, root: 1)
            }
        }
        self.trie = trie
        self.unknown = unknown
        self.continuation = continuation
        self.longestWord = longestWord
    }

    /// Appends the tokens of a word: one unknown token where some part of it has none.
    func encode(_ word: UnsafeBufferPointer<UInt8>, into ids: inout [Int32]) {
        let characters = word.count { $0 & 0xC0 != 0x80 }
        let first = ids.count
        guard characters <= longestWord else { return ids.append(unknown) }
        var start = 0
        while start < word.count {
            var end = start
            var longest: Int32 = -1
            trie.forEachMatch(word, from: start, root: start == 0 ? 0 : 1) { (end, longest) = ($0, $1) }
            guard longest >= 0 else {
                ids.removeLast(ids.count - first)
                return ids.append(unknown)
            }
            ids.append(longest)
            start = end
        }
    }
}
