import Foundation
import PlumbBasics
import Testing

@testable import PlumbData
@testable import PlumbTokenizers

/// Each stage by itself against what Hugging Face's library does.
@Suite struct TokenizerStagesTests {
    @Test func everyPreTokenizerCutsAsRecorded() throws {
        let golden = try TokenizerKinds.golden()
        let cuts = try #require(golden["cuts"]?.object)
        #expect(cuts.count > 35)
        for (name, cut) in cuts {
            let pre = try PreTokenizer(try TokenizerKinds.file("pre_tokenizer", try #require(cut["json"])))
            for (text, expected) in zip(try TokenizerKindsTests.texts(), cut["pieces"]?.array ?? []) {
                #expect(
                    hash(pre, text) == expected.string,
                    "\(name): \(text.prefix(60).debugDescription) \(shown(pre, text))")
            }
            let written = try PreTokenizer(try TokenizerKinds.file("pre_tokenizer", pre.json))
            #expect(written == pre, "\(name) is written as \(pre.json.text(.compact))")
        }
    }

    @Test func everyPublishedCutHasItsName() throws {
        for (name, pieces) in try #require(try TokenizerKinds.golden()["names"]?.object) {
            let pre = try PreTokenizer(gguf: name)
            for (text, expected) in zip(try TokenizerKindsTests.texts(), pieces.array ?? []) {
                #expect(
                    hash(pre, text) == expected.string,
                    "\(name): \(text.prefix(60).debugDescription) \(shown(pre, text))")
            }
        }
        for name in ["gpt-2", "smollm", "phi-2", "olmo", "starcoder", "refact", "command-r", "deepseek-llm"] {
            #expect(throws: Never.self) { try PreTokenizer(gguf: name) }
        }
    }

    @Test func everyNormalizerChangesAsRecorded() throws {
        let golden = try TokenizerKinds.golden()
        let changed = golden["changed scalars"]
        let lines = Self.scalars(before: "b")
        for (name, change) in try #require(golden["changes"]?.object) {
            let normalizer = try TextNormalizer(try TokenizerKinds.file("normalizer", try #require(change["json"])))
            for (text, expected) in zip(try TokenizerKindsTests.texts(), change["texts"]?.array ?? []) {
                let changed = normalizer.applied(to: Array(text.utf8))
                #expect(
                    TokenizerKinds.hex(TokenizerKinds.hash(changed)) == expected.string,
                    "\(name): \(text.prefix(60).debugDescription) \(String(decoding: changed.prefix(80), as: UTF8.self))"
                )
            }
            var all: UInt32 = 0
            for line in lines { all = TokenizerKinds.hash(normalizer.applied(to: line) + [0xFF], all) }
            #expect(TokenizerKinds.hex(all) == changed?[name]?.string, "\(name): every scalar")
            #expect(try TextNormalizer(try TokenizerKinds.file("normalizer", normalizer.json)) == normalizer)
        }
    }

    @Test func everyScalarIsCutAsRecorded() throws {
        let golden = try TokenizerKinds.golden()
        let lines = Self.scalars(before: "1")
        for (name, expected) in try #require(golden["cut scalars"]?.object) {
            let pre = try PreTokenizer(
                try TokenizerKinds.file("pre_tokenizer", try #require(golden["cuts"]?[name]?["json"])))
            var all: UInt32 = 0
            for text in lines {
                let pieces = text.withUnsafeBufferPointer { pre.pieces(of: $0, isStart: true) }
                all = TokenizerKinds.hash(
                    Array(pieces.ranges.map { pieces.text[$0] }.joined(separator: [0])) + [0xFF], all)
            }
            #expect(TokenizerKinds.hex(all) == expected.string, "\(name): every scalar")
        }
    }

    /// Lines of 64 scalars, each after "a" and before `mark`.
    private static func scalars(before mark: String) -> [[UInt8]] {
        let all = (UInt32(0)..<0x110000).compactMap(Unicode.Scalar.init)
        return stride(from: 0, to: all.count, by: 64).map { start in
            var line = String.UnicodeScalarView()
            for scalar in all[start..<min(start + 64, all.count)] {
                line.append("a")
                line.append(scalar)
                line.append(contentsOf: mark.unicodeScalars)
            }
            return Array(String(line).utf8)
        }
    }

    private func pieces(_ pre: PreTokenizer, _ text: String) -> [String] {
        let pieces = TokenizerKinds.pieces(pre, text)
        // The library shows a byte-level tokenizer's pieces in the alphabet of bytes.
        return pieces.ranges.map {
            pre.isByteLevel && !pre.steps.contains(.byteAlphabet)
                ? ByteAlphabet.encode(pieces.text[$0]) : String(decoding: pieces.text[$0], as: UTF8.self)
        }
    }

    private func hash(_ pre: PreTokenizer, _ text: String) -> String {
        TokenizerKinds.hex(TokenizerKinds.hash(pieces(pre, text).joined(separator: "\0").utf8))
    }

    private func shown(_ pre: PreTokenizer, _ text: String) -> String { "\(pieces(pre, text).prefix(20))" }

    @Test func whatIsNotKnownIsNamed() {
        func problem(_ source: String) -> String? {
            do {
                _ = try RegularExpression(source)
                return nil
            } catch { return "\(error)" }
        }
        #expect(problem(#"(a)\1"#)?.contains(#"an escape "\1" that is not known"#) == true)
        #expect(problem("(?<name>a)")?.contains("a group \"(?") == true)
        #expect(problem("[a&&b]")?.contains("a class inside a class") == true)
        #expect(problem("(a*)*")?.contains("what may be empty") == true)
        #expect(problem(#"\p{Greek}"#)?.contains(#"a property "Greek""#) == true)
        #expect(problem("(?<=a|bc)d")?.contains("a look behind of more than one length") == true)
        #expect(problem("(?i)é")?.contains("outside ASCII") == true)
        #expect(problem("a)")?.contains("too many") == true)
        #expect(problem("(a")?.contains("without the \")\"") == true)
        #expect(problem("[a")?.contains("ends too early") == true)
        #expect(problem("*a")?.contains("repeats nothing") == true)
        #expect(problem("((a{1000}){1000}){1000}b")?.contains("too long") == true)
        #expect(problem(String(repeating: "(", count: 5_000))?.contains("100 deep") == true)
    }

    /// Expressions that try every way take time in proportion, not without end.
    @Test func expressionsThatGoBackOftenEnd() throws {
        let expression = try RegularExpression("(?:a|aa|[ab]+)+c")
        let text = [UInt8](repeating: 0x61, count: 2_000)
        let found = text.withUnsafeBufferPointer { TextPattern.expression(expression).matches(in: $0) }
        #expect(found.isEmpty)
    }
}
