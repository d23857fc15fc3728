/// What an experiment asks and how: its label in lists and the head of its report.
public struct Card: Codable, Sendable, Equatable {
    /// The name on the command line, for example `activation-patching`.
    public var id: String
    /// The name in headings.
    public var title: String
    /// The research direction of the field it belongs to, for example "Mechanistic interpretability".
    public var direction: String
    /// What is asked, as a question.
    public var question: String
    /// What is expected, as a statement that could turn out false.
    public var hypothesis: String
    /// Where the effect must not appear.
    public var control: String
    /// How it is done, in plain words.
    public var method: String
    /// What the result does not show.
    public var limits: String
    /// The papers it rests on.
    public var references: [Reference]
    /// What was changed after results had been seen, and why; empty where nothing was.
    public var changes: String
    /// How long the quick run takes on two cores, in minutes.
    public var minutes: Double

    /// Earlier spellings of the id, by which it is still found.
    public var aliases: [String]

    /// A card without hypothesis and control, which ``stating(_:)`` derives from the claims.
    public init(
        id: String, title: String, direction: String, question: String, method: String, limits: String,
        references: [Reference] = [], changes: String = "", minutes: Double, aliases: [String] = []
    ) {
        self.id = id
        self.title = title
        self.direction = direction
        self.question = question
        (hypothesis, control) = ("", "")
        self.method = method
        self.limits = limits
        self.references = references
        self.changes = changes
        self.minutes = minutes
        self.aliases = aliases
    }

    /// The card with hypothesis and control as `claims` state them, thresholds included.
    public func stating(_ claims: [Claim]) -> Card {
        func sentence(_ statement: String, _ threshold: String) -> String { "\(statement): \(threshold)." }
        guard !claims.isEmpty else { return self }
        var card = self
        card.hypothesis = claims.map { sentence($0.statement, $0.threshold) }.joined(separator: " ")
        card.control = claims.map { sentence($0.control, $0.controlThreshold) }.joined(separator: " ")
        return card
    }

    private enum CodingKeys: String, CodingKey {
        case id, title, direction, question, hypothesis, control, method, limits, references, changes, minutes, aliases
    }

    /// Reads a card; one from before there were aliases has none.
    /// - Throws: `DecodingError` when a member is missing.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(String.self, forKey: .id)
        title = try container.decode(String.self, forKey: .title)
        direction = try container.decode(String.self, forKey: .direction)
        question = try container.decode(String.self, forKey: .question)
        hypothesis = try container.decode(String.self, forKey: .hypothesis)
        control = try container.decode(String.self, forKey: .control)
        method = try container.decode(String.self, forKey: .method)
        limits = try container.decode(String.self, forKey: .limits)
        references = try container.decode([Reference].self, forKey: .references)
        changes = try container.decodeIfPresent(String.self, forKey: .changes) ?? ""
        minutes = try container.decode(Double.self, forKey: .minutes)
        aliases = try container.decodeIfPresent([String].self, forKey: .aliases) ?? []
    }
}

/// A paper.
public struct Reference: Codable, Sendable, Equatable {
    /// For example "Wang, Variengien, Conmy, Shlegeris, Steinhardt".
    public var authors: String
    /// The title as printed.
    public var title: String
    /// The year of publication.
    public var year: Int
    /// The arXiv identifier, for example `2211.00593`.
    public var arXiv: String?

    /// A paper, with its arXiv identifier where it has one.
    public init(authors: String, title: String, year: Int, arXiv: String? = nil) {
        self.authors = authors
        self.title = title
        self.year = year
        self.arXiv = arXiv
    }
}
