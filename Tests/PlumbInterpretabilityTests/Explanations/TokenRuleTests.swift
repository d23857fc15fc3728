import PlumbTensor
import Testing

@testable import PlumbInterpretability

@Suite struct TokenRuleTests {
    private let tokens = ["The", " cat", " (", " 3", " kg", ")", " said", " \"", "Not", " the", "\"", "."]

    private func places(_ rule: TokenRule) -> [Int] {
        let holds = rule.matches(tokens)
        return holds.indices.filter { holds[$0] }
    }

    @Test func aWordIsFoundWhateverItsCaseAndSpace() {
        #expect(places(.word("the")) == [0, 9])
        #expect(places(.word(" THE")) == [0, 9])
    }

    @Test func classesLookAtTheTokenWithoutItsSpace() {
        #expect(places(.digits) == [3])
        #expect(places(.capital) == [0, 8])
        #expect(places(.punctuation) == [2, 5, 7, 10, 11])
        #expect(TokenRule.digits.matches(["", " ", "1a", " 12"]) == [false, false, false, true])
    }

    @Test func suffixesAndPrefixesNeedMoreThanThemselves() {
        #expect(TokenRule.suffix("ing").matches([" ing", " sing", "Singing", " sung"]) == [false, true, true, false])
        #expect(TokenRule.prefix("un").matches([" un", "Undo", " sun"]) == [false, true, false])
    }

    @Test func contextsExcludeTheMarksThatMakeThem() {
        #expect(places(.insideParentheses) == [3, 4])
        #expect(places(.insideQuotes) == [8, 9])
        #expect(places(.after(.digits)) == [4])
        #expect(places(.repeated) == [9, 10])
        #expect(places(.place(2)) == [1])
    }

    @Test func parenthesesNestAndOneTooManyClosesNothing() {
        let tokens = [")", "a", "(", "b", "(", "c", ")", "d", ")", "e"]
        let inside = TokenRule.insideParentheses.matches(tokens)
        #expect(inside.indices.filter { inside[$0] } == [3, 5, 7])
    }

    @Test func rulesCombineAsLogicDoes() {
        #expect(places(.both(.capital, .not(.place(1)))) == [8])
        #expect(places(.either(.digits, .word("cat"))) == [1, 3])
        #expect(places(.not(.either(.punctuation, .capital))) == [1, 3, 4, 6, 9])
        #expect(TokenRule.after(.capital).matches([]) == [])
    }

    @Test func rulesReadAsEnglish() {
        #expect(
            RuleList([.init(.digits, 1), .init(.suffix("ing"), 1)]).sentence
                == "tokens that are made of digits, or that end in “ing”")
        #expect(
            TokenRule.both(.capital, .not(.place(1))).clause
                == "begin with a capital letter but are not tokens that come first in the text")
        #expect(TokenRule.after(.word(" not")).clause == "come right after tokens that are “not”")
        #expect(RuleList([]).sentence == "no rule was found")
    }

    @Test func theFirstRuleThatHoldsDecides() {
        let list = RuleList([.init(.digits, 3), .init(.insideParentheses, 2)], rest: 0.5)
        #expect(list.simulate(["(", "7", "a", ")", "7"]) == [0.5, 3, 2, 0.5, 3])
    }

    @Test func theSearchFindsARuleAndItsLevels() {
        let unit = PlantedUnit(.context, .both(.digits, .insideParentheses))
        let records = unit.records(GeneratedTexts.texts(200, key: .init(7)), noise: 0, key: .init(8))
        guard case .rules(let list) = RuleExplainer().explain(records) else {
            Issue.record("a rule search gives rules")
            return
        }
        let simulated = list.simulate(["(", "7", "a", ")", "7"])
        #expect(list.terms.count == 1 && abs(simulated[1] - 1) < 1e-9 && abs(simulated[4]) < 1e-9)
    }

    @Test func theSearchFindsNothingInAConstantUnit() {
        let records = [ActivationRecord(tokens: ["a", "b", "a", "b"], activations: [2, 2, 2, 2])]
        #expect(RuleExplainer(leastTokens: 1).explain(records) == .rules(RuleList([], rest: 2)))
    }

    @Test func unitsExplainedTogetherGetWhatEachGetsAlone() {
        let texts = GeneratedTexts.texts(60, key: .init(3))
        let records = PlantedUnit.standard.prefix(4).map { $0.records(texts, noise: 0.1, key: .init(4)) }
        #expect(RuleExplainer().explain(Array(records)) == records.map { RuleExplainer().explain($0) })
    }

    @Test func generatedTextsStayInsideTheirVocabulary() {
        let vocabulary = Set(GeneratedTexts.vocabulary)
        let texts = GeneratedTexts.texts(500, key: .init(1))
        #expect(texts.joined().allSatisfy(vocabulary.contains))
        #expect(texts == GeneratedTexts.texts(500, key: .init(1)) && texts != GeneratedTexts.texts(500, key: .init(2)))
        #expect(texts.allSatisfy { $0.count <= 64 })
    }
}
