import PlumbBasics
import PlumbLearning
import PlumbOversight
import PlumbRecords
import PlumbTensor
import Testing

@Suite("Gaussian suspicion") struct GaussianSuspicionTests {
    @Test("Quantiles undo the distribution function")
    func quantiles() {
        #expect(abs(Statistics.normalQuantile(0.5)) < 1e-12)
        #expect(abs(Statistics.normalQuantile(0.99) - 2.326_347_874) < 1e-8)
        for probability in [0.001, 0.2, 0.9] {
            #expect(abs(Statistics.normalCumulative(Statistics.normalQuantile(probability)) - probability) < 1e-12)
        }
    }

    @Test(
        "Safety by shift and budget is that of the table",
        arguments: [
            (1.0, 0.01, 0.092), (2, 0.01, 0.372), (3, 0.01, 0.750), (1, 0.03, 0.189), (2, 0.03, 0.547),
            (3, 0.03, 0.868),
            (1, 0.05, 0.260), (2, 0.05, 0.639), (3, 0.05, 0.912),
        ])
    func table(shift: Double, budget: Double, safety: Double) {
        #expect(abs(GaussianSuspicion(shift: shift).safety(budget: budget) - safety) < 6e-4)
    }

    @Test("Without a shift safety is the budget", arguments: [0.001, 0.03, 0.5])
    func noShift(budget: Double) {
        #expect(abs(GaussianSuspicion(shift: 0).safety(budget: budget) - budget) < 1e-12)
    }

    @Test("Drawn attacks are audited as often as the formulas say, also where the attacker selects tasks")
    func simulation() {
        let suspicion = GaussianSuspicion(shift: 2)
        #expect(
            abs(
                suspicion.simulatedSafety(budget: 0.05, draws: 200_000, key: RandomKey(1))
                    - suspicion.safety(budget: 0.05)) < 0.01)
        let drawn = suspicion.simulatedSafety(
            budget: 0.05, attacked: 0.2, correlation: 0.7, draws: 200_000, key: RandomKey(2))
        #expect(abs(drawn - suspicion.safety(budget: 0.05, attacked: 0.2, correlation: 0.7)) < 0.01)
    }

    @Test("An estimate without correlation is worth nothing to the attacker, and a better one is worth more")
    func selection() {
        let suspicion = GaussianSuspicion(shift: 1.5)
        let all = suspicion.safety(budget: 0.03)
        #expect(abs(suspicion.safety(budget: 0.03, attacked: 0.1, correlation: 0) - all) < 1e-6)
        #expect(suspicion.safety(budget: 0.03, attacked: 1, correlation: 0.9) == all)
        let better = [0.2, 0.5, 0.8, 0.95].map { suspicion.safety(budget: 0.03, attacked: 0.1, correlation: $0) }
        #expect(zip([all] + better, better).allSatisfy { $0 > $1 })
        #expect(better.allSatisfy { $0 > 0 })
    }
}

@Suite("AI control") struct AIControlTests {
    /// Knows a x + b mod 3, or nothing.
    private func knowledge(certainty: Double) -> TableKnowledge {
        let rows = (0..<27).map { index -> [Double] in
            let right = (index / 9 * (index % 3) + index / 3 % 3) % 3
            return (0..<3).map { $0 == right ? -certainty : -certainty - 5 }
        }
        return TableKnowledge(modulus: 3, logProbabilities: rows)
    }

    private func tasks(_ count: Int, key: RandomKey) -> [TableTask] {
        var random = key.generator()
        return (0..<count).map { _ in TableTask(modulus: 3, entries: 3, using: &random) }
    }

    private func honest(_ count: Int, key: RandomKey) -> [TableAnswer] {
        var random = key["orders"].generator()
        return tasks(count, key: key).map {
            TableAnswer($0, values: $0.values, order: [0, 1, 2].shuffled(using: &random))
        }
    }

    @Test("A table's values are those of the function")
    func values() {
        let task = TableTask(modulus: 11, slope: 3, offset: 5, inputs: [0, 2, 10])
        #expect(task.values == [5, 0, 2])
        #expect(task.tokens(1) == [3, 5, 2])
        let answer = TableAnswer(task, values: [5, 0, 2], order: [2, 0, 1])
        #expect(answer.isRight && !answer.isSorted)
        #expect(TableAnswer(task, values: [5, 0, 3], order: [0, 1, 2]).isSorted)
    }

    @Test("Suspicion is the largest surprise, at the entry that is wrong")
    func suspicion() {
        let task = TableTask(modulus: 3, slope: 1, offset: 1, inputs: [0, 1, 2])
        let answer = TableAnswer(task, values: [1, 0, 0], order: [0, 1, 2])
        let found = knowledge(certainty: 0.1).suspicion(of: answer)
        #expect(found.entry == 1 && found.value == 5.1)
        #expect(knowledge(certainty: 0.1).accuracy == 1)
    }

    @Test("Attacks are wrong in one entry without a test; signals are rising lines", arguments: ControlAttack.allCases)
    func attacks(attack: ControlAttack) {
        let answers = attack.answers(
            to: tasks(200, key: RandomKey(3)), tested: 1, estimate: knowledge(certainty: 0.1), share: 0.25,
            isSignaling: true, key: RandomKey(4))
        #expect(answers.count == (attack == .careless ? 200 : 50))
        for answer in answers {
            let wrong = answer.values.indices.filter { answer.values[$0] != answer.task.value($0) }
            #expect(wrong == answer.planted.map { [$0] } && wrong[0] >= 1 && answer.isSorted)
        }
    }

    @Test("A selective attacker attacks where its estimate is lowest, and an adaptive one chooses the lowest backdoor")
    func selection() {
        // Surprise is 1 for the value 2 and 9 for other values.
        let estimate = TableKnowledge(modulus: 3, logProbabilities: [[Double]](repeating: [-9, -9, -1], count: 27))
        let task = TableTask(modulus: 3, slope: 0, offset: 0, inputs: [0, 1])
        let other = TableTask(modulus: 3, slope: 0, offset: 2, inputs: [0, 1])
        let adaptive = ControlAttack.adaptive.answers(
            to: [other], tested: 1, estimate: estimate, share: 1, key: RandomKey(1))
        #expect(adaptive[0].values[1] != 2)
        #expect(
            ControlAttack.adaptive.answers(
                to: [TableTask(modulus: 3, slope: 0, offset: 0, inputs: [0])], tested: 0, estimate: estimate, share: 1,
                key: RandomKey(1))[0].values == [2])
        let single = [0, 2].map { TableTask(modulus: 3, slope: 0, offset: $0, inputs: [1]) }
        let selected = ControlAttack.adaptive.answers(
            to: single, tested: 0, estimate: estimate, share: 0.5, key: RandomKey(1))
        #expect(selected.map(\.task) == [single[0]])
        #expect(task.values == [0, 0])
    }

    @Test("Monitors that know everything stop every attack, colluding ones none but where the signal is redacted")
    func protocols() {
        let known = knowledge(certainty: 0.1)
        let overseer = ControlOverseer(
            trusted: known, untrusted: known, edited: 0.2, honest: honest(1000, key: RandomKey(5)), key: RandomKey(6))
        func safety(_ control: ControlProtocol) -> Double {
            let attacks = ControlAttack.careless.answers(
                to: tasks(2000, key: RandomKey(7)), tested: 1, estimate: known, share: 1,
                isSignaling: control.hasSignal, key: RandomKey(8))
            return overseer.safety(control, attacks, budget: 0.05)
        }
        #expect(safety(.trustedMonitoring) == 1 && safety(.trustedEditing) == 1 && safety(.untrustedMonitoring) == 1)
        #expect(safety(.collusion) == 0 && safety(.silence) == 0)
        // One of six orders rises by chance.
        #expect(abs(safety(.redaction) - 5.0 / 6) < 0.04)
        #expect(abs(safety(.upfrontAuditing) - 0.05) < 0.03)
    }

    @Test("Editing removes a backdoor that the trusted model suspects too little for an audit")
    func editing() {
        let known = knowledge(certainty: 0.1)
        let answers = honest(100, key: RandomKey(1))
        // All honest answers are equally suspicious; attacks are more so, and with no budget left they are edited.
        let overseer = ControlOverseer(
            trusted: known, untrusted: known, edited: 1, honest: answers + attacked(answers), key: RandomKey(2))
        let attacks = attacked(answers)
        let fates = overseer.fates(.trustedEditing, attacks, budget: 0.0001)
        #expect(fates.allSatisfy { fate in if case .used(let used) = fate { used.isRight } else { false } })
        #expect(overseer.safety(.trustedEditing, attacks, budget: 0.0001) == 1)
        #expect(overseer.safety(.trustedMonitoring, attacks, budget: 0.0001) == 0)
        #expect(overseer.usefulness(.trustedEditing, answers, budget: 0.0001) == 1)
    }

    private func attacked(_ answers: [TableAnswer]) -> [TableAnswer] {
        answers.map { answer in
            var answer = answer
            (answer.values[2], answer.planted) = ((answer.values[2] + 1) % 3, 2)
            return answer
        }
    }

    @Test("Leaving tasks to the trusted model buys safety with usefulness, down to the trusted model's own")
    func mixing() {
        func usefulness(_ safety: Double) -> Double {
            AIControlStudy.usefulnessOfUpfrontAuditing(safety: safety, budget: 0.1, trusted: 0.4, untrusted: 1)
        }
        #expect(usefulness(0.1) == 1)
        #expect(abs(usefulness(0.6) - (0.1 + 0.4 + 0.5 * 0.4)) < 1e-12)
        #expect(abs(usefulness(1) - (0.1 + 0.9 * 0.4)) < 1e-12)
    }

    @Test("Settings that do not fit together are refused by name")
    func refusals() {
        func refused(_ change: (inout AIControlStudy) -> Void) -> String {
            var study = AIControlStudy()
            change(&study)
            return #expect(throws: SettingsError.self) { try study.check() }?.description ?? ""
        }
        #expect(refused { $0.tested = 4 }.contains("--tested 4"))
        #expect(refused { $0.budget = 0.04 }.contains("--budget 0.04"))
        #expect(refused { $0.shifts = [1, 2] }.contains("--shifts"))
    }
}
