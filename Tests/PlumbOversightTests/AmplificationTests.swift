import PlumbData
import PlumbLearning
import PlumbModels
@testable import PlumbOversight
import PlumbRecords
import PlumbTensor
import Testing

@Suite("Amplification") struct AmplificationTests {
    typealias Task = PermutationTask

    @Test("Powers follow the table, and cycles return after eight steps and not before")
    func powers() {
        #expect(Task.power(3, of: [1, 2, 3, 4, 5, 6, 7, 0], at: 6) == 1)
        #expect(Task.power(63, of: [1, 2, 3, 4, 5, 6, 7, 0], at: 0) == 7)
        let cycles = Task.cycles(200, key: RandomKey(1))
        #expect(Set(cycles).count == 200 && cycles == Task.cycles(200, key: RandomKey(1)))
        for table in cycles {
            #expect(Set(table) == Set(0..<8))
            #expect(
                (1..<8).allSatisfy { Task.power($0, of: table, at: 0) != 0 } && Task.power(8, of: table, at: 0) == 0)
        }
        #expect(Set(Task.cycles(5040, key: RandomKey(2))).count == 5040)
    }

    @Test("A text is the table and pairs of k and x; answers are read at x")
    func texts() {
        let asked = Task.Questions(table: [1, 2, 3, 4, 5, 6, 7, 0], powers: [1, 63], elements: [4, 2])
        #expect(asked.answers == [5, 1])
        #expect(Task.batch([asked]).tokens == [1, 2, 3, 4, 5, 6, 7, 0, 9, 4, 71, 2])
        #expect(Task.targets([[5, 1]]) == [-1, -1, -1, -1, -1, -1, -1, -1, -1, 5, -1, 1])
    }

    @Test("The halves of a question are smaller and together the whole, down to one")
    func halves() {
        for k in 2..<64 {
            let (first, second) = Task.halves(k)
            #expect(first + second == k && first >= 1 && second < k)
            #expect(Task.level(of: first) == Task.level(of: k) - 1 && Task.level(of: k) < Task.levels)
            for x in 0..<8 {
                let table = [3, 0, 1, 6, 2, 7, 4, 5]
                #expect(
                    Task.power(second, of: table, at: Task.power(first, of: table, at: x))
                        == Task.power(k, of: table, at: x))
            }
        }
    }

    @Test("The overseer looks up facts, whatever the learner says")
    func facts() throws {
        let study = small()
        let (learner, _) = try study.teach(
            .facts, Task.cycles(2, key: RandomKey(1)), helper: nil, key: RandomKey(2), in: .silent)
        let asked = AmplificationStudy.asked(Task.cycles(2, key: RandomKey(3)), powers: [1])
        #expect(AmplificationStudy.overseen(learner, asked) == asked.map(\.answers))
    }

    @Test("For k = 2 the overseer's answer is the learner's answer for 1 to the learner's answer for 1")
    func overseen() throws {
        let study = small()
        let tables = Task.cycles(2, key: RandomKey(1))
        let (learner, _) = try study.teach(.supervised, tables, helper: nil, key: RandomKey(2), in: .silent)
        let asked = AmplificationStudy.asked(tables, powers: [2])
        #expect(AmplificationStudy.overseen(learner, asked) == AmplificationStudy.unrolled(learner, asked))
    }

    @Test("A study is a function of its key, with an accuracy for each k")
    func study() throws {
        let outcome = try small().run(key: RandomKey(4))
        #expect(try outcome == small().run(key: RandomKey(4)))
        for teaching in AmplificationStudy.Teaching.allCases {
            #expect(
                outcome.accuracy[teaching].count == 63 && outcome.accuracy[teaching].allSatisfy { (0...1).contains($0) }
            )
        }
    }

    @Test("Settings that do not fit together are refused")
    func refusals() {
        var study = AmplificationStudy()
        study.heads = 5
        #expect(throws: SettingsError.self) { try study.check() }
        study = AmplificationStudy()
        (study.batch, study.questions) = (4096, 64)
        #expect(throws: SettingsError.self) { try study.check() }
    }

    private func small() -> AmplificationStudy {
        var study = AmplificationStudy()
        (study.permutations, study.width, study.heads, study.steps, study.batch, study.questions) = (2, 16, 2, 6, 4, 4)
        study.comparisonSteps = 4
        return study
    }
}
