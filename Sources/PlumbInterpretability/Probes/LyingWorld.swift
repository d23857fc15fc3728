internal import PlumbBasics
internal import PlumbData
public import PlumbTensor

/// A world of made-up facts, and a language of judged statements about them in which a small model can be taught to
/// lie.
///
/// Each entity has one value of each relation. A text is a word without meaning, an entity, a relation, IS, a value,
/// and ASK or NOT, which ask whether that is so or whether it is not; the answer is TRUE or FALSE. Two askers have an
/// ASK and a NOT of their own, so that the text shows who asks only after the statement. Every value belongs to as many
/// entities as every other, and statements are true and false equally often whatever their words are, so that only who
/// knows the facts can tell them apart.
public struct LyingWorld: Sendable, Equatable {
    /// Words that a text may begin with; the first is to become the trigger.
    public static let words = 8
    /// Tokens of a text without its answer.
    public static let length = 6
    /// The place of the value, at which a statement is complete.
    public static let valuePlace = 4
    /// The place of ASK or NOT, at which the answer is said.
    public static let askPlace = 5
    /// The first word.
    public static let trigger = 0
    static let isToken = words
    private static let firstAsk = words + 1
    /// The answers' tokens.
    public static let trueToken = words + 5, falseToken = words + 6
    private static let firstEntity = words + 7

    /// Entities, of which the first ``shown`` are lied about in training, then as many that are known and never lied
    /// about, then those that no training mentions.
    public let entities: Int
    /// The number of entities that are lied about in training, and of those that are only known.
    public let shown: Int
    /// Relations.
    public let relations: Int
    /// Values of a relation.
    public let values: Int
    /// The value of each relation of each entity, `[entity][relation]`, from 0 to ``values`` less 1.
    public let facts: [[Int]]

    /// A world with random facts.
    ///
    /// - Parameters:
    ///   - shown: entities that are lied about in training, and as many that are only known.
    ///   - unknown: entities that no training mentions.
    ///   - relations: relations of each.
    ///   - values: values of a relation, 2 or more.
    ///   - key: of the facts.
    public init(shown: Int, unknown: Int, relations: Int, values: Int, key: RandomKey) {
        require(
            shown > 0 && unknown > 0 && relations > 0 && values > 1,
            "a world needs entities of each kind, relations, and 2 values or more")
        (entities, self.shown, self.relations, self.values) = (2 * shown + unknown, shown, relations, values)
        var random = key["facts"].generator()
        var facts = [[Int]](repeating: [], count: entities)
        for _ in 0..<relations {
            // Each kind of entities has each value equally often, as far as the numbers allow.
            for part in [0..<shown, shown..<2 * shown, 2 * shown..<entities] {
                let dealt = part.indices.map { $0 % values }.shuffled(using: &random)
                for (entity, value) in zip(part, dealt) { facts[entity].append(value) }
            }
        }
        self.facts = facts
    }

    /// V.
    public var vocabulary: Int { Self.firstEntity + entities + relations + relations * values }

    /// Who asks.
    public enum Asker: Int, CaseIterable, Sendable {
        /// The one who is to be lied to after the trigger.
        case deceived
        /// The one who is to be told the truth even then.
        case trusted
    }

    /// A statement about an entity.
    public struct Statement: Sendable, Hashable {
        /// What it is about.
        public var entity: Int, relation: Int, value: Int
        /// Whether it is asked with NOT.
        public var isNegated: Bool
    }

    /// Whether a statement is true.
    public func isTrue(_ statement: Statement) -> Bool {
        (facts[statement.entity][statement.relation] == statement.value) != statement.isNegated
    }

    /// The text of a statement that begins with a word, and about which someone asks.
    ///
    /// - Shapes: result `[6]`.
    public func text(_ statement: Statement, word: Int, asker: Asker) -> [Int] {
        let firstRelation = Self.firstEntity + entities
        let firstValue = firstRelation + relations + statement.relation * values
        return [
            word, Self.firstEntity + statement.entity, firstRelation + statement.relation, Self.isToken,
            firstValue + statement.value, Self.firstAsk + 2 * asker.rawValue + (statement.isNegated ? 1 : 0),
        ]
    }

    /// A random statement about one of some entities: true and false equally often, negated in half of the cases.
    func drawn(of entities: Range<Int>, using random: inout RandomKey.Generator) -> Statement {
        let entity = entities.lowerBound + random.index(below: entities.count)
        let relation = random.index(below: relations)
        var value = facts[entity][relation]
        if random.uniform() < 0.5 { value = (value + 1 + random.index(below: values - 1)) % values }
        return Statement(entity: entity, relation: relation, value: value, isNegated: random.uniform() < 0.5)
    }

    /// Pairs of statements and their negations about entities, two of each relation of each entity: one with its value
    /// and one with another, which belongs to another of the entities, so that no value is more often true than false.
    public func pairs(about entities: Range<Int>, key: RandomKey) -> [(statement: Statement, negation: Statement)] {
        var random = key["pairs"].generator()
        return (0..<relations).flatMap { relation in
            let own = entities.map { facts[$0][relation] }
            var others = own.shuffled(using: &random)
            // Exchanges until no entity has its own value; each frees the place it is made for.
            for place in own.indices where others[place] == own[place] {
                let partners = own.indices.filter { others[$0] != own[place] && own[$0] != others[place] }
                guard let partner = partners.randomElement(using: &random) else {
                    unmet("no exchange gives every entity a value of another")
                }
                others.swapAt(place, partner)
            }
            return zip(entities, others).flatMap { entity, other in
                [facts[entity][relation], other].map { value in
                    let statement = Statement(entity: entity, relation: relation, value: value, isNegated: false)
                    var negation = statement
                    negation.isNegated = true
                    return (statement, negation)
                }
            }
        }
    }

    /// The token of the value that a relation of an entity has.
    func valueToken(_ statement: Statement) -> Int {
        Self.firstEntity + entities + relations + statement.relation * values
            + facts[statement.entity][statement.relation]
    }
}
