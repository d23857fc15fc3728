import PlumbBasics
import PlumbOversight
import PlumbRecords
import PlumbTensor
import Testing

@Suite("Prover-verifier games") struct ProverVerifierTests {
    @Test("A plus is the middle row and the middle column")
    func plus() {
        #expect(PlusGame.pixels(PlusGame.plus) == [-1, 1, -1, 1, 1, 1, -1, 1, -1])
        #expect(PlusGame.allPixels.shape == [512, 9])
    }

    @Test("True pictures hold one plus and false ones none, however near the others are", arguments: [0.0, 0.5, 1])
    func pictures(near: Double) {
        var random = RandomKey(1).generator()
        for hasPlus in [true, false] {
            for _ in 0..<200 {
                let picture = PlusGame.picture(hasPlus: hasPlus, cells: 12, near: near, using: &random)
                #expect(picture.count == 12 && picture.count { $0 == PlusGame.plus } == (hasPlus ? 1 : 0))
                guard near == 1 else { continue }
                #expect(picture.allSatisfy { ($0 ^ PlusGame.plus).nonzeroBitCount <= 2 })
            }
        }
    }

    @Test("Provers begin with equally probable symbols and their probabilities sum to one")
    func provers() {
        let prover = PlusProver(symbols: 4, hidden: 5, key: RandomKey(1))
        #expect(prover.symbolProbabilities().elements == [0.25, 0.25, 0.25, 0.25])
        let cells = prover.cellProbabilities([[1, 2, 3], [4, 5, 5]])
        #expect(cells.shape == [2, 3])
        #expect(cells.summed(axis: -1).elements.allSatisfy { abs($0 - 1) < 1e-6 })
        #expect(cells[1][1].item == cells[1][2].item)
        #expect(PlusVerifier(symbols: 4, hidden: 5, key: RandomKey(2)).logits().shape == [512, 4])
    }

    @Test("Colluding provers are right in training and believed when they lie later; a small game shows it")
    func collusion() throws {
        var study = ProverVerifierStudy()
        (study.cells, study.hidden, study.symbols, study.pictures) = (9, 12, 2, 100)
        (study.aloneSteps, study.steps, study.attackSteps, study.batch) = (0, 250, 150, 16)
        (study.verifierRate, study.proverRate) = (0.01, 0.02)
        let outcome = try study.run(key: RandomKey(101))
        let colluded = outcome.games[.collusion]
        #expect((colluded.curve.last?.accuracy ?? 0) > 0.95)
        #expect(colluded.attacked.falseAccepted > 0.9)
        #expect(colluded.curve.first?.step == 0 && colluded.curve.last?.step == 250)
        #expect(outcome.alone.accuracy < 0.65)
        #expect(outcome.games[.sneaky].attacked.falseAccepted < colluded.attacked.falseAccepted)
    }

    @Test("Settings that need too much memory are refused by name")
    func refusals() {
        var study = ProverVerifierStudy()
        (study.cells, study.pictures) = (1024, 100_000)
        let error = #expect(throws: SettingsError.self) { try study.check() }
        #expect(error?.description.contains("--pictures 100000") == true)
    }
}
