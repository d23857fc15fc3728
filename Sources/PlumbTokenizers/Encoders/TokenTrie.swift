/// Finds all tokens that begin at a place of a text.
struct TokenTrie: Sendable {
    /// Node and byte to node; roots are the first nodes.
    private var edges: MergeTable
    /// The token that ends at each node; -1 where none does.
    private var tokens: [Int32]

    /// Makes room for tokens of so many bytes together, below so many roots.
    init(bytes: Int, roots: Int = 1) {
        edges = MergeTable(capacity: bytes + 1)
        tokens = [Int32](repeating: -1, count: roots)
    }

    /// Adds a token; of equal ones the last counts.
    mutating func insert(_ text: some Sequence<UInt8>, token: Int32, root: Int32 = 0) {
        var node = root
        for byte in text {
            var next = edges.find(node, Int32(byte)).result
            if next < 0 {
                next = Int32(tokens.count)
                edges.insert(node, Int32(byte), rank: 0, result: next)
                tokens.append(-1)
            }
            node = next
        }
        tokens[Int(node)] = token
    }

    /// Hands over the end and token of each match that begins at `start`, shortest first.
    @inline(__always)
    func forEachMatch(
        _ text: UnsafeBufferPointer<UInt8>, from start: Int, root: Int32 = 0,
        _ body: (_ end: Int, _ token: Int32) -> Void
    ) {
        var node = root
        var index = start
        while index < text.count {
            node = edges.find(node, Int32(text[index])).result
            guard node >= 0 else { return }
            index += 1
            if tokens[Int(node)] >= 0 { body(index, tokens[Int(node)]) }
        }
    }
}
