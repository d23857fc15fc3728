import PlumbOversight
import PlumbRecords
import PlumbTensor
import Testing

@Suite("Critiques") struct CritiqueTests {
    @Test("A flaw shows in its own line only: the lines after it go on from the wrong digit")
    func flaws() {
        let proof = ArithmeticProof(.addition, start: 7, digits: [5, 4, 9]) { line, one, other in
            line == 1 ? 0 : (one + other) % 10
        }
        #expect(proof.lines.map(\.tokens) == [[7, 5, 2], [2, 4, 0], [0, 9, 9]])
        #expect(proof.flaws == [1])
        #expect(LimitedOverseer.finds(proof, checking: [2, 1]) && !LimitedOverseer.finds(proof, checking: [0, 2]))
        #expect(!LimitedOverseer.finds(proof, checking: []))
    }

    @Test(
        "Planted proofs have one flaw, equally often in each line",
        arguments: [DigitOperation.addition, .multiplication, .random(key: RandomKey(3))])
    func planted(operation: DigitOperation) {
        var random = RandomKey(1).generator()
        let proofs = (0..<4000).map { _ in ArithmeticProof.planted(operation, lines: 4, using: &random) }
        #expect(proofs.allSatisfy { $0.flaws.count == 1 && $0.operation == operation && $0.lines.count == 4 })
        for line in 0..<4 { #expect(abs(proofs.count { $0.flaws == [line] } - 1000) < 120) }
    }

    @Test("Operations give the last digit, and a random one gives the same digit each time")
    func operations() {
        #expect(DigitOperation.addition(7, 5) == 2 && DigitOperation.multiplication(7, 5) == 5)
        let (one, other) = (DigitOperation.random(key: RandomKey(3)), DigitOperation.random(key: RandomKey(4)))
        #expect(one == DigitOperation.random(key: RandomKey(3)) && one != other)
    }

    @Test("Unaided, b of L lines find a flaw with the probability b / L")
    func unaided() {
        #expect(LimitedOverseer.unaided(budget: 4, lines: 16) == 0.25)
        #expect(LimitedOverseer.unaided(budget: 20, lines: 16) == 1)
        #expect(LimitedOverseer.unaided(budget: 0, lines: 16) == 0)
    }

    @Test("A trained critic finds more than a random one, which finds what chance finds")
    func critics() throws {
        var study = CritiqueStudy()
        (study.criticSteps, study.generatorSteps, study.proofs, study.samples) = (300, 100, 300, 4)
        let outcome = try study.run(key: RandomKey(101))
        #expect(outcome.gain(.trained, budget: study.place) > 0.5)
        #expect(abs(outcome.help[.random].found[study.place] - 0.125) < 0.07)
        #expect(abs(outcome.unaided[study.place] - 0.125) < 0.07)
        #expect(outcome.help[.trained].lineArea > 0.8 && abs(outcome.help[.random].lineArea - 0.5) < 0.1)
        #expect(outcome.possible >= outcome.generated && outcome.possible >= outcome.help[.trained].discriminated)
    }

    @Test("Budgets of more lines than a proof has are refused by name")
    func refusals() {
        var study = CritiqueStudy()
        study.budgets = [2, 32]
        let error = #expect(throws: SettingsError.self) { try study.check() }
        #expect(error?.description.contains("--lines 16") == true)
    }
}
