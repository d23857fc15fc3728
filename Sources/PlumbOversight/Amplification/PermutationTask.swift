internal import PlumbBasics
public import PlumbData
public import PlumbTensor

/// Powers of permutations: questions (σ, k, x) whose answer is σᵏ(x), on 8 elements, with k from 1 to 63.
///
/// A permutation is a single cycle of all elements, so that an answer which does not depend on k is right for about one k
/// in eight. A text is the table σ(0) … σ(7), then questions, each a token for k and a token for x; the answer is read at x.
///
/// Source: the task *iterate* of Christiano, Shlegeris, Amodei 2018, *Supervising strong learners by amplifying weak
/// experts*, arXiv:1810.08575.
public enum PermutationTask {
    /// Elements: tokens 0 ..< 8.
    public static let elements = 8
    /// k is below it; its tokens follow the elements'.
    public static let powers = 64
    /// Levels of k: 1, 2 to 3, 4 to 7, and so on; the first half of a question is of the level below.
    public static let levels = 6
    /// The level of k, 1 or more.
    public static func level(of k: Int) -> Int { Int.bitWidth - 1 - k.leadingZeroBitCount }
    /// V.
    public static let vocabulary = elements + powers

    /// Some questions about one permutation.
    public struct Questions: Sendable, Equatable {
        /// σ(0) … σ(7).
        public var table: [Int]
        /// k of each question.
        public var powers: [Int]
        /// x of each question.
        public var elements: [Int]

        /// Questions about a permutation.
        public init(table: [Int], powers: [Int], elements: [Int]) {
            require(
                powers.count == elements.count, "\(powers.count) powers do not belong to \(elements.count) elements")
            (self.table, self.powers, self.elements) = (table, powers, elements)
        }

        /// The right answers.
        public var answers: [Int] { zip(powers, elements).map { PermutationTask.power($0, of: table, at: $1) } }
    }

    /// σᵏ(x), by k steps.
    public static func power(_ k: Int, of table: [Int], at x: Int) -> Int {
        (0..<k).reduce(x) { element, _ in table[element] }
    }

    /// Different permutations that are single cycles, drawn uniformly, the same for the same key.
    ///
    /// - Precondition: there are as many: at most 5,040.
    public static func cycles(_ count: Int, key: RandomKey) -> [[Int]] {
        require((0...5040).contains(count), "there are 5,040 cycles of 8 elements, \(count) were asked for")
        var (random, seen, tables) = (key.generator(), Set<[Int]>(), [[Int]]())
        while tables.count < count {
            let order = [0] + (1..<elements).shuffled(using: &random)
            var table = [Int](repeating: 0, count: elements)
            for place in 0..<elements { table[order[place]] = order[(place + 1) % elements] }
            if seen.insert(table).inserted { tables.append(table) }
        }
        return tables
    }

    /// The texts of questions, as many for each permutation.
    ///
    /// - Shapes: result `[B, 8 + 2 · Q]`.
    public static func batch(_ questions: [Questions]) -> TokenBatch {
        let tokens = questions.map { asked in
            asked.table + zip(asked.powers, asked.elements).flatMap { [elements + $0, $1] }
        }
        return TokenBatch(tokens.flatMap { $0 }, rows: tokens.count, columns: tokens.first?.count ?? 0)
    }

    /// Targets of a batch: the answers where x stands, -1 elsewhere.
    ///
    /// - Shapes: `answers` `[B][Q]`, result `[B · (8 + 2 · Q)]`.
    public static func targets(_ answers: [[Int]]) -> [Int] {
        answers.flatMap { answers in
            [Int](repeating: -1, count: elements) + answers.flatMap { [-1, $0] }
        }
    }

    /// How a question is split by H: first the lower half of the steps, then the others from where they lead.
    public static func halves(_ k: Int) -> (first: Int, second: Int) { (k / 2, k - k / 2) }
}
