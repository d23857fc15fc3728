internal import PlumbBasics
public import PlumbTensor

/// A short passage about people, what they keep, how many of it and where, and a question with two answers, both of which
/// stand in the passage.
///
/// The wrong answer is that of another person, so that a passage supports it as well for a reader who does not look at
/// whom the sentence is about.
public struct PassageQuestion: Sendable, Codable, Equatable {
    /// What is asked for.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// What a person keeps.
        case what
        /// Where things are.
        case place
        /// How many things a person keeps.
        case number
    }

    /// What is asked for.
    public let kind: Kind
    /// The sentences, one a person.
    public let passage: String
    /// What is asked.
    public let question: String
    /// How a sentence that answers it begins; the answer goes on after a space.
    public let beginning: String
    /// The right answer.
    public let right: String
    /// The wrong answer.
    public let wrong: String

    /// The sentences of the passage.
    public var sentences: [String] { passage.split(separator: ". ").map { $0.hasSuffix(".") ? "\($0)" : "\($0)." } }

    /// Both answers in alphabetical order, which says nothing of which is right.
    public var answers: [String] { [right, wrong].sorted() }

    private static let names = [
        "Anna", "Boris", "Clara", "David", "Elena", "Felix", "Greta", "Henry", "Irene", "Jonas", "Laura", "Martin",
        "Nora", "Oscar", "Paula", "Ralph", "Sara", "Thomas", "Vera", "Walter",
    ]
    private static let places = [
        "Berlin", "Paris", "Rome", "Madrid", "London", "Vienna", "Dublin", "Oslo", "Lisbon", "Warsaw", "Prague",
        "Athens", "Cairo", "Delhi", "Tokyo", "Boston", "Chicago", "Sydney", "Toronto", "Geneva",
    ]
    private static let things = [
        "lamps", "clocks", "books", "chairs", "maps", "bells", "boats", "coats", "drums", "flags", "guitars", "kites",
        "masks", "mirrors", "pens", "rings", "shoes", "stamps", "tents", "violins",
    ]
    private static let colors = ["red", "blue", "green", "white", "black", "yellow", "brown", "gray"]
    private static let numbers = ["three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    /// The most people of a passage, who all have a color of their own.
    public static let mostPeople = colors.count

    /// A random passage with its question.
    ///
    /// - Precondition: `people` is from 2 to ``mostPeople``.
    public init(people: Int, key: RandomKey) {
        require(
            (2...Self.mostPeople).contains(people),
            "a passage is about 2 to \(Self.mostPeople) people, not \(people)")
        var random = key.generator()
        let lists = [Self.names, Self.numbers, Self.colors, Self.things, Self.places].map {
            Array($0.shuffled(using: &random).prefix(people))
        }
        let (names, numbers, colors, things, places) = (lists[0], lists[1], lists[2], lists[3], lists[4])
        let owned = (0..<people).map { "\(numbers[$0]) \(colors[$0]) \(things[$0])" }
        passage = (0..<people).map { "\(names[$0]) keeps \(owned[$0]) in \(places[$0])." }.joined(separator: " ")
        let own = random.index(below: people)
        let other = (own + 1 + random.index(below: people - 1)) % people
        kind = Kind.allCases[random.index(below: Kind.allCases.count)]
        switch kind {
        case .what:
            question = "What does \(names[own]) keep?"
            beginning = "\(names[own]) keeps"
            (right, wrong) = (owned[own], owned[other])
        case .place:
            question = "Where are the \(colors[own]) \(things[own])?"
            beginning = "The \(colors[own]) \(things[own]) are in"
            (right, wrong) = (places[own], places[other])
        case .number:
            question = "How many \(things[own]) does \(names[own]) keep?"
            beginning = "\(names[own]) keeps"
            (right, wrong) = (numbers[own], numbers[other])
        }
    }

    /// Questions that a key decides, each about a passage of its own.
    public static func drawn(_ count: Int, people: Int, key: RandomKey) -> [PassageQuestion] {
        (0..<count).map { PassageQuestion(people: people, key: key[$0]) }
    }
}
