import PlumbFoundations
import PlumbTensor
import Testing

/// Fixed points on the frame of worlds, and players that prove things of each other.
@Suite struct ModalLogicTests {
    private let p = ModalFormula.variable("p")

    @Test func aSentenceThatSaysItCanBeProvedIsTrue() throws {
        let loeb = try ModalSystem([("p", .box(p))]).solved()
        #expect(loeb["p"] && loeb.worlds.allSatisfy { $0["p"] == true })
        // One that says it cannot be proved is false in the first world and true in all later ones.
        let goedel = try ModalSystem([("p", !.box(p))]).solved()
        #expect(goedel.worlds.map { $0["p"] } == [false, true])
        #expect(goedel["p"])
    }

    @Test func aReferenceToItselfOutsideEveryBoxIsRefused() {
        #expect(throws: FoundationsError.self) { try ModalSystem([("p", !p)]) }
        #expect(throws: FoundationsError.self) {
            try ModalSystem([("p", .box(.variable("q")) && .variable("q")), ("q", !p)])
        }
        #expect(throws: FoundationsError("p refers to q, which the system does not define")) {
            try ModalSystem([("p", .box(.variable("q")))])
        }
        #expect(throws: FoundationsError("the system defines p twice: each variable needs one equation")) {
            try ModalSystem([("p", .box(p)), ("p", .constant(true))])
        }
        // A chain outside boxes that does not come back is fine.
        #expect(throws: Never.self) { try ModalSystem([("p", !.variable("q")), ("q", .box(p))]) }
    }

    @Test func anEquationHoldsInEveryWorldOfItsSolution() throws {
        var random = RandomKey(4).generator()
        for _ in 0..<50 {
            let names = ["a", "b", "c"]
            let formulas = names.map { _ in ModalFormula.random(names, depth: 3, using: &random) }
            let equations = zip(names, formulas).map { (name: $0, formula: ModalFormula.box($1)) }
            let solution = try ModalSystem(equations).solved()
            // The same system with the equation as a further sentence: it must be true in every world.
            let law = equations.map { equation in
                (ModalFormula.variable(equation.name) && equation.formula)
                    || (!.variable(equation.name) && !equation.formula)
            }
            let checked = try ModalSystem(
                equations + law.enumerated().map { (name: "law \($0)", formula: $1) }
            ).solved()
            for world in checked.worlds { #expect((0..<3).allSatisfy { world["law \($0)"] == true }) }
            for name in names { #expect(checked[name] == solution[name]) }
        }
    }

    @Test func noPlayerExploitsFairBot() throws {
        var random = RandomKey(5).generator()
        for index in 0..<200 {
            let formula = ModalFormula.random(["opponent", "opponent/DefectBot"], depth: 3, using: &random)
            let player = ModalAgent("player \(index)", helpers: [.defectBot], .box(formula))
            #expect(try ModalAgent.fairBot.plays(player).moves != "CD")
        }
    }

    @Test func chickenSavesFromASpuriousProof() throws {
        #expect(try FiveAndTen.naive([0, 1, 2]).decides().action == 0)
        #expect(try FiveAndTen.naive([1, 0, 2]).decides().action == 1)
        for order in FiveAndTen.orders { #expect(try FiveAndTen.naive(order).playingChicken.decides().action == 1) }
    }
}
