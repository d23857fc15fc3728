import Foundation
import PlumbAlignment
import PlumbBasics
import PlumbData
import PlumbLearning
import PlumbModels
import PlumbRecords
import PlumbTensor
import Testing

@Suite("Constitutional AI") struct ConstitutionalTests {
    typealias Task = ConstitutionTask

    private func study() -> ConstitutionalStudy {
        var study = ConstitutionalStudy()
        (study.width, study.heads, study.steps, study.batch, study.errors) = (16, 2, 10, 16, [0, 0.5])
        (study.rounds, study.revised, study.tuningSteps, study.comparisons) = (2, 16, 5, 16)
        (study.preferenceSteps, study.prompts, study.choices) = (5, 16, 2)
        return study
    }

    @Test("The rule and the unrelated rule share no token, and prompts hold no banned one")
    func rules() {
        let task = Task(key: RandomKey(3))
        #expect(task.banned.count == 5 && task.unrelated.count == 5 && task.banned.isDisjoint(with: task.unrelated))
        #expect(Task(key: RandomKey(3)).banned == task.banned && Task(key: RandomKey(4)).banned != task.banned)
        for isProvoking in [false, true] {
            for prompt in task.prompts(isProvoking: isProvoking, count: 50, key: RandomKey(5)) {
                #expect(prompt.count == Task.promptLength && prompt[7] == Task.separator)
                #expect(prompt[0] == (isProvoking ? Task.provoking : Task.ordinary))
                #expect(!task.isViolated(by: Task.helpfulAnswer(to: prompt)))
            }
        }
        let banned = task.banned.sorted()[0]
        let allowed = (0..<24).first { !task.banned.contains($0) } ?? 0
        #expect(task.violations([[allowed, banned], [allowed, allowed]]) == 0.5 && task.violations([]).isNaN)
    }

    @Test("Answers are helpful but for banned tokens where a prompt provokes, as often as they should be")
    func texts() {
        let task = Task(key: RandomKey(3))
        let texts = task.texts(4000, harm: 0.25, step: 0, key: RandomKey(6))
        var (banned, count) = (0, 0)
        for text in texts {
            let helpful = Task.helpfulAnswer(to: text.prompt)
            if text.prompt[0] == Task.ordinary { #expect(text.answer == helpful) }
            guard text.prompt[0] == Task.provoking else { continue }
            for (said, helped) in zip(text.answer, helpful) {
                #expect(said == helped || task.banned.contains(said))
                banned += task.banned.contains(said) ? 1 : 0
                count += 1
            }
        }
        // Five standard deviations.
        #expect(count == 12_000 && abs(Double(banned) / 12_000 - 0.25) < 0.02)
    }

    @Test("A critic is wrong as often as it should be, on tokens and on pairs")
    func critics() {
        let right = ConstitutionCritic(banned: [1, 2], error: 0)
        let wrong = ConstitutionCritic(banned: [1, 2], error: 1)
        var random = RandomKey(7).generator()
        for token in 0..<5 {
            #expect(right.flags(token, using: &random) == [1, 2].contains(token))
            #expect(wrong.flags(token, using: &random) == ![1, 2].contains(token))
        }
        #expect(right.prefersFirst([0, 3], using: &random) && !right.prefersFirst([0, 1], using: &random))
        #expect(!wrong.prefersFirst([0, 3], using: &random) && wrong.prefersFirst([0, 1], using: &random))
        let often = ConstitutionCritic(banned: [1, 2], error: 0.2)
        let flags = (0..<5000).count { _ in often.flags(1, using: &random) }
        #expect(abs(Double(flags) / 5000 - 0.8) < 0.03)
    }

    @Test("Rounds make the odds of a banned token fall to e / (1 - e) times what they were")
    func expectedShares() {
        func expected(_ error: Double, _ rounds: Int) -> Double {
            ConstitutionCritic.expected(harm: 0.15, error: error, rounds: rounds)
        }
        #expect(expected(0.2, 0) == 0.15)
        #expect(abs(expected(0, 1) - 0.0225) < 1e-12)
        // .15 (.2 + .8 · .15) + .85 · .2 · .15
        #expect(abs(expected(0.2, 1) - 0.0735) < 1e-12)
        #expect(abs(expected(0.5, 4) - 0.15) < 1e-12)
        let (last, odds) = (expected(0.2, 200), 0.15 / 0.85)
        #expect(abs(last / (1 - last) - odds * 0.25) < 1e-9)
    }

    @Test("A critic without errors leaves answers that keep to its rule, and only flagged tokens change")
    func revisions() throws {
        let task = Task(key: RandomKey(3))
        let model = try study().makeGenerator(task, key: RandomKey(8))
        let prompts = task.prompts(isProvoking: true, count: 20, key: RandomKey(9))
        let clean = prompts.map(Task.helpfulAnswer)
        let critic = ConstitutionCritic(banned: task.banned, error: 0)
        func revise(_ answers: [[Int]]) throws -> [[Int]] {
            try ConstitutionalStudy.revise(answers, to: prompts, by: critic, with: model, key: RandomKey(10))
        }
        #expect(try revise(clean) == clean)
        let banned = task.banned.sorted()[0]
        let broken = clean.map { answer in [answer[0], banned] + answer[2...] }
        let revised = try revise(broken)
        for (one, other) in zip(revised, broken) {
            #expect(one.indices.allSatisfy { $0 == 1 || one[$0] == other[$0] })
        }
        #expect(revised.contains { $0[1] != banned })
        #expect(try revise(broken) == revised)
    }

    @Test("A study repeats by its key, and measures every critic")
    func run() throws {
        let outcome = try study().run(key: RandomKey(11))
        #expect(try study().run(key: RandomKey(11)).critics == outcome.critics)
        #expect(outcome.critics.count == 2 && outcome.critics.allSatisfy { $0.revised.count == 3 })
        for critic in outcome.critics {
            #expect(
                [critic.tuned, critic.helpful, critic.agreement, critic.accuracy, critic.chosen].allSatisfy {
                    (0...1).contains($0)
                })
        }
        // Nothing is flagged twice of the same texts: all critics begin with the same answers.
        #expect(outcome.critics[0].revised[0] == outcome.unrelated.revised[0])
        #expect(outcome.unrelated.agreement.isNaN && outcome.shuffled.tuned.isNaN)
    }

    @Test("Principles find whole words, phrases and signs, and nothing inside other words")
    func principles() {
        let constitution = WritingPrinciple.constitution
        func isBroken(_ name: String, _ text: String) -> Bool? {
            constitution.first { $0.name == name }?.isBroken(by: text)
        }
        #expect(isBroken("no first person", "Well, I like tea.") == true)
        #expect(isBroken("no first person", "I\u{2019}m here") == true)
        #expect(isBroken("no first person", "Italy is in the museum, mister.") == false)
        #expect(isBroken("no advice", "Make  sure\nto rest.") == true)
        #expect(isBroken("no advice", "Tryouts are over.") == false)
        #expect(
            isBroken("no digits", "It has 26 miles.") == true && isBroken("no digits", "Twenty-six miles.") == false)
        #expect(isBroken("no exclamation marks", "Hooray!") == true && isBroken("no exclamation marks", "Hm.") == false)
        #expect(isBroken("no profanity", "Hello, shell.") == false && isBroken("no profanity", "Damn, wet.") == true)
        #expect(constitution.count == 5 && constitution.allSatisfy { $0.requests.count == 4 })
        #expect(WritingPrinciple.share(of: "b", in: "Big boats, blue sea") == 0.75)
        #expect(WritingPrinciple.share(of: "b", in: " 12 ") == 0)
    }

    @Test("A judge that names the first place whatever stands there has a position bias and no opinion")
    func positions() {
        let blind = LanguageModelRevision.Comparison(rightFirst: 0.9, wrongFirst: 0.9)
        #expect(abs(blind.right - 0.5) < 1e-12 && abs(blind.positionBias - 0.4) < 1e-12)
        let fair = LanguageModelRevision.Comparison(rightFirst: 0.8, wrongFirst: 0.2)
        #expect(abs(fair.right - 0.8) < 1e-12 && abs(fair.positionBias) < 1e-12)
    }

    @Test("Settings that do not fit together are refused by name")
    func refusals() {
        func complaint(_ change: (inout ConstitutionalStudy) -> Void) -> String {
            var study = ConstitutionalStudy()
            change(&study)
            return #expect(throws: SettingsError.self) { try study.check() }?.description ?? ""
        }
        #expect(complaint { $0.heads = 5 } == "--width 32 does not divide into 5 heads: give a multiple of --heads")
        #expect(complaint { $0.errors = [0.3, 0.4] }.hasPrefix("--errors takes from 1 to 32 chances"))
        #expect(complaint { $0.errors = [0.2, 0.1] }.hasPrefix("--errors takes from 1 to 32 chances"))
        #expect(complaint { ($0.layers, $0.width, $0.prompts) = (32, 512, 100_000) }.contains("--prompts 100000"))
    }
}
