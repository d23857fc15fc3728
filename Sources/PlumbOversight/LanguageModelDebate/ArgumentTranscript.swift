/// What debaters, or one consultant, have said about a question so far.
///
/// A debater reads the passage, its own arguments and those of its opponent, and not which side it is on: with the sides
/// exchanged it says the same, and the transcript is mirrored.
public struct ArgumentTranscript: Sendable, Codable, Equatable {
    /// What is argued about.
    public let question: PassageQuestion
    /// The answer that each side argues for: one of a consultant, two of a debate.
    public let sides: [String]
    /// The arguments of each side, one a round, with their quotes marked.
    public var arguments: [[String]]

    /// A transcript in which nobody has spoken.
    public init(_ question: PassageQuestion, sides: [String]) {
        (self.question, self.sides) = (question, sides)
        arguments = sides.map { _ in [] }
    }

    /// The same with the sides exchanged.
    public var mirrored: ArgumentTranscript {
        var other = ArgumentTranscript(question, sides: sides.reversed())
        other.arguments = arguments.reversed()
        return other
    }

    /// The same where each side only says its answer, once.
    public var withoutQuotes: ArgumentTranscript {
        var other = self
        other.arguments = sides.map { [Self.opening($0)] }
        return other
    }

    private static func opening(_ answer: String) -> String { "The answer is \(answer)." }

    /// How every argument for an answer begins, up to the first word of a quote.
    static func beginning(_ answer: String) -> String { opening(answer) + " The text says: \"" }

    /// What a debater goes on from: the passage, the question, what was said, and how its argument begins.
    func prompt(side: Int) -> String {
        var lines = [question.passage, "", "Question: \(question.question)"]
        for round in arguments[side].indices {
            lines.append("Debater: \(arguments[side][round])")
            lines += arguments.indices.filter { $0 != side }.map { "Opponent: \(arguments[$0][round])" }
        }
        return lines.joined(separator: "\n") + "\nDebater: \(Self.beginning(sides[side]))"
    }

    /// The sentences that a side has not quoted yet; all of them where it has quoted all.
    func quotable(side: Int) -> [String] {
        let left = question.sentences.filter { sentence in !arguments[side].contains { $0.contains(sentence) } }
        return left.isEmpty ? question.sentences : left
    }

    /// What a judge sees of it.
    var shown: String {
        let names = ["A", "B"]
        let rounds = arguments.map(\.count).min() ?? 0
        let lines = (0..<rounds).flatMap { round in
            arguments.indices.map { "\(names[$0]): \(arguments[$0][round])" }
        }
        let who = sides.count > 1 ? "A and B have" : "A has"
        return
            "\(who) read a text that you do not see. A program has marked which quotes are in the text.\n\n"
            + lines.joined(separator: "\n")
    }
}
