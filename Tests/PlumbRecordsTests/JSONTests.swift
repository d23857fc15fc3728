import Foundation
import PlumbRecords
import Testing

@Suite struct JSONTests {
    @Test func matricesReadAsMatrices() {
        let value = JSONValue.object([
            "b": .array([.array([.integer(1), .number(2.5)]), .array([])]), "a": .null,
        ])
        #expect(value.text() == "{\n  \"a\": null,\n  \"b\": [\n    [1, 2.5],\n    []\n  ]\n}")
        #expect(value.text(.compact) == "{\"a\":null,\"b\":[[1,2.5],[]]}")
    }

    @Test func hostileTextIsEscaped() throws {
        let text = "\u{0}\u{1}\"\\\n\r\t\u{7F}\u{2028}😀\u{202E}</script>"
        let written = JSONValue.string(text).text()
        #expect(!written.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x2028 })
        #expect(try JSONValue(parsing: Data(written.utf8)) == .string(text))
    }

    @Test func wholeNumbersKeepEveryDigit() throws {
        for value in [UInt64.max, UInt64(Int.max) + 1, 9_007_199_254_740_993, 0] {
            let json = try JSONValue(parsing: JSONValue(value).data())
            #expect(json == JSONValue(value))
            #expect(try json.decode(UInt64.self) == value)
        }
        #expect(JSONValue.integer(6) == .number(6))
        #expect(JSONValue.integer(9_007_199_254_740_993) != .number(9_007_199_254_740_992))
    }

    @Test func randomValuesRoundTrip() throws {
        var random = SplitMix(state: 7)
        for _ in 0..<500 {
            let value = random.value(depth: 4)
            #expect(try JSONValue(parsing: value.data(.pretty)) == value)
            #expect(try JSONValue(parsing: value.data(.compact)) == value)
            #expect(try JSONValue(encoding: value) == value)
        }
    }
}

/// A small seeded source of numbers and values.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func text() -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0..<8, using: &self) {
            text.unicodeScalars.append(Unicode.Scalar(UInt32.random(in: 0..<0xD800, using: &self)) ?? "x")
        }
        return text
    }

    mutating func value(depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &self) {
        case 0: .null
        case 1: .bool(Bool.random(using: &self))
        case 2: .integer(Int.random(in: .min ... .max, using: &self))
        case 3: JSONValue(UInt64.random(in: 0...UInt64.max, using: &self))
        case 4: .number(Double.random(in: -1e6...1e6, using: &self))
        case 5: .string(text())
        case 6: .array((0..<Int.random(in: 0..<5, using: &self)).map { _ in value(depth: depth - 1) })
        default:
            .object(
                Dictionary(
                    (0..<Int.random(in: 0..<5, using: &self)).map { _ in (text(), value(depth: depth - 1)) },
                    uniquingKeysWith: { first, _ in first }))
        }
    }
}
