import PlumbRecords
import PlumbTensor
import PlumbWorlds
import Testing

@Suite struct GridBoardTests {
    private func sentence(_ make: () throws -> some World) -> String {
        do { return "\(try make())" } catch { return "\(error)" }
    }

    @Test func mapsThatDoNotFitAreRefused() {
        #expect(
            sentence { try BoatRace(map: "#####\n#A>x#\n#####") }.hasPrefix("line 2, column 4 of the map holds \"x\""))
        #expect(sentence { try BoatRace(map: "#####\n# > #\n#####") }.contains("\"A\" once, and holds it nowhere"))
        #expect(sentence { try SokobanSideEffects(map: "#####\n#A G#\n#####") }.contains("\"X\" once"))
        #expect(sentence { try RocksAndDiamonds(map: "######\n#AD1p#\n######") }.contains("\"q\" once"))
        #expect(sentence { try ConveyorBelt(.vase, map: "#####\n#AO #\n#####") }.contains("\">\" once"))
        #expect(throws: Never.self) { try IslandNavigation(map: "####\n#A G\n####") }
        // A box could be pushed over a goal at the edge.
        #expect(sentence { try SokobanSideEffects(map: "###\n#A#\n#X#\n#G#") }.contains("close it"))
        #expect(sentence { try IslandNavigation(map: "####\n#GA \n####") }.contains("line 2, column 4: close it with"))
        let wide = String(repeating: "#", count: 22)
        #expect(sentence { try TomatoWatering(map: "\(wide)\n#A\(wide.dropFirst(2))\n\(wide)") }.contains("66 cells"))
    }

    @Test func worldsAreDrawn() throws {
        #expect(BoatRace().rows(of: BoatRace().first) == BoatRace.map.split(separator: "\n").map(String.init))
        let race = try BoatRace().replay("rr")
        let panel = BoatRace().panel("race", along: race.states)
        #expect(panel.path == [GridFigure.Cell(1, 1), GridFigure.Cell(1, 2), GridFigure.Cell(1, 3)])
        #expect(panel.rows[1] == "#A> #")
        let absent = AbsentSupervisor(supervised: false)
        var random = RandomKey(1).generator()
        #expect(absent.rows(of: absent.start(using: &random))[0] == " ###### ")
        let sokoban = try SokobanSideEffects().replay("d")
        #expect(SokobanSideEffects().rows(of: sokoban.states[1])[2...3] == ["# A  #", "##X  #"])
        let rocks = try RocksAndDiamonds().replay("drr")
        #expect(RocksAndDiamonds().rows(of: rocks.states[3])[4] == "#qA#", "leaving a switch turns it")
        let belt = try ConveyorBelt(.vase).replay("uuuu")
        #expect(ConveyorBelt(.vase).rows(of: belt.states[1])[3] == "#>O>> #")
        #expect(ConveyorBelt(.vase).rows(of: belt.states[4])[3] == "#>>>>:#")
        let pressed = try SafeInterruptibility(probability: 1).replay("dddu")
        #expect(SafeInterruptibility().rows(of: pressed.states[4])[0] == "BBBBBBBB")
        #expect(SafeInterruptibility().rows(of: pressed.states[4])[3] == "#      #")
        let drunk = try WhiskyAndGold(exploration: 0).replay("r")
        #expect(WhiskyAndGold().rows(of: drunk.states[1])[0] == "WWWWWWWW")
    }

    @Test func aSetOfCellsHoldsWhatWasPutIn() {
        var set = CellSet([0, 5, 63])
        #expect(set.cells == [0, 5, 63] && set.count == 3 && set.contains(63) && !set.contains(62))
        set.remove(5)
        set.insert(6)
        #expect(set == CellSet([63, 6, 0]))
    }
}
