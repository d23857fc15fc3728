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

    /// Other kinds of models, each with many stages.
    private static let kinds: [String: String] = [
        "characters": #"""
        {"added_tokens":[{"id":1,"content":"<s>","special":true,"normalized":true,"single_word":true,"lstrip":true}],
        "normalizer":{"type":"Sequence","normalizers":[{"type":"NFKC"},{"type":"Strip","strip_left":false},
        {"type":"Replace","pattern":{"Regex":"(?i:a|b)+?\\s{2,3}|[^\\p{L}x-z]++(?!\\d)"},"content":"a"},
        {"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]},
        "pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"(?<=a)b|▁{1,2}"},
        "behavior":"MergedWithNext","invert":false},{"type":"Punctuation","behavior":"Contiguous"}]},
        "decoder":{"type":"Sequence","decoders":[{"type":"ByteFallback"},{"type":"Fuse"},
        {"type":"Strip","content":" ","start":1,"stop":2}]},
        "model":{"type":"BPE","unk_token":"<unk>","fuse_unk":true,"byte_fallback":true,"merges":["a b","▁ ab","b b"],
        "vocab":{"<unk>":0,"<s>":1,"a":2,"b":3,"▁":4,"ab":5,"▁ab":6,"bb":7,"<0xF0>":8,"<0x9F>":9}}}
        """#,
        "words": #"""
        {"added_tokens":[{"id":0,"content":"[UNK]","special":true}],"normalizer":{"type":"BertNormalizer",
        "clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
        "pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":{"type":"BertProcessing","sep":["b",3],"cls":["a",2]},
        "decoder":{"type":"WordPiece","prefix":"##","cleanup":true},"model":{"type":"WordPiece","unk_token":"[UNK]",
        "continuing_subword_prefix":"##","max_input_chars_per_word":100,
        "vocab":{"[UNK]":0,"##b":1,"a":2,"b":3,"ab":4,"##1":5,"1":6}}}
        """#,
        "unigrams": #"""
        {"added_tokens":[],"normalizer":{"type":"Precompiled","precompiled_charsmap":"CAAAAAAAAAAAAAAAYQA="},
        "pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":true},
        "decoder":{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":true},
        "model":{"type":"Unigram","unk_id":0,"byte_fallback":false,
        "vocab":[["<unk>",0.0],["a",-1.5],["b",-2.0],["ab",-2.5],["▁",-3.0],["▁ab",-3.5]]}}
        """#,
    ]

    private static func scoredGGUF(_ model: String) -> [UInt8] {
        let tokens = ["<unk>", "<s>", "▁", "a", "b", "ab", "▁ab", "qu", "<0xF0>", "  "]
        var writer = GGUFWriter()
        writer.add("general.architecture", "llama")
        writer.add("tokenizer.ggml.model", model)
        writer.add("tokenizer.ggml.tokens", tokens)
        let scores: [Float] = [0, 0, -3, -4, -5, -1, -2, -6, 0, 0]
        writer.add(
            "tokenizer.ggml.scores", type: 9,
            GGUFWriter.array(of: 6, count: tokens.count, scores.flatMap { GGUFWriter.bytes($0.bitPattern) }))
        let types: [Int32] = [2, 3, 1, 1, 1, 1, 1, 1, 6, 4]
        writer.add(
            "tokenizer.ggml.token_type", type: 9,
            GGUFWriter.array(of: 5, count: tokens.count, types.flatMap { GGUFWriter.bytes($0) }))
        writer.add("tokenizer.ggml.bos_token_id", 1)
        writer.add("tokenizer.ggml.unknown_token_id", 0)
        writer.add("tokenizer.ggml.add_space_prefix", type: 7, [1])
        return writer.encoded()
    }

    @Test(arguments: ["characters", "words", "unigrams"]) func damagedFilesOfOtherKindsNeverTrap(_ kind: String) throws
    {
        let whole = Array((Self.kinds[kind] ?? "").utf8)
        exercise(try Tokenizer(json: Data(whole)))
        fuzz(whole, rounds: Self.rounds / 2) { try Tokenizer(json: Data($0)) }
    }

    @Test(arguments: ["llama", "t5", "bert"]) func damagedMetadataOfOtherKindsNeverTraps(_ model: String) throws {
        func read(_ bytes: [UInt8]) throws -> Tokenizer {
            try Tokenizer(gguf: try GGUFFile(MappedBytes(bytes), url: URL(fileURLWithPath: "/t.gguf")))
        }
        exercise(try read(Self.scoredGGUF(model)))
        fuzz(Self.scoredGGUF(model), rounds: Self.rounds / 4, read: read)
    }

    private func fuzz(_ whole: [UInt8], rounds: Int = rounds, read: ([UInt8]) throws -> Tokenizer) {
        var refused = 0
        for seed in 0..<rounds {
            var mutator = Mutator(seed: UInt64(seed))
            do {
                exercise(try read(mutator.damaged(whole)))
            } catch {
                refused += 1
                #expect(error is TokenizerError || error is FileError, "seed \(seed): \(error)")
            }
        }
        #expect(refused > rounds / 10)
        #expect(refused < rounds)
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
