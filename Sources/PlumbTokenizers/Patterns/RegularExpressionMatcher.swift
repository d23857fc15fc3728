/// Finds the matches of a regular expression in one text, from left to right.
///
/// The search goes back where it must. Expressions that make it go back very often are remembered place by place, so
/// that the work is bounded by the product of the lengths of text and expression.
struct RegularExpressionMatcher {
    private let program: [RegularExpression.Instruction]
    private let text: UnsafeBufferPointer<UInt8>
    private var stack: [Choice] = []
    /// Steps that may be taken before failures are remembered.
    private var patience: Int
    /// One bit for each instruction and place from which no match was found.
    private var failed: [UInt64] = []
    private var marks: [Int] = []

    /// Where to go on when a way fails: at one place, or at each place from `end` back to `start`; a lazy run goes
    /// `end` scalars on at most.
    private struct Choice {
        var instruction: Int
        var start: Int
        var end: Int
        var isLazy = false
    }

    init(_ expression: RegularExpression, _ text: UnsafeBufferPointer<UInt8>) {
        program = expression.program
        self.text = text
        patience = 20_000 + 200 * text.count
    }

    /// The first match that begins at `start` or later.
    mutating func firstMatch(from start: Int) -> Range<Int>? {
        var index = start
        while index <= text.count {
            if let end = match(0, at: index, isOuter: true) { return index..<end }
            index += index < text.count ? length(at: index) : 1
        }
        return nil
    }

    @inline(__always)
    private func length(at index: Int) -> Int { UTF8Scalar.decode(text, at: index, end: text.count).length }

    /// Where the match that begins at a place ends.
    private mutating func match(_ first: Int, at start: Int, isOuter: Bool) -> Int? {
        let base = stack.count
        defer { stack.removeLast(stack.count - base) }
        var (instruction, index) = (first, start)
        while true {
            patience -= 1
            if patience < 0, isOuter, !remember(instruction, index) {
                guard let choice = pop(base) else { return nil }
                (instruction, index) = choice
                continue
            }
            switch step(instruction, index) {
            case .go(let next, let place): (instruction, index) = (next, place)
            case .found:
                if isOuter { forget() }
                return index
            case .failed:
                guard let choice = pop(base) else {
                    if isOuter { marks.removeAll(keepingCapacity: true) }
                    return nil
                }
                (instruction, index) = choice
            }
        }
    }

    private enum Outcome {
        case go(Int, Int)
        case found
        case failed
    }

    @inline(__always)
    private mutating func step(_ instruction: Int, _ index: Int) -> Outcome {
        switch program[instruction] {
        case .take(let scalars):
            guard index < text.count else { return .failed }
            let (value, length) = UTF8Scalar.decode(text, at: index, end: text.count)
            return scalars.contains(value) ? .go(instruction + 1, index + length) : .failed
        case .run(let scalars, let minimum, let maximum, let kind):
            return run(scalars, minimum, maximum, kind, instruction, index)
        case .fork(let first, let second):
            stack.append(Choice(instruction: second, start: index, end: index))
            return .go(first, index)
        case .jump(let next): return .go(next, index)
        case .look(let behind, let isNegated, let end):
            var start = index
            for _ in 0..<(behind ?? 0) {
                guard start >= 0, let previous = TextEdges.scalar(text, before: start) else {
                    start = -1
                    break
                }
                start -= previous.length
            }
            let isThere = start >= 0 && match(instruction + 1, at: start, isOuter: false) != nil
            return isThere != isNegated ? .go(end, index) : .failed
        case .atomic(let end):
            return match(instruction + 1, at: index, isOuter: false).map { .go(end, $0) } ?? .failed
        case .at(let place): return isAt(place, index) ? .go(instruction + 1, index) : .failed
        case .accept: return .found
        }
    }

    @inline(__always)
    private mutating func run(
        _ scalars: ScalarClass, _ minimum: Int, _ maximum: Int, _ kind: RegularExpression.Repetition,
        _ instruction: Int, _ start: Int
    ) -> Outcome {
        var index = start
        var least = start
        var count = 0
        let most = kind == .lazy ? minimum : maximum
        while count < most, index < text.count {
            let (value, length) = UTF8Scalar.decode(text, at: index, end: text.count)
            guard scalars.contains(value) else { break }
            index += length
            count += 1
            if count == minimum { least = index }
        }
        guard count >= minimum else { return .failed }
        switch kind {
        case .possessive: break
        case .greedy:
            if index > least { stack.append(Choice(instruction: instruction + 1, start: least, end: index)) }
        case .lazy:
            if maximum > minimum, index < text.count {
                stack.append(Choice(instruction: instruction, start: index, end: maximum - minimum, isLazy: true))
            }
        }
        return .go(instruction + 1, index)
    }

    /// The next way to try.
    @inline(__always)
    private mutating func pop(_ base: Int) -> (Int, Int)? {
        while stack.count > base {
            let top = stack.count - 1
            let choice = stack[top]
            if choice.isLazy {
                // One scalar more, as long as there are some of the class.
                guard case .run(let scalars, _, _, _) = program[choice.instruction], choice.end > 0,
                    choice.start < text.count
                else {
                    stack.removeLast()
                    continue
                }
                let (value, length) = UTF8Scalar.decode(text, at: choice.start, end: text.count)
                guard scalars.contains(value) else {
                    stack.removeLast()
                    continue
                }
                stack[top].start += length
                stack[top].end -= 1
                return (choice.instruction + 1, choice.start + length)
            }
            guard choice.end > choice.start else {
                stack.removeLast()
                return (choice.instruction, choice.start)
            }
            let end = choice.end - (TextEdges.scalar(text, before: choice.end)?.length ?? 1)
            stack[top].end = end
            if end <= choice.start { stack.removeLast() }
            return (choice.instruction, max(end, choice.start))
        }
        return nil
    }

    private func isAt(_ place: RegularExpression.Place, _ index: Int) -> Bool {
        switch place {
        case .textStart: index == 0
        case .textEnd: index == text.count
        case .textEndOrLine: index == text.count || (index == text.count - 1 && text[index] == 0x0A)
        case .lineStart: index == 0 || (text[index - 1] == 0x0A && index < text.count)
        case .lineEnd: index == text.count || text[index] == 0x0A
        case .wordEdge: isWord(before: index) != isWord(at: index)
        case .notWordEdge: isWord(before: index) == isWord(at: index)
        }
    }

    private func isWord(at index: Int) -> Bool {
        index < text.count && ScalarSet.words.contains(UTF8Scalar.decode(text, at: index, end: text.count).value)
    }

    private func isWord(before index: Int) -> Bool {
        TextEdges.scalar(text, before: index).map { ScalarSet.words.contains($0.value) } ?? false
    }

    /// Marks an instruction and place as tried; false where it was before, and failed.
    private mutating func remember(_ instruction: Int, _ index: Int) -> Bool {
        if failed.isEmpty { failed = [UInt64](repeating: 0, count: program.count * (text.count + 1) / 64 + 1) }
        let bit = instruction * (text.count + 1) + index
        guard failed[bit >> 6] & (1 << UInt64(bit & 63)) == 0 else { return false }
        failed[bit >> 6] |= 1 << UInt64(bit & 63)
        marks.append(bit)
        return true
    }

    /// Takes back the marks of a way that led to a match.
    private mutating func forget() {
        for bit in marks { failed[bit >> 6] &= ~(1 << UInt64(bit & 63)) }
        marks.removeAll(keepingCapacity: true)
    }
}
