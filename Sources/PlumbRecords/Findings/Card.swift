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
    /// How long the quick run takes on two cores, in minutes.
    public var minutes: Double

    /// A card with all its parts; most experiments have references.
    public init(
        id: String, title: String, direction: String, question: String, hypothesis: String,
        control: String,
        method: String, limits: String, references: [Reference] = [], minutes: Double
    ) {
        self.id = id
        self.title = title
        self.direction = direction
        self.question = question
        self.hypothesis = hypothesis
        self.control = control
        self.method = method
        self.limits = limits
        self.references = references
        self.minutes = minutes
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
