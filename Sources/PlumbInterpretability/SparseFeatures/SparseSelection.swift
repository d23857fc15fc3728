// Which pre-activations stay: the largest of a row, or of a batch.

/// Appends the `k` largest elements of a row that are above 0, by rising index; of equals the first are kept.
///
/// - Complexity: O(N + s log k), where s elements were, when met, among the largest so far.
func appendLargest(
    _ k: Int, of row: UnsafeBufferPointer<Float>, _ indices: inout [Int32], _ values: inout [Float]
) {
    var heap = WeakestFirst(capacity: k)
    var bound: Float = 0
    for index in row.indices where row[index] > bound {
        heap.insert(row[index], Int32(index))
        bound = heap.bound
    }
    for entry in heap.entries.sorted(by: { $0.index < $1.index }) {
        indices.append(entry.index)
        values.append(entry.value)
    }
}

/// The largest so many numbers met so far, the smallest of them in front; of equals the last met.
private struct WeakestFirst {
    private(set) var entries: [(value: Float, index: Int32)] = []
    private let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        entries.reserveCapacity(capacity)
    }

    /// What a number must exceed to be kept.
    var bound: Float { entries.count < capacity ? 0 : entries[0].value }

    private func isWeaker(_ a: Int, _ b: Int) -> Bool {
        entries[a].value < entries[b].value
            || (entries[a].value == entries[b].value && entries[a].index > entries[b].index)
    }

    mutating func insert(_ value: Float, _ index: Int32) {
        guard entries.count == capacity else {
            entries.append((value, index))
            var child = entries.count - 1
            while child > 0, isWeaker(child, (child - 1) / 2) {
                entries.swapAt(child, (child - 1) / 2)
                child = (child - 1) / 2
            }
            return
        }
        entries[0] = (value, index)
        var parent = 0
        while true {
            var weakest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < capacity && isWeaker(child, weakest) {
                weakest = child
            }
            guard weakest != parent else { return }
            entries.swapAt(parent, weakest)
            parent = weakest
        }
    }
}

/// The `count`-th largest of the elements above 0, or nil where they are fewer.
///
/// The bits of positive floats rise as they do: a count of the upper halves finds the candidates.
func positiveElement(ranked count: Int, in elements: UnsafeBufferPointer<Float>) -> Float? {
    guard count > 0, !elements.isEmpty else { return nil }
    let chunk = 1 << 20
    let chunks = (elements.count + chunk - 1) / chunk
    var counts = [Int32](repeating: 0, count: chunks << 15)
    counts.withUnsafeMutableBufferPointer { counts in
        let counts = counts
        forEachChunk(of: elements.count, size: chunk) { range in
            let start = range.lowerBound / chunk << 15
            for index in range where elements[index] > 0 {
                counts[start + Int(elements[index].bitPattern >> 16)] += 1
            }
        }
    }
    var missing = count
    for upper in stride(from: 1 << 15 - 1, through: 0, by: -1) {
        let here = (0..<chunks).reduce(0) { $0 + Int(counts[$1 << 15 + upper]) }
        if here >= missing {
            let candidates = elements.filter { $0 > 0 && $0.bitPattern >> 16 == UInt32(upper) }
            return candidates.sorted(by: >)[missing - 1]
        }
        missing -= here
    }
    return nil
}
