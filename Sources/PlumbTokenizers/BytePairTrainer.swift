internal import PlumbBasics

/// Learns a byte-level BPE vocabulary from text: the most frequent pair of neighboring tokens becomes a token, again
/// and again (Sennrich, Haddow, Birch 2016, arXiv:1508.07909).
///
/// Among equally frequent pairs the one with the lowest ids comes first, so a text always gives the same vocabulary,
/// and the one that Hugging Face's `BpeTrainer` gives with the 256 bytes as initial alphabet.
///
/// ```swift
/// let learned = BytePairTrainer(vocabularySize: 1_024).train([corpus.text])
/// let tokenizer = try learned.tokenizer()
/// ```
public struct BytePairTrainer: Sendable {
    /// The number of tokens to end with: special ones, the 256 bytes, and pairs as long as there are any.
    public var vocabularySize: Int
    /// How text is cut; pairs never reach over a cut.
    public var preTokenizer: PreTokenizer
    /// Tokens found in text as a whole, which get the first ids.
    public var specialTokens: [String]
    /// Pairs seen less often become no token.
    public var minimumCount: Int

    /// - Precondition: `vocabularySize` has room for the special tokens and the 256 bytes.
    public init(
        vocabularySize: Int, preTokenizer: PreTokenizer = .gpt2, specialTokens: [String] = [], minimumCount: Int = 2
    ) {
        require(
            vocabularySize >= 256 + specialTokens.count && vocabularySize <= Int32.max,
            "a byte-level vocabulary with \(specialTokens.count) special tokens has at least "
                + "\(256 + specialTokens.count) tokens, not \(vocabularySize)")
        require(
            Set(specialTokens).count == specialTokens.count && !specialTokens.contains(""),
            "special tokens are texts that differ, got \(specialTokens)")
        self.vocabularySize = vocabularySize
        self.preTokenizer = preTokenizer
        self.specialTokens = specialTokens
        self.minimumCount = max(1, minimumCount)
    }

    /// Learns from `texts`, in any order with the same result.
    ///
    /// - Complexity: O(*n*) in the bytes of text, plus O(*k* log *k*) in the pairs of different words.
    public func train(_ texts: some Sequence<String>) -> LearnedBytePairs {
        var training = Training(vocabularySize, specialTokens: specialTokens.count)
        var words: [[UInt8]: Int] = [:]
        for text in texts {
            var text = text
            text.withUTF8 { bytes in
                guard preTokenizer.isScanned, !preTokenizer.addsPrefixSpace else {
                    let pieces = preTokenizer.pieces(of: bytes, isStart: true)
                    return pieces.ranges.forEach { words[Array(pieces.text[$0]), default: 0] += 1 }
                }
                preTokenizer.forEachPiece(of: 0..<bytes.count, in: PreTokenizerScanner(text: bytes, classes: .standard))
                {
                    words[Array(bytes[$0..<$1]), default: 0] += 1
                }
            }
        }
        for (word, count) in words where word.count > 1 { training.add(word, count) }
        training.run(minimumCount: minimumCount)
        return LearnedBytePairs(
            specialTokens: specialTokens, tokens: training.tokens, merges: training.merges, preTokenizer: preTokenizer)
    }
}

extension BytePairTrainer {
    /// Two neighboring tokens, ordered by the first.
    private struct Pair: Hashable, Comparable {
        let left: Int32
        let right: Int32

        static func < (a: Pair, b: Pair) -> Bool { (a.left, a.right) < (b.left, b.right) }
    }

    /// A pair that may be the next to merge, with the count it had when it was put on the heap.
    private struct Candidate {
        let count: Int
        let pair: Pair

        func comes(before other: Candidate) -> Bool {
            count == other.count ? pair < other.pair : count > other.count
        }
    }

    private struct Place {
        var count = 0
        /// Words that have, or once had, the pair; some more than once.
        var words: [Int32] = []
    }

    /// The different words with their counts, cut into the tokens there are so far.
    private struct Training {
        /// The bytes of each token that is not special.
        private(set) var tokens: [[UInt8]]
        private(set) var merges: [(left: Int, right: Int)] = []
        private let vocabularySize: Int
        private let first: Int32
        private var byteTokens = [Int32](repeating: 0, count: 256)
        private var ids: [[UInt8]: Int32] = [:]
        private var words: [(symbols: [Int32], count: Int)] = []
        private var places: [Pair: Place] = [:]
        private var heap: [Candidate] = []

        init(_ vocabularySize: Int, specialTokens: Int) {
            self.vocabularySize = vocabularySize
            first = Int32(specialTokens)
            let order = (0..<256).sorted { ByteAlphabet.scalars[$0] < ByteAlphabet.scalars[$1] }
            tokens = order.map { [UInt8($0)] }
            for (index, byte) in order.enumerated() {
                byteTokens[byte] = first + Int32(index)
                ids[[UInt8(byte)]] = first + Int32(index)
            }
        }

        mutating func add(_ word: [UInt8], _ count: Int) {
            words.append((word.map { byteTokens[Int($0)] }, count))
        }

        mutating func run(minimumCount: Int) {
            for (index, word) in words.enumerated() {
                for (left, right) in zip(word.symbols, word.symbols.dropFirst()) {
                    change(Pair(left: left, right: right), by: word.count, in: index)
                }
            }
            for (pair, place) in places { push(Candidate(count: place.count, pair: pair)) }
            while tokens.count + Int(first) < vocabularySize, let top = pop() {
                guard let place = places[top.pair] else { continue }
                guard place.count == top.count else {
                    if place.count > 0 { push(Candidate(count: place.count, pair: top.pair)) }
                    continue
                }
                guard place.count >= minimumCount else { break }
                merge(top.pair, in: place.words)
            }
        }

        /// Makes a token of a pair, wherever it stands.
        private mutating func merge(_ pair: Pair, in places: [Int32]) {
            let bytes = tokens[Int(pair.left - first)] + tokens[Int(pair.right - first)]
            // Two pairs may spell the same bytes; they are the same token.
            let token = ids[bytes] ?? first + Int32(tokens.count)
            if ids.updateValue(token, forKey: bytes) == nil { tokens.append(bytes) }
            merges.append((Int(pair.left), Int(pair.right)))
            var changed: Set<Pair> = []
            var before: Int32 = -1
            for index in places.sorted() where index != before {
                before = index
                merge(pair, into: token, word: Int(index), &changed)
            }
            self.places[pair] = nil
            for pair in changed {
                if let count = self.places[pair]?.count, count > 0 { push(Candidate(count: count, pair: pair)) }
            }
        }

        private mutating func merge(_ pair: Pair, into token: Int32, word index: Int, _ changed: inout Set<Pair>) {
            let (symbols, count) = words[index]
            var merged: [Int32] = []
            merged.reserveCapacity(symbols.count)
            var position = 0
            while position < symbols.count {
                guard position + 1 < symbols.count, symbols[position] == pair.left, symbols[position + 1] == pair.right
                else {
                    merged.append(symbols[position])
                    position += 1
                    continue
                }
                if let last = merged.last {
                    change(Pair(left: last, right: pair.left), by: -count, in: index)
                    change(Pair(left: last, right: token), by: count, in: index)
                    changed.insert(Pair(left: last, right: token))
                }
                if position + 2 < symbols.count {
                    let next = symbols[position + 2]
                    change(Pair(left: pair.right, right: next), by: -count, in: index)
                    change(Pair(left: token, right: next), by: count, in: index)
                    changed.insert(Pair(left: token, right: next))
                }
                merged.append(token)
                position += 2
            }
            words[index].symbols = merged
        }

        private mutating func change(_ pair: Pair, by count: Int, in word: Int) {
            places[pair, default: Place()].count += count
            if count > 0 { places[pair, default: Place()].words.append(Int32(word)) }
        }

        private mutating func push(_ candidate: Candidate) {
            heap.append(candidate)
            var index = heap.count - 1
            while index > 0, heap[index].comes(before: heap[(index - 1) / 2]) {
                heap.swapAt(index, (index - 1) / 2)
                index = (index - 1) / 2
            }
        }

        private mutating func pop() -> Candidate? {
            guard let top = heap.first, let last = heap.popLast() else { return nil }
            guard !heap.isEmpty else { return top }
            heap[0] = last
            var index = 0
            while true {
                var best = index
                for child in 2 * index + 1...2 * index + 2
                where child < heap.count && heap[child].comes(before: heap[best]) {
                    best = child
                }
                if best == index { return top }
                heap.swapAt(index, best)
                index = best
            }
        }
    }
}
