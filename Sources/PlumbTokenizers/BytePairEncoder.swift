/// Merges the tokens of a piece's bytes pair by pair, lowest rank first and leftmost of equals.
///
/// Source: Sennrich, Haddow and Birch, Neural Machine Translation of Rare Words with Subword Units (arXiv 1508.07909).
struct BytePairEncoder: Sendable {
    /// The token of each byte; -1 where the vocabulary has none.
    let byteTokens: [Int32]
    let merges: MergeTable
    /// Takes the place of bytes without a token; nil drops them.
    let unknown: Int32?
    /// Whether adjacent bytes without a token become one unknown token.
    let fusesUnknown: Bool

    /// Pieces of at most so many tokens are merged by scanning; longer ones with a heap.
    private static let scanLimit = 40

    /// Room for one piece, kept between pieces.
    struct Workspace: Sendable {
        fileprivate var tokens: [Int32] = []
        fileprivate var pairs: [(rank: UInt32, result: Int32)] = []
        fileprivate var heap: [UInt64] = []
        fileprivate var next: [Int32] = []
        fileprivate var previous: [Int32] = []
    }

    /// Appends the tokens of a piece.
    ///
    /// - Complexity: O(*n* log *n*) in the bytes of the piece.
    func encode(_ piece: UnsafeBufferPointer<UInt8>, _ work: inout Workspace, into ids: inout [Int32]) {
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
        if work.tokens.count <= Self.scanLimit {
            mergeByScanning(&work)
        } else {
            mergeByHeap(&work)
        }
        ids.append(contentsOf: work.tokens)
    }

    private func mergeByScanning(_ work: inout Workspace) {
        work.pairs.removeAll(keepingCapacity: true)
        for index in 1..<max(1, work.tokens.count) {
            work.pairs.append(merges.find(work.tokens[index - 1], work.tokens[index]))
        }
        while true {
            var best = 0
            var rank = MergeTable.none
            for index in work.pairs.indices where work.pairs[index].rank < rank {
                rank = work.pairs[index].rank
                best = index
            }
            guard rank != MergeTable.none else { return }
            let token = work.pairs[best].result
            work.tokens[best] = token
            work.tokens.remove(at: best + 1)
            work.pairs.remove(at: best)
            if best > 0 { work.pairs[best - 1] = merges.find(work.tokens[best - 1], token) }
            if best < work.pairs.count { work.pairs[best] = merges.find(token, work.tokens[best + 1]) }
        }
    }

    /// A heap of rank and position over a linked list; entries that a later merge made stale are skipped.
    private func mergeByHeap(_ work: inout Workspace) {
        let count = work.tokens.count
        work.next = (0..<count).map { Int32($0 + 1) }
        work.previous = (0..<count).map { Int32($0 - 1) }
        work.heap.removeAll(keepingCapacity: true)
        func push(_ left: Int) {
            let right = Int(work.next[left])
            guard right < count else { return }
            let rank = merges.find(work.tokens[left], work.tokens[right]).rank
            if rank != MergeTable.none { Self.push(UInt64(rank) << 32 | UInt64(left), on: &work.heap) }
        }
        for left in 0..<count - 1 { push(left) }
        while let top = Self.pop(&work.heap) {
            let left = Int(top & 0xFFFF_FFFF)
            let right = Int(work.next[left])
            guard work.tokens[left] >= 0, right < count else { continue }
            let pair = merges.find(work.tokens[left], work.tokens[right])
            guard UInt64(pair.rank) == top >> 32 else { continue }
            work.tokens[left] = pair.result
            work.tokens[right] = -1
            work.next[left] = work.next[right]
            if Int(work.next[right]) < count { work.previous[Int(work.next[right])] = Int32(left) }
            if work.previous[left] >= 0 { push(Int(work.previous[left])) }
            push(left)
        }
        work.tokens.removeAll { $0 < 0 }
    }

    private static func push(_ entry: UInt64, on heap: inout [UInt64]) {
        heap.append(entry)
        var index = heap.count - 1
        while index > 0, heap[(index - 1) / 2] > heap[index] {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private static func pop(_ heap: inout [UInt64]) -> UInt64? {
        guard let top = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return top }
        heap[0] = last
        var index = 0
        while true {
            var least = index
            for child in 2 * index + 1...2 * index + 2
            where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            if least == index { return top }
            heap.swapAt(index, least)
            index = least
        }
    }
}
