internal import PlumbBasics

/// What a stage of a tokenizer looks for in text.
enum TextPattern: Sendable, Hashable {
    case text([UInt8])
    case expression(RegularExpression)

    /// The pattern that a file gives as `{"String": …}` or `{"Regex": …}`.
    init(json: JSONValue?, in stage: String) throws {
        if let text = json?["String"]?.string {
            self = .text(Array(text.utf8))
        } else if let source = json?["Regex"]?.string {
            do {
                self = .expression(try RegularExpression(source))
            } catch {
                throw TokenizerError("tokenizer.json: \(stage) has \(error)")
            }
        } else {
            throw TokenizerError("tokenizer.json: \(stage) has no pattern that is known")
        }
    }

    /// The pattern as the file writes it.
    var json: JSONValue {
        switch self {
        case .text(let text): .object(["String": .string(String(decoding: text, as: UTF8.self))])
        case .expression(let expression): .object(["Regex": .string(expression.source)])
        }
    }

    /// The matches from left to right, which do not overlap.
    func matches(in text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        switch self {
        case .text(let literal): Self.occurrences(of: literal, in: text)
        case .expression(let expression): Self.matches(of: expression, in: text)
        }
    }

    private static func occurrences(of literal: [UInt8], in text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        guard let first = literal.first else { return [] }
        var found: [Range<Int>] = []
        var index = 0
        while index + literal.count <= text.count {
            if text[index] == first,
                UnsafeBufferPointer(rebasing: text[index..<index + literal.count]).elementsEqual(literal)
            {
                found.append(index..<index + literal.count)
                index += literal.count
            } else {
                index += 1
            }
        }
        return found
    }

    private static func matches(
        of expression: RegularExpression, in text: UnsafeBufferPointer<UInt8>
    ) -> [Range<Int>] {
        var matcher = RegularExpressionMatcher(expression, text)
        var found: [Range<Int>] = []
        var start = 0
        while start <= text.count, let match = matcher.firstMatch(from: start) {
            // An empty match directly after another does not count.
            if !match.isEmpty || match.lowerBound != found.last?.upperBound { found.append(match) }
            start = match.upperBound
            if match.isEmpty {
                start += start < text.count ? UTF8Scalar.decode(text, at: start, end: text.count).length : 1
            }
        }
        return found
    }
}

/// What becomes of a match where text is cut at it.
enum SplitBehavior: String, Sendable, Hashable {
    case removed = "Removed"
    case isolated = "Isolated"
    case contiguous = "Contiguous"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"

    init(json: JSONValue?, in stage: String, default standard: SplitBehavior? = nil) throws {
        if let name = json?.string, let behavior = SplitBehavior(rawValue: name) {
            self = behavior
        } else if let standard, json?.isNull ?? true {
            self = standard
        } else {
            throw TokenizerError(
                "tokenizer.json: the behavior \"\(visible(json?.string ?? json?.kind ?? "none"))\" of a \(stage) "
                    + "pre-tokenizer is not known")
        }
    }

    /// The pieces of `range`, none of them empty.
    ///
    /// - Parameter matches: from left to right within the range.
    func pieces(of range: Range<Int>, matches: [Range<Int>], isInverted: Bool = false) -> [Range<Int>] {
        var parts: [(range: Range<Int>, isMatch: Bool)] = []
        parts.reserveCapacity(2 * matches.count + 1)
        var start = range.lowerBound
        for match in matches {
            if start < match.lowerBound { parts.append((start..<match.lowerBound, isInverted)) }
            parts.append((match, !isInverted))
            start = match.upperBound
        }
        if start < range.upperBound { parts.append((start..<range.upperBound, isInverted)) }
        return merged(parts).filter { !$0.isEmpty }
    }

    private func merged(_ parts: [(range: Range<Int>, isMatch: Bool)]) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        pieces.reserveCapacity(parts.count)
        var previous: Bool?
        switch self {
        case .removed: return parts.filter { !$0.isMatch }.map(\.range)
        case .isolated: return parts.map(\.range)
        case .contiguous:
            for part in parts {
                if part.isMatch == previous, let last = pieces.popLast() {
                    pieces.append(last.lowerBound..<part.range.upperBound)
                } else {
                    pieces.append(part.range)
                }
                previous = part.isMatch
            }
        case .mergedWithPrevious:
            for part in parts {
                if part.isMatch, previous != true, let last = pieces.popLast() {
                    pieces.append(last.lowerBound..<part.range.upperBound)
                } else {
                    pieces.append(part.range)
                }
                previous = part.isMatch
            }
        case .mergedWithNext:
            for part in parts.reversed() {
                if part.isMatch, previous != true, let last = pieces.popLast() {
                    pieces.append(part.range.lowerBound..<last.upperBound)
                } else {
                    pieces.append(part.range)
                }
                previous = part.isMatch
            }
            pieces.reverse()
        }
        return pieces
    }
}
