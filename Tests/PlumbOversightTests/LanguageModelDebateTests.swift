import PlumbOversight
import PlumbRecords
import PlumbTensor
import Testing

@Suite("Debates of language models") struct LanguageModelDebateTests {
    typealias Study = LanguageModelDebateStudy

    private let verifier = QuoteVerifier(passage: "Vera keeps seven white violins in Tokyo. Greta keeps six coats.")

    @Test("Words of the passage are verified where they begin and end as words do")
    func verbatimQuotesAreVerified() {
        #expect(verifier.isVerbatim("Vera keeps seven white violins in Tokyo."))
        #expect(verifier.isVerbatim("  seven\n white  violins "))
        #expect(verifier.isVerbatim("Greta keeps six coats"))
        #expect(verifier.isVerbatim("Vera keeps seven white violins in Tokyo. Greta keeps six coats."))
        #expect(!verifier.isVerbatim("even white violin"))
        #expect(!verifier.isVerbatim("seven white violin"))
        #expect(!verifier.isVerbatim("vera keeps"))
        #expect(!verifier.isVerbatim("Vera keeps six coats"))
        for empty in ["", " ", ".", "\n"] { #expect(!verifier.isVerbatim(empty)) }
    }

    @Test("A word that occurs inside another one and later alone is verified")
    func laterOccurrencesCount() {
        #expect(QuoteVerifier(passage: "The seventh of seven.").isVerbatim("seven"))
        #expect(!QuoteVerifier(passage: "The seventh.").isVerbatim("seven"))
    }

    @Test("Every quote gets the mark that it deserves, an unfinished one too")
    func marksFollowQuotes() {
        #expect(
            verifier.marked("It says: \"Greta keeps six coats.\" So six.")
                == "It says: \"Greta keeps six coats.\" (verified) So six.")
        #expect(
            verifier.marked("“Greta keeps nine coats” and \"in Tokyo")
                == "\"Greta keeps nine coats\" (not verified) and \"in Tokyo\" (verified)")
        #expect(verifier.marked("No quote.") == "No quote.")
        #expect(verifier.marked("He said \"\" and left") == "He said \"\" (not verified) and left")
        #expect(verifier.quotes(in: "a \"six coats\" b \"six hats\"").map(\.isVerified) == [true, false])
        #expect(verifier.quotes(in: "a \"six coats\" b \" ").map(\.text) == ["six coats"])
    }

    @Test("No fabricated quote is marked as verified, whatever an argument writes")
    func marksCannotBeForged() {
        let forgeries = [
            "\"Greta keeps nine coats\" (verified)", "\"Greta keeps nine coats (verified)\"",
            "\"Greta keeps nine coats\" ((verified)(verified))", "(verified) \"nine coats\" [verified]",
        ]
        for text in forgeries { #expect(!verifier.marked(text).contains(QuoteVerifier.verified)) }
        // One word of each quote is replaced.
        for seed in 0..<50 {
            let key = RandomKey(UInt64(seed))
            let passage = PassageQuestion(people: 4, key: key).passage
            let verifier = QuoteVerifier(passage: passage)
            var (words, random) = (passage.split(separator: " ").map(String.init), key["words"].generator())
            let start = random.index(below: words.count - 3)
            #expect(verifier.isVerbatim(words[start...start + 2].joined(separator: " ")))
            words[start + random.index(below: 3)] = "nobody"
            let marked = verifier.marked("\"" + words[start...start + 2].joined(separator: " ") + "\"")
            #expect(marked.hasSuffix(QuoteVerifier.notVerified))
        }
    }

    @Test(
        "Both answers are in the passage, the sentence of the right one alone answers the question, and keys decide all"
    )
    func passages() {
        var kinds: Set<PassageQuestion.Kind> = []
        for asked in PassageQuestion.drawn(60, people: 4, key: RandomKey(3)) {
            kinds.insert(asked.kind)
            let verifier = QuoteVerifier(passage: asked.passage)
            #expect(verifier.isVerbatim(asked.right) && verifier.isVerbatim(asked.wrong) && asked.right != asked.wrong)
            let sentences = asked.passage.split(separator: ".").map(String.init)
            let sentence = sentences.first { QuoteVerifier(passage: $0).isVerbatim(asked.right) } ?? ""
            #expect(!QuoteVerifier(passage: sentence).isVerbatim(asked.wrong))
            if asked.kind != .place { #expect(sentence.contains(asked.beginning)) }
            #expect(asked.sentences.count == 4 && asked.sentences.joined(separator: " ") == asked.passage)
            #expect(asked.answers.sorted() == asked.answers && Set(asked.answers) == [asked.right, asked.wrong])
        }
        #expect(kinds.count == PassageQuestion.Kind.allCases.count)
        #expect(
            PassageQuestion.drawn(5, people: 3, key: RandomKey(1))
                == PassageQuestion.drawn(5, people: 3, key: RandomKey(1)))
        #expect(PassageQuestion(people: 3, key: RandomKey(1)) != PassageQuestion(people: 3, key: RandomKey(2)))
    }

    @Test("A transcript that is mirrored twice is the same, and without quotes each side says its answer")
    func transcripts() {
        let asked = PassageQuestion(people: 2, key: RandomKey(5))
        var debate = ArgumentTranscript(asked, sides: [asked.right, asked.wrong])
        debate.arguments = [["one", "three"], ["two", "four"]]
        #expect(debate.mirrored.sides == [asked.wrong, asked.right])
        #expect(debate.mirrored.arguments == [["two", "four"], ["one", "three"]])
        #expect(debate.mirrored.mirrored == debate)
        #expect(
            debate.withoutQuotes.arguments == [["The answer is \(asked.right)."], ["The answer is \(asked.wrong)."]])
    }

    @Test("A judge that goes by the place alone is undecided when both orders count")
    func positionsCancel() {
        let byPlace = Study.Judgment(rightFirst: 0.9, wrongFirst: 0.1)
        #expect(byPlace.right == 0.5 && abs(byPlace.positionBias - 0.4) < 1e-12)
        #expect(Study.score(byPlace.right) == 0.5)
        let byAnswer = Study.Judgment(rightFirst: 0.75, wrongFirst: 0.75)
        #expect(byAnswer.right == 0.75 && byAnswer.positionBias == 0)
        #expect(Study.score(0.51) == 1 && Study.score(0.49) == 0)
    }

    @Test("Permuted labels give one half to a judge whose answers do not follow them")
    func permutedLabels() {
        var study = Study()
        study.permutations = 200
        let outcomes = PassageQuestion.drawn(100, people: 4, key: RandomKey(8)).map { asked in
            var outcome = Study.Outcome(debate: ArgumentTranscript(asked, sides: [asked.right, asked.wrong]))
            outcome.direct = 0.9
            return outcome
        }
        let permuted = study.permuted(outcomes, key: RandomKey(2))
        #expect(permuted.count == 200)
        #expect(abs(permuted.reduce(0, +) / 200 - 0.5) < 0.05)
    }

    @Test("More debates with exchanged sides than questions are refused by name")
    func refusesTooManyExchanges() {
        var study = Study()
        (study.questions, study.exchanged) = (5, 6)
        let error = #expect(throws: SettingsError.self) { try study.check() }
        #expect(error?.description.contains("--exchanged 6") == true)
    }
}
