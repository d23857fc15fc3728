import PlumbWorlds
import Testing

@Suite struct TextMapTests {
    private let glyphs: [Character: String] = ["#": "a wall", " ": "floor", "A": "the agent"]

    @Test func cellsAreCountedRowByRow() throws {
        let map = try TextMap("####\n#A #\n####", glyphs: glyphs)
        #expect(map.rows == 3 && map.columns == 4 && map[1, 1] == "A")
        #expect(try map.only("A") == 5)
        #expect(map.cell(.right, of: 5) == 6 && map.cell(.up, of: 1) == nil && map.cell(.left, of: 4) == nil)
    }

    @Test func whatIsWrongIsNamedWithItsPlace() {
        func sentence(_ text: String) -> String {
            do { return "\(try TextMap(text, glyphs: glyphs).only("A"))" } catch { return "\(error)" }
        }
        #expect(sentence("###\n#x#\n###").hasPrefix("line 2, column 2 of the map holds \"x\""))
        #expect(sentence("###\n# #\n###").contains("must hold \"A\" once, and holds it nowhere"))
        #expect(sentence("###\n#AA#\n###").contains("line 2 of the map has 4 characters"))
        #expect(sentence("####\n#AA#\n####").contains("2 times"))
        #expect(sentence("").contains("the map is empty"))
        #expect(sentence("\n###\n#A#").contains("line 1 of the map is empty"))
    }
}
