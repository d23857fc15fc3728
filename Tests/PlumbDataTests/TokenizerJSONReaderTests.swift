import Testing

@testable import PlumbData

@Suite struct TokenizerJSONReaderTests {
    func read(_ text: String) throws -> JSONValue { try JSONReader.read(Array(text.utf8)) }

    @Test func readsEveryKindOfValue() throws {
        let value = try read(
            #" {"a": [1, -2.5e1, true, false, null, "x\n\/"], "b": {}, "big": 1e19} "#)
        #expect(
            value["a"]?.array == [
                .integer(1), .number(-25), .boolean(true), .boolean(false), .null, .string("x\n/"),
            ])
        #expect(value["b"]?.members == [])
        #expect(value["big"] == .number(1e19))
        #expect(value["c"] == nil)
    }

    @Test func keepsCanonicallyEquivalentKeysApart() throws {
        let value = try read("{\"\u{E9}\": 1, \"e\u{301}\": 2}")
        #expect(value.members?.count == 2)
        #expect(value["\u{E9}"] == .integer(1))
        #expect(value["e\u{301}"] == .integer(2))
    }

    @Test func keepsNulAndLoneSurrogates() throws {
        let strings = try read(
            #"["a\u0000b", "\ud83d\ude00", "\ud83d", "\ude00x", "\ud83d\u0041", "\ud83d\ud83d\ude00"]"#)
        #expect(
            strings.array?.map { $0.string?.bytes } == [
                [0x61, 0, 0x62], Array("😀".utf8), [0xED, 0xA0, 0xBD], [0xED, 0xB8, 0x80, 0x78],
                [0xED, 0xA0, 0xBD, 0x41],
                [0xED, 0xA0, 0xBD] + Array("😀".utf8),
            ])
    }

    @Test(arguments: [
        "", " ", "{", "[", "[1", "[1,", "[1,]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}",
        "01", "-", "1.",
        "1e", "1e+", ".5", "+1", "tru", "nul", "\"", "\"\\", "\"\\u12", "\"\\uD83D\\u", "\"\\x\"",
        "\"\n\"", "1 2", "[1 2]",
        "NaN", "\u{FEFF}1",
    ])
    func refusesWhatIsNotJSON(_ text: String) {
        #expect(throws: JSONError.self) { try read(text) }
    }

    @Test func refusesDeepNestingAndBrokenUTF8() {
        #expect(throws: JSONError(offset: 128, problem: "nested deeper than 128 levels")) {
            try read(String(repeating: "[", count: 1_000_000))
        }
        #expect(throws: JSONError(offset: 1, problem: "a string is not valid UTF-8")) {
            try JSONReader.read([0x22, 0xC0, 0x80, 0x22])
        }
    }
}
