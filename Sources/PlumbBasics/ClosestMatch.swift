/// The words of `candidates` that `word` was most likely meant to be, the nearest first; none where none is near.
///
/// Near means an edit distance of at most a third of the longer word (at least 2), or that `word` begins the candidate.
/// Of equally near candidates the earlier comes first. Case is ignored.
///
/// - Complexity: O(n · m) in the scalars of `word` and of each candidate; only the first 200 scalars of a word and the
///   first 10,000 candidates are compared.
public func closestMatches(to word: String, in candidates: some Sequence<String>, limit: Int = 3) -> [String] {
    let typed = Array(word.lowercased().unicodeScalars.prefix(200))
    guard !typed.isEmpty else { return [] }
    var near: [(distance: Int, candidate: String)] = []
    for candidate in candidates.prefix(10_000) {
        let known = Array(candidate.lowercased().unicodeScalars.prefix(200))
        let isBeginning = typed.count >= 3 && known.starts(with: typed)
        let longer = max(typed.count, known.count)
        // A one-letter word is one substitution away from every other: it is near to nothing but itself.
        let allowed = min(max(2, longer / 3), longer - 1)
        guard isBeginning || abs(typed.count - known.count) <= allowed else { continue }
        let distance = editDistance(typed, known)
        if distance <= allowed || isBeginning { near.append((distance, candidate)) }
    }
    // The sort is stable, so that ties keep the order of the candidates.
    return near.sorted { $0.distance < $1.distance }.prefix(max(0, limit)).map(\.candidate)
}

/// The word of `candidates` that `word` was most likely meant to be, or `nil` when none is near.
///
/// What counts as near is said at ``closestMatches(to:in:limit:)``.
public func closestMatch(to word: String, in candidates: some Sequence<String>) -> String? {
    closestMatches(to: word, in: candidates, limit: 1).first
}

/// The Damerau-Levenshtein distance in its restricted form (optimal string alignment): the least number of insertions,
/// deletions, substitutions and exchanges of neighbors that turn one word into the other.
///
/// - Complexity: O(n · m).
private func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            let change = last[j] + (a[i] == b[j] ? 0 : 1)
            var cost = min(change, last[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                cost = min(cost, beforeLast[j - 1] + 1)
            }
            row.append(cost)
        }
        beforeLast = last
        last = row
    }
    return last[b.count]
}
