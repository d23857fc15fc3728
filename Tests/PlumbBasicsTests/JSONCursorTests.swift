import Foundation
import Testing

@testable import PlumbBasics

@Suite struct JSONCursorTests {
    func read(_ text: String) throws -> JSONValue { try JSONValue(parsing: Data(text.utf8)) }

    /// The keys of an object, as bytes.
    func keys(_ text: String) throws -> [[UInt8]] {
        var keys: [[UInt8]] = []
        try JSONCursor.read(Array(text.utf8)) { json in
            try json.object { key, json in
                keys.append(key)
                try json.skip()
            }
        }
        return keys
    }

    @Test func readsEveryKindOfValue() throws {
        let value = try read(
            #" {"a": [1, -2.5e1, true, false, null, "x\n\/"], "b": {}, "big": 1e19, "seed": 18446744073709551615} "#)
        #expect(
            value["a"] == .array([.integer(1), .number(-25), .bool(true), .bool(false), .null, .string("x\n/")]))
        #expect(value["b"] == .object([:]))
        #expect(value["big"] == .number(1e19))
        #expect(value["seed"] == .unsigned(.max))
        #expect(value["c"] == nil)
    }

    @Test func keepsCanonicallyEquivalentAndRepeatedKeysApart() throws {
        #expect(
            try keys("{\"\u{E9}\": 1, \"e\u{301}\": {\"x\": [2]}}") == ["\u{E9}", "e\u{301}"].map { Array($0.utf8) })
        #expect(try keys(#"{"a": 1, "a": 2}"#) == [[0x61], [0x61]])
        #expect(try read(#"{"a": 1, "a": 2}"#)["a"] == .integer(2))
    }

    @Test func keepsNulAndLoneSurrogates() throws {
        let text = #"["a\u0000b", "\ud83d\ude00", "\ud83d", "\ude00x", "\ud83d\u0041", "\ud83d\ud83d\ude00"]"#
        var strings: [[UInt8]] = []
        try JSONCursor.read(Array(text.utf8)) { json in try json.array { strings.append(try $0.string()) } }
        #expect(
            strings == [
                [0x61, 0, 0x62], Array("😀".utf8), [0xED, 0xA0, 0xBD], [0xED, 0xB8, 0x80, 0x78],
                [0xED, 0xA0, 0xBD, 0x41],
                [0xED, 0xA0, 0xBD] + Array("😀".utf8),
            ])
    }

    @Test(arguments: [
        "", " ", "{", "[", "[1", "[1,", "[1,]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}",
        "01", "-", "1.",
        "1e", "1e+", ".5", "+1", "tru", "nul", "\"", "\"\\", "\"\\\"", "\"\\u12", "\"\\u12\"", "\"\\uD83D\\u",
        "\"\\x\"",
        "\"\n\"", "1 2", "[1 2]",
        "NaN", "1e999", "\u{FEFF}1",
    ])
    func refusesWhatIsNotJSON(_ text: String) {
        #expect(throws: JSONError.self) { try read(text) }
        #expect(throws: JSONError.self) { try JSONCursor.read(Array(text.utf8)) { try $0.skip() } }
    }

    @Test func refusesDeepNestingAndBrokenUTF8() {
        for nest in ["[", #"{"a":"#] {
            #expect(throws: JSONError(offset: 128 * nest.utf8.count, problem: "nested deeper than 128 levels")) {
                try read(String(repeating: nest, count: 1_000_000))
            }
        }
        #expect(throws: JSONError(offset: 1, problem: "a string is not valid UTF-8")) {
            try JSONValue(parsing: Data([0x22, 0xC0, 0x80, 0x22]))
        }
    }

    @Test func damagedTextNeverTraps() throws {
        let whole = Array(#"{"a\u00e9":[1,-2.5e-3,"x\ud83d\ude00\\",true,null,{"b":[[],{}]}],"é":"\u0000"}"#.utf8)
        var state: UInt64 = 5
        func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(limit))
        }
        var read = 0
        for _ in 0..<20_000 {
            var bytes = whole
            for _ in 0...next(3) where !bytes.isEmpty {
                switch next(4) {
                case 0: bytes[next(bytes.count)] = UInt8(next(256))
                case 1: bytes.remove(at: next(bytes.count))
                case 2: bytes.removeLast(next(bytes.count))
                default: bytes.insert(Array("\"\\{}[],:-0e9u".utf8)[next(13)], at: next(bytes.count))
                }
            }
            let value = try? JSONCursor.read(bytes) { try $0.value() }
            let skipped: Void? = try? JSONCursor.read(bytes) { try $0.skip() }
            #expect((value == nil) == (skipped == nil))
            if let value {
                read += 1
                #expect(try JSONValue(parsing: value.data()) == value)
            }
        }
        #expect(read > 0 && read < 20_000)
    }
}
