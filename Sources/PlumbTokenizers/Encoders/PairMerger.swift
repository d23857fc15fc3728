/// Merges neighboring symbols pair by pair, lowest rank first and leftmost of equals.
///
/// Source: Sennrich, Haddow and Birch, Neural Machine Translation of Rare Words with Subword Units (arXiv 1508.07909).
struct PairMerger: Sendable {
    let merges: MergeTable

    /// Sequences of at most so many symbols are merged by scanning; longer ones in windows.
    private static let scanLimit = 48
    /// How many symbols a window takes that no window took before.
    private static let stride = 40
    /// A window that must reach back over more tokens than this ends the attempt.
    private static let furthest = 32

    /// Room for one piece, kept between pieces.
    struct Workspace: Sendable {
        /// The symbols before, and the tokens after merging.
        var tokens: [Int32] = []
        /// How many symbols each token was made of.
        fileprivate var lengths: [Int32] = []
        fileprivate var ranks: [UInt32] = []
        fileprivate var results: [Int32] = []
        fileprivate var symbols: [Int32] = []
        fileprivate var done: [(token: Int32, length: Int32)] = []
        fileprivate var heap: [UInt64] = []
        fileprivate var next: [Int32] = []
        fileprivate var previous: [Int32] = []
    }

    /// Merges `work.tokens`.
    ///
    /// - Complexity: O(*n* log *n*) in the symbols; O(*n*) for text whose tokens do not depend on what is far away.
    func merge(_ work: inout Workspace) {
        if work.tokens.count <= Self.scanLimit {
            mergeByScanning(&work)
        } else if !mergeByWindows(&work) {
            mergeByHeap(&work)
        }
    }

    /// Merges `work.tokens` with one heap over all of them.
    func mergeAtOnce(_ work: inout Workspace) {
        if work.tokens.count > 1 { mergeByHeap(&work) }
    }

    private func mergeByScanning(_ work: inout Workspace) {
        let count = work.tokens.count
        guard count > 1 else { return }
        work.ranks.removeAll(keepingCapacity: true)
        work.results.removeAll(keepingCapacity: true)
        for index in 1..<count {
            let pair = merges.find(work.tokens[index - 1], work.tokens[index])
            work.ranks.append(pair.rank)
            work.results.append(pair.result)
        }
        while true {
            var best = 0
            var rank = MergeTable.none
            for index in work.ranks.indices where work.ranks[index] < rank {
                rank = work.ranks[index]
                best = index
            }
            guard rank != MergeTable.none else { return }
            let token = work.results[best]
            work.tokens[best] = token
            work.tokens.remove(at: best + 1)
            if !work.lengths.isEmpty {
                work.lengths[best] += work.lengths[best + 1]
                work.lengths.remove(at: best + 1)
            }
            work.ranks.remove(at: best)
            work.results.remove(at: best)
            if best > 0 { (work.ranks[best - 1], work.results[best - 1]) = merges.find(work.tokens[best - 1], token) }
            if best < work.ranks.count {
                (work.ranks[best], work.results[best]) = merges.find(token, work.tokens[best + 1])
            }
        }
    }

    /// Merges window by window, each beginning with the last tokens so far; false where this does not settle.
    ///
    /// A sequence of tokens is what its symbols merge into if every two neighbors are what theirs merge into: the first
    /// merge over a boundary would also be the first one among these two. Within a window all neighbors are such; so
    /// are those around its first token if this is again the token that was there.
    private func mergeByWindows(_ work: inout Workspace) -> Bool {
        swap(&work.symbols, &work.tokens)
        work.done.removeAll(keepingCapacity: true)
        let settles = fillWindows(&work)
        work.lengths.removeAll(keepingCapacity: true)
        work.tokens.removeAll(keepingCapacity: true)
        if settles {
            for entry in work.done { work.tokens.append(entry.token) }
        } else {
            swap(&work.symbols, &work.tokens)
        }
        work.symbols.removeAll(keepingCapacity: true)
        return settles
    }

    private func fillWindows(_ work: inout Workspace) -> Bool {
        var end = 0
        while end < work.symbols.count {
            let start = end
            end = min(end + Self.stride, work.symbols.count)
            var back = min(4, work.done.count)
            while true {
                let from = start - work.done[(work.done.count - back)...].reduce(0) { $0 + Int($1.length) }
                work.tokens.removeAll(keepingCapacity: true)
                work.tokens.append(contentsOf: work.symbols[from..<end])
                work.lengths.removeAll(keepingCapacity: true)
                work.lengths.append(contentsOf: repeatElement(1, count: end - from))
                mergeByScanning(&work)
                let first = work.done.count - back
                if from == 0
                    || (work.done[first].token == work.tokens[0] && work.done[first].length == work.lengths[0])
                {
                    work.done.removeLast(back)
                    for index in work.tokens.indices { work.done.append((work.tokens[index], work.lengths[index])) }
                    break
                }
                guard back < Self.furthest else { return false }
                back = min(2 * back, work.done.count)
            }
        }
        return true
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
