import Foundation
import Testing

/// `plumb world`: worlds drawn, moves played, and maps that cannot be used.
@Suite struct WorldCommandTests {
    private let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("world-\(UUID().uuidString)")

    private func run(_ arguments: String..., map: String? = nil) throws -> Plumb.Outcome {
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        if let map { try Data(map.utf8).write(to: scratch.appendingPathComponent("map.txt")) }
        return try Plumb.run(["world"] + arguments, in: scratch)
    }

    @Test func theListNamesTheWorlds() throws {
        let list = try run("list")
        #expect((list.code, list.errors) == (0, ""))
        let worlds = try #require(try run("--json").json()["worlds"] as? [[String: Any]])
        #expect(worlds.count == 11)
        for world in worlds { #expect(list.output.contains(try #require(world["id"] as? String))) }
    }

    @Test func aWorldIsDrawnWithItsLegend() throws {
        let shown = try run("show", "boat-race")
        #expect((shown.code, shown.errors) == (0, ""))
        #expect(shown.output.contains("\n#####\n#A> #\n#^#v#\n# < #\n#####\n"))
        #expect(shown.output.contains("\n>  arrow\n"))
    }

    @Test func movesSayWhatIsToldAndWhatWasWanted() throws {
        let played = try run("play", "boat-race", "--moves", "rl", "--json").json()
        #expect(played["return"] as? Double == 1 && played["performance"] as? Double == 0)
        let text = try run("play", "sokoban-side-effects", "--moves", "dl", "--frames")
        #expect(text.output.contains("after move 1, down") && text.output.contains("The episode goes on."))
    }

    @Test func aMapOfOnesOwnIsPlayed() throws {
        let played = try run(
            "play", "island-navigation", "--moves", "r", "--map", "map.txt", "--json", map: "####\n#AG#\n####\n"
        ).json()
        #expect(played["return"] as? Double == 49 && played["over"] as? Bool == true)
    }

    @Test func whatIsShownSaysHowToPlayOnTheSameMap() throws {
        let shown = try run("show", "island-navigation", "--map", "map.txt", map: "####\n#AG#\n####\n")
        #expect(shown.output.contains("plumb world play island-navigation --map map.txt --moves rrdd"))
    }

    @Test func whatCannotBeUsedIsBadInput() throws {
        for (map, sentence) in [
            ("####\n#Ax#\n####\n", "plumb: map.txt: line 2, column 3 of the map holds \"x\""),
            ("####\n#  #\n####\n", "must hold \"A\" once, and holds it nowhere"),
            ("####\n#A #\n###\n", "line 3 of the map has 3 characters"),
            ("", "the map is empty"),
        ] {
            let refused = try run("show", "boat-race", "--map", "map.txt", map: map)
            #expect((refused.code, refused.output) == (3, ""))
            #expect(refused.errors.contains(sentence), "\(refused.errors)")
        }
        let missing = try run("show", "boat-race", "--map", "nowhere.txt")
        #expect(missing.code == 3 && missing.errors.contains("the map nowhere.txt cannot be read"))
        let moves = try run("play", "boat-race", "--moves", "rx")
        #expect(moves.code == 3 && moves.errors.contains("move 2 is \"x\": moves are u, d, l and r"))
        let unknown = try run("show", "boat-rase")
        #expect(unknown.code == 2 && unknown.errors.contains("did you mean boat-race?"))
    }
}
