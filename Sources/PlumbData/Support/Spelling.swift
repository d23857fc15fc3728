/// Near-miss names for "did you mean".
enum Spelling {
    /// Up to `limit` of `candidates` within a third of the word's length in edits, nearest first.
    static func nearest(to word: String, among candidates: [String], limit: Int = 3) -> [String] {
        let word = Array(word.lowercased().utf8.prefix(200))
        let allowed = max(1, word.count / 3)
        let scored = candidates.prefix(10_000).compactMap { candidate -> (String, Int)? in
            let other = Array(candidate.lowercased().utf8.prefix(200))
            guard abs(other.count - word.count) <= allowed else { return nil }
            let distance = editDistance(word, other)
            return distance <= allowed ? (candidate, distance) : nil
        }
        return scored.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.prefix(limit).map(\.0)
    }

    /// " Did you mean a or b?", or nothing where no candidate is near.
    static func hint(for word: String, among candidates: [String]) -> String {
        let near = nearest(to: word, among: candidates)
        return near.isEmpty ? "" : " Did you mean \(near.joined(separator: " or "))?"
    }

    /// The number of insertions, deletions, replacements and swaps of neighbours between two words.
    ///
    /// - Complexity: O(`a.count` × `b.count`).
    static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        var before = [Int](repeating: 0, count: b.count + 1)
        var previous = Array(0...b.count)
        for i in 1...a.count {
            var row = [Int](repeating: i, count: b.count + 1)
            for j in 1...b.count {
                let replaced = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
                row[j] = min(previous[j] + 1, row[j - 1] + 1, replaced)
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { row[j] = min(row[j], before[j - 2] + 1) }
            }
            before = previous
            previous = row
        }
        return previous[b.count]
    }
}
