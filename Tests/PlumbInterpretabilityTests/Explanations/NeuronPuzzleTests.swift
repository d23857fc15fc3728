import Foundation
import PlumbTensor
import Testing

@testable import PlumbInterpretability

@Suite struct NeuronPuzzleTests {
    @Test func everyPuzzleHasActiveAndInactiveTokensAndFalseExplanations() {
        #expect(NeuronPuzzle.standard.count >= 10)
        #expect(Set(NeuronPuzzle.standard.map(\.name)).count == NeuronPuzzle.standard.count)
        for puzzle in NeuronPuzzle.standard {
            let values = Set(puzzle.records.flatMap(\.activations))
            #expect(values == [0, 10] && puzzle.falseExplanations.count >= 2, "\(puzzle.name)")
        }
    }

    @Test func anOracleScoresOneAndNothingOnExchangedActivations() {
        for puzzle in NeuronPuzzle.standard {
            let check = puzzle.check(key: RandomKey(101))
            #expect(abs(check.oracle - 1) < 1e-12 && abs(check.exchanged) < 0.15, "\(puzzle.name)")
        }
    }

    @Test func textsAreCutIntoWordsNumbersAndMarks() {
        #expect(NeuronPuzzle.words(of: "At 17:30 (late).") == ["At", " 17", ":", "30", " (", "late", ")", "."])
        #expect(NeuronPuzzle.words(of: "") == [])
        for puzzle in NeuronPuzzle.standard {
            for record in puzzle.records { #expect(NeuronPuzzle.words(of: record.tokens.joined()) == record.tokens) }
        }
    }

    @Test func aFileInOpenAIsFormatIsRead() throws {
        let text = """
            {"b": {"name": "marks", "explanation": "question marks", "sentences": [["Who", ["?", 9]], ["Me", "."]],
                   "false_explanations": ["questions"]},
             "a": {"explanation": "x", "sentences": [[["x", 2.5]]]}}
            """
        let puzzles = try NeuronPuzzle.read(Data(text.utf8))
        #expect(puzzles.map(\.name) == ["a", "marks"])
        #expect(puzzles[1].records[0] == ActivationRecord(tokens: ["Who", "?"], activations: [0, 9]))
        #expect(puzzles[1].falseExplanations == ["questions"] && puzzles[0].falseExplanations == [])
    }

    @Test(arguments: [
        ("[1", "not JSON"), ("[]", "an object"), ("{}", "an object"), (#"{"p": {}}"#, "needs an explanation"),
        (#"{"p": {"explanation": "x", "sentences": []}}"#, "needs an explanation"),
        (#"{"p": {"explanation": "x", "sentences": [["a", ["b", "c"]]]}}"#, "sentence 1, token 2"),
        (#"{"p": {"explanation": "x", "sentences": [{}]}}"#, "not an array"),
        (#"{"p": {"explanation": "x", "sentences": [["a"]], "false_explanations": [3]}}"#, "false explanation"),
    ])
    func aDamagedFileIsRefusedWithItsPlace(text: String, part: String) {
        let error = #expect(throws: ExplanationError.self) { try NeuronPuzzle.read(Data(text.utf8)) }
        #expect(error?.description.contains(part) ?? false, "\(error?.description ?? "")")
    }
}
