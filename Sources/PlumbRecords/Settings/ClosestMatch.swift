/// The word of `candidates` that `word` was most likely meant to be, or `nil` when none is near.
///
/// Near means an edit distance of at most a third of the longer word (at least 2), or that `word` begins the candidate.
/// Ties go to the earlier candidate. Case is ignored.
public func closestMatch(to word: String, in candidates: [String]) -> String? {
    let typed = word.lowercased()
    guard !typed.isEmpty else { return nil }
    var best: (distance: Int, candidate: String)?
    for candidate in candidates {
        let known = candidate.lowercased()
        let distance = editDistance(typed, known)
        // A one-letter word is one substitution away from every other: it is near to nothing but itself.
        let limit = min(max(2, max(typed.count, known.count) / 3), max(typed.count, known.count) - 1)
        let isBeginning = typed.count >= 3 && known.hasPrefix(typed)
        guard distance <= limit || isBeginning else { continue }
        if best.map({ distance < $0.distance }) ?? true { best = (distance, candidate) }
    }
    return best?.candidate
}

/// The Damerau-Levenshtein distance in its restricted form (optimal string alignment): the least number of insertions,
/// deletions, substitutions and exchanges of neighbours that turn one string into the other.
/// - Complexity: O(n · m) in the characters of both; only the first 200 of each are compared.
func editDistance(_ first: String, _ second: String) -> Int {
    let a = Array(first.prefix(200))
    let b = Array(second.prefix(200))
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
