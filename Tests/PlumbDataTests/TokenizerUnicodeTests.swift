import Foundation
import PlumbBasics
import Testing

@testable import PlumbData
@testable import PlumbTokenizers

@Suite struct TokenizerUnicodeTests {
    @Test func everyCodePointHasTheRecordedClass() throws {
        let golden = try TokenizerGolden.json("tokenizers.json")
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for scalar in UInt32(0)..<0x110000 {
            hash = (hash ^ UInt64(CharacterClasses.standard[scalar])) &* 0x100_0000_01B3
        }
        #expect(TokenizerGolden.hex(hash) == golden["classes"]?.text)
    }

    /// Letters and numbers do not move between versions of Unicode; only scalars that Unicode 16 lacks may differ.
    @Test func classesAgreeWithTheStandardLibraryUpToUnicode16() {
        for value in UInt32(0)..<0x110000 {
            guard let scalar = Unicode.Scalar(value), let age = scalar.properties.age, age.major <= 16 else { continue }
            let expected =
                switch scalar.properties.generalCategory {
                case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
                    CharacterClasses.Class.letter
                case .decimalNumber, .letterNumber, .otherNumber: CharacterClasses.Class.number
                default: scalar.properties.isWhitespace ? CharacterClasses.Class.space : CharacterClasses.Class.other
                }
            if CharacterClasses.standard[value] != expected { Issue.record("U+\(String(value, radix: 16)) differs") }
        }
    }

    @Test func composesEveryCodePointAsRecorded() throws {
        let golden = try TokenizerGolden.json("tokenizers.json")
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for value in UInt32(0)..<0x110000 {
            guard let scalar = Unicode.Scalar(value) else { continue }
            for text in ["\(scalar)", "e\(scalar)", "\(scalar)\u{301}", "a\u{328}\(scalar)\u{301}\u{1161}"] {
                let bytes = Array(text.utf8)
                let composed = bytes.withUnsafeBufferPointer { UnicodeNormalization.standard.composed($0) } ?? bytes
                let values = String(decoding: composed, as: UTF8.self).unicodeScalars.map { Int($0.value) }
                hash = TokenizerGolden.hash(values + [0], hash)
            }
        }
        #expect(TokenizerGolden.hex(hash) == golden["nfc"]?.text)
    }

    /// Cuts as the regular expressions would, written by hand.
    @Test func patternsCutWhereTheyShould() {
        func pieces(_ text: String, _ pre: PreTokenizer) -> [String] {
            Array(text.utf8).withUnsafeBufferPointer { bytes in
                var result: [String] = []
                let scanner = PreTokenizerScanner(text: bytes, classes: .standard)
                pre.forEachPiece(of: 0..<bytes.count, in: scanner) {
                    result.append(String(decoding: bytes[$0..<$1], as: UTF8.self))
                }
                return result
            }
        }
        #expect(pieces("I'll  pay\n\n12.50!", .gpt2) == ["I", "'ll", " ", " pay", "\n", "\n", "12", ".", "50", "!"])
        #expect(pieces("x\n\n1 23", .smolLM) == ["x", "\n\n", "1", " ", "2", "3"])
        #expect(
            pieces("I'LL pay\r\n 12345 (sum)\n", .llama3) == [
                "I", "'LL", " pay", "\r\n", " ", "123", "45", " (", "sum", ")\n",
            ])
        #expect(pieces("a12 -b\t\tc", .qwen2) == ["a", "1", "2", " -", "b", "\t", "\tc"])
        #expect(pieces("DON'T", .gpt2) == ["DON", "'", "T"])
        #expect(pieces("a b", .none) == ["a b"])
    }
}
