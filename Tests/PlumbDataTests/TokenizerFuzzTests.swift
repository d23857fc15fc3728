import Foundation
import PlumbTensor
import Testing

@testable import PlumbData
@testable import PlumbTokenizers

/// Damaged tokenizers are refused with a sentence or work; they never end the process.
@Suite struct TokenizerFuzzTests {
    private static let rounds = ProcessInfo.processInfo.environment["PLUMB_FUZZ_ROUNDS"].flatMap(Int.init) ?? 6_000
    private static let text = "Ab ab<s>a\u{301}é\n😀 \u{0} 12"
    private static let stray: [UInt8] = [0x61, 0xFF, 0xC3, 0x20, 0x62, 0xED, 0xA0, 0x80]

    private static let alphabet = TokenizerBasicsTests.alphabet

    private static func json() -> [UInt8] {
        let base = alphabet.enumerated().map { id, token in
            "\"\(token == "\"" || token == "\\" ? "\\" : "")\(token)\":\(id)"
        }
        return Array(
            #"""
            {"version":"1.0","truncation":null,"padding":null,
            "added_tokens":[{"id":258,"content":"<s>","special":true,"lstrip":false,"rstrip":true,"normalized":false}],
            "normalizer":{"type":"NFC"},
            "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},
            "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},
            {"Sequence":{"id":"A","type_id":0}}],"special_tokens":{"<s>":{"id":"<s>","ids":[258],"tokens":["<s>"]}}},
            "decoder":{"type":"ByteLevel"},"model":{"type":"BPE","dropout":null,"unk_token":null,"fuse_unk":false,
            "merges":["a b",["Ġ","ab"]],"ignore_merges":false,"vocab":{"ab":256,"Ġab":257,\#(base.joined(separator: ","))}}}
            """#.utf8)
    }

    private static func gguf() -> [UInt8] {
        var writer = GGUFWriter()
        writer.add("general.architecture", "llama")
        writer.add("tokenizer.ggml.model", "gpt2")
        writer.add("tokenizer.ggml.pre", "smollm")
        writer.add("tokenizer.ggml.tokens", alphabet + ["ab", "Ġab", "<s>"])
        writer.add("tokenizer.ggml.merges", ["a b", "Ġ ab"])
        let types = [UInt8](repeating: 1, count: 258) + [3]
        writer.add(
            "tokenizer.ggml.token_type", type: 9,
            GGUFWriter.array(of: 5, count: 259, types.flatMap { GGUFWriter.bytes(Int32($0)) }))
        writer.add("tokenizer.ggml.bos_token_id", 258)
        writer.add("tokenizer.ggml.eos_token_id", 258)
        writer.add("tokenizer.ggml.add_bos_token", type: 7, [1])
        writer.add("tokenizer.chat_template", "{% for m in messages %}{{ m['role'] + m['content'] }}{% endfor %}")
        return writer.encoded()
    }

    /// Uses a tokenizer in every way: what comes back is in range, and decoding its own ids gives bytes.
    private func exercise(_ tokenizer: Tokenizer) {
        for ids in [tokenizer.encode(Self.text), tokenizer.encode(bytes: Self.stray)] {
            #expect(ids.allSatisfy { $0 >= 0 && $0 < tokenizer.vocabularySize })
            _ = tokenizer.decode(ids)
        }
        _ = try? tokenizer.render([ChatMessage(role: "user", content: "hi")])
    }

    private func fuzz(_ whole: [UInt8], read: ([UInt8]) throws -> Tokenizer) {
        var refused = 0
        for seed in 0..<Self.rounds {
            var mutator = Mutator(seed: UInt64(seed))
            do {
                exercise(try read(mutator.damaged(whole)))
            } catch {
                refused += 1
                #expect(error is TokenizerError || error is FileError, "seed \(seed): \(error)")
            }
        }
        #expect(refused > Self.rounds / 10)
        #expect(refused < Self.rounds)
    }

    @Test func theUndamagedTokenizersWork() throws {
        let fromJSON = try Tokenizer(json: Data(Self.json()))
        #expect(fromJSON.encode("ab ab") == [258, 256, 257])
        let file = try GGUFFile(MappedBytes(Self.gguf()), url: URL(fileURLWithPath: "/t.gguf"))
        #expect(try Tokenizer(gguf: file).encode("ab ab") == [258, 256, 257])
    }

    @Test func damagedTokenizerFilesNeverTrap() {
        fuzz(Self.json()) { try Tokenizer(json: Data($0)) }
    }

    @Test func damagedTokenizerMetadataNeverTraps() {
        fuzz(Self.gguf()) {
            try Tokenizer(gguf: try GGUFFile(MappedBytes($0), url: URL(fileURLWithPath: "/t.gguf")))
        }
    }
}
