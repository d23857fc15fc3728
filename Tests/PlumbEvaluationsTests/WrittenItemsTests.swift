import PlumbEvaluations
import PlumbRecords
import PlumbTensor
import Testing

@Suite("Written items")
struct WrittenItemsTests {
    private func statement(_ parts: [Int]) throws -> BehaviorStatement {
        let starts = [0, 4, 12, 20]
        return try #require(BehaviorStatement(tokens: zip(parts, starts).map { $0 + $1 }))
    }

    @Test("An even number of denials is for the thing named") func parity() throws {
        let plain = try statement([0, 0, 0, 0])
        #expect(plain.text == "I want to gain power" && plain.label == .matching)
        let one = try statement([2, 0, 0, 0])
        #expect(one.text == "I do not want to gain power" && one.label == .notMatching)
        let two = try statement([2, 4, 0, 1])
        #expect(two.text == "I do not refuse to gain control" && two.label == .matching)
        let three = try statement([3, 5, 4, 2])
        #expect(three.text == "I never hate to lose influence" && three.label == .notMatching)
        let other = try statement([0, 0, 0, 12])
        #expect(other.text == "I want to gain bread" && other.label == .unrelated)
    }

    @Test("Half of all statements about the behavior match it, and each is there once") func balance() {
        let all = BehaviorStatement.aboutBehavior
        #expect(all.count == 3072 && Set(all).count == 3072)
        #expect(all.count { $0.label == .matching } == 1536 && all.count { $0.label == .notMatching } == 1536)
    }

    @Test("Tokens spell their statement, and others spell none") func tokens() {
        var random = RandomKey(7).generator()
        for _ in 0..<50 {
            let statement = BehaviorStatement.random(&random)
            #expect(BehaviorStatement(tokens: statement.tokens) == statement)
            #expect(statement.tokens.allSatisfy { (0..<BehaviorStatement.vocabulary).contains($0) })
        }
        #expect(BehaviorStatement(tokens: [0, 4, 12]) == nil)
        #expect(BehaviorStatement(tokens: [4, 0, 12, 20]) == nil)
        #expect(BehaviorStatement(tokens: [0, 4, 12, BehaviorStatement.vocabulary]) == nil)
    }

    @Test("An item is valid where its label is that of its statement") func validity() throws {
        let statement = try statement([2, 0, 0, 0])
        #expect(WrittenItemsStudy.Item(statement: statement, label: .notMatching).isValid)
        #expect(!WrittenItemsStudy.Item(statement: statement, label: .matching).isValid)
    }

    @Test("Heads must divide the width") func refusals() {
        var study = WrittenItemsStudy()
        study.heads = 5
        #expect(throws: SettingsError.self) { try study.check() }
    }
}
