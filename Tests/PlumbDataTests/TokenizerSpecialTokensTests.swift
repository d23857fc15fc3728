import Foundation
import PlumbTensor
import Testing

@testable import PlumbData
@testable import PlumbTokenizers

/// Which tokens begin and end a text, and where models' files say so.
@Suite struct TokenizerSpecialTokensTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let added = ["<s>", "</s>", "<|im_end|>", "<|extra|>"].enumerated().map {
        #"{"id":\#(256 + $0),"content":"\#($1)","special":true}"#
    }.joined(separator: ",")

    private func write(_ text: String, _ name: String) throws { try scratch.write(Array(text.utf8), name) }

    private func read(_ files: [String: String]) throws -> Tokenizer {
        try scratch.write(Array(TokenizerFileTests().json(added: Self.added)), "tokenizer.json")
        for (name, text) in files { try write(text, name) }
        return try #require(try Tokenizer.read(in: scratch.folder))
    }

    @Test func theMapNamesWhatTheConfigurationDoesNot() throws {
        let tokenizer = try read([
            "special_tokens_map.json":
                #"{"bos_token":"<s>","eos_token":{"content":"<|im_end|>","lstrip":false},"cls_token":"<|extra|>"}"#,
            "tokenizer_config.json": #"{"eos_token":"</s>","add_bos_token":true}"#,
        ])
        #expect((tokenizer.bos, tokenizer.eos) == (256, 257))
        #expect(tokenizer.specialTokenTexts == ["bos_token": "<s>", "eos_token": "</s>", "cls_token": "<|extra|>"])
        #expect(tokenizer.stopTokens == [257, 258])
    }

    @Test func everyEndTokenOfTheFilesStops() throws {
        let tokenizer = try read([
            "generation_config.json": #"{"eos_token_id":[70,71]}"#, "config.json": #"{"eos_token_id":259}"#,
        ])
        #expect(tokenizer.eos == nil)
        #expect(tokenizer.stopTokens == [70, 71, 258, 259])
    }

    @Test func aPaddingTokenOutsideTheVocabularyDoesNoHarm() throws {
        let tokenizer = try read(["tokenizer_config.json": #"{"pad_token":"[PAD]","unk_token":{"content":"[UNK]"}}"#])
        #expect((tokenizer.padding, tokenizer.unknown) == (nil, nil))
        #expect(tokenizer.specialTokenTexts == ["pad_token": "[PAD]", "unk_token": "[UNK]"])
        let fromGGUF = try Tokenizer(
            vocabulary: TokenizerBasicsTests.alphabet, merges: [], preTokenizer: .gpt2, padding: 300)
        #expect(fromGGUF.padding == nil)
    }

    @Test func whatBeginsOrEndsATextMustBeThere() throws {
        for (file, text) in [
            ("special_tokens_map.json", #"{"eos_token":"<no>"}"#), ("special_tokens_map.json", #"{"eos_token":7}"#),
            ("special_tokens_map.json", "{"), ("generation_config.json", "["), ("config.json", "{\"a\":"),
        ] {
            do {
                _ = try read([file: text])
                Issue.record("\(file) \(text) was taken")
            } catch { #expect("\(error)".contains(file), "\(error)") }
            try FileManager.default.removeItem(at: scratch.folder.appendingPathComponent(file))
        }
    }

    @Test func templatesSeeEveryNamedToken() throws {
        let tokenizer = try read([
            "special_tokens_map.json": #"{"bos_token":"<s>","pad_token":"[PAD]","image_token":{"content":"<img>"}}"#,
            "chat_template.jinja": "{{ bos_token }}{{ pad_token }}{{ image_token }}{{ messages[0].content }}",
        ])
        #expect(try tokenizer.render([ChatMessage(role: "user", content: "hi")]) == "<s>[PAD]<img>hi")
    }

    @Test func savedNamesComeBack() throws {
        let tokenizer = try read([
            "special_tokens_map.json": #"{"bos_token":"<s>","mask_token":"<|extra|>","pad_token":"x y"}"#
        ])
        let again = try Tokenizer(json: tokenizer.json, configuration: tokenizer.configurationJSON)
        #expect(again.specialTokenTexts == tokenizer.specialTokenTexts)
        #expect(again.stopTokens == tokenizer.stopTokens)
    }

    // MARK: vocab.json and merges.txt

    private static let words = TokenizerBasicsTests.alphabet + ["ab", "Ġab", "<|endoftext|>"]

    private static let vocabulary =
        "{" + words.enumerated().map { "\(LearnedBytePairs.quoted($1)):\($0)" }.joined(separator: ",") + "}"

    private func older(_ files: [String: String]) throws -> Tokenizer {
        try write(Self.vocabulary, "vocab.json")
        try write("#version: 0.2\na b\nĠ ab\n\n", "merges.txt")
        for (name, text) in files { try write(text, name) }
        return try #require(try Tokenizer.read(in: scratch.folder))
    }

    @Test func vocabularyAndMergesAreReadAsGPT2s() throws {
        let tokenizer = try older(["config.json": #"{"model_type":"gpt2"}"#])
        #expect(tokenizer.encode("ab ab<|endoftext|>") == [256, 257, 258])
        #expect((tokenizer.bos, tokenizer.eos) == (258, 258))
        #expect(tokenizer.stopTokens == [258])
        #expect(tokenizer.preTokenizer == .gpt2)
        let same = try Tokenizer(json: tokenizer.json, configuration: tokenizer.configurationJSON)
        #expect(same.encode("ab 12 é<|endoftext|>") == tokenizer.encode("ab 12 é<|endoftext|>"))
    }

    @Test func vocabularyAndMergesTakeTheTokensAdded() throws {
        let tokenizer = try older([
            "tokenizer_config.json":
                #"{"tokenizer_class":"Qwen2Tokenizer","eos_token":"<|im_end|>","added_tokens_decoder":"#
                + #"{"259":{"content":"<|im_end|>","special":true}}}"#,
            "added_tokens.json": #"{"<|im_end|>":259,"word":260}"#,
        ])
        #expect(tokenizer.preTokenizer == .qwen2)
        #expect(tokenizer.encode("e\u{301}word<|im_end|>") == tokenizer.encode("é") + [260, 259])
        #expect(tokenizer.eos == 259)
        #expect(tokenizer.stopTokens == [258, 259])
    }

    @Test func anUnknownCutOfVocabularyAndMergesIsRefused() throws {
        for files in [
            ["config.json": #"{"model_type":"llama"}"#], ["tokenizer_config.json": #"{"tokenizer_class":"X"}"#],
        ] {
            #expect(throws: TokenizerError.self) { try older(files) }
        }
    }

    @Test func damagedFoldersNeverTrap() throws {
        let files = [
            "vocab.json": Self.vocabulary, "merges.txt": "#version: 0.2\na b\nĠ ab\n",
            "tokenizer_config.json": #"{"tokenizer_class":"GPT2Tokenizer","bos_token":{"content":"<|endoftext|>"},"#
                + #""added_tokens_decoder":{"258":{"content":"<|endoftext|>","special":true}}}"#,
            "special_tokens_map.json": #"{"eos_token":"<|endoftext|>","pad_token":"x"}"#,
            "generation_config.json": #"{"eos_token_id":[258,1]}"#, "added_tokens.json": #"{"word":259}"#,
        ]
        for (name, text) in files { try write(text, name) }
        let names = files.keys.sorted()
        var refused = 0
        for seed in 0..<1500 {
            var mutator = Mutator(seed: UInt64(seed))
            let name = names[mutator.below(names.count)]
            let damaged = mutator.damaged(Array((files[name] ?? "").utf8))
            try scratch.write(damaged, name)
            do {
                let tokenizer = try #require(try Tokenizer.read(in: scratch.folder))
                let ids = tokenizer.encode("ab word<|endoftext|> é")
                #expect(ids.allSatisfy { $0 >= 0 && $0 < tokenizer.vocabularySize })
            } catch {
                refused += 1
                #expect(error is TokenizerError || error is FileError, "seed \(seed): \(error)")
            }
            try write(files[name] ?? "", name)
        }
        #expect(refused > 150 && refused < 1500)
    }

    // MARK: GGUF

    private func gguf(pre: String?) throws -> GGUFFile {
        var writer = GGUFWriter()
        writer.add("tokenizer.ggml.model", "gpt2")
        if let pre { writer.add("tokenizer.ggml.pre", pre) }
        writer.add("tokenizer.ggml.tokens", TokenizerBasicsTests.alphabet + ["<a>", "<b>", "<c>"])
        writer.add("tokenizer.ggml.merges", [String]())
        let types = [UInt8](repeating: 1, count: 256) + [3, 3, 3]
        writer.add(
            "tokenizer.ggml.token_type", type: 9,
            GGUFWriter.array(of: 5, count: 259, types.flatMap { GGUFWriter.bytes(Int32($0)) }))
        writer.add("tokenizer.ggml.eos_token_id", 256)
        writer.add("tokenizer.ggml.eot_token_id", 257)
        writer.add("tokenizer.ggml.eom_token_id", 999)
        writer.add("tokenizer.ggml.seperator_token_id", 258)
        writer.add("tokenizer.ggml.padding_token_id", 4_000_000_000)
        return try GGUFFile(contentsOf: try scratch.write(writer.encoded(), "vocab.gguf"))
    }

    @Test func aVocabularyAloneIsEnough() throws {
        let file = try gguf(pre: "llama-bpe")
        let tokenizer = try Tokenizer(of: .gguf(file.url))
        #expect(tokenizer.stopTokens == [256, 257])
        #expect(tokenizer.specialTokenTexts == ["eos_token": "<a>", "sep_token": "<c>"])
        #expect(tokenizer.padding == nil)
        #expect(tokenizer.preTokenizer == .llama3)
    }

    @Test func aMissingPreTokenizerMustBeNamed() throws {
        let file = try gguf(pre: nil)
        do {
            _ = try Tokenizer(gguf: file)
            Issue.record("the pre-tokenizer was guessed")
        } catch { #expect("\(error)".contains("vocab.gguf does not name its pre-tokenizer (tokenizer.ggml.pre)")) }
        #expect(try Tokenizer(gguf: file, preTokenizer: .qwen2).preTokenizer == .qwen2)
    }

    @Test func theDefaultOfLlamaCppIsRefusedByName() throws {
        let file = try gguf(pre: "default")
        let error = #expect(throws: TokenizerError.self) { try Tokenizer(gguf: file) }
        let sentence = error?.description ?? ""
        #expect(sentence.contains("\"default\"") && sentence.contains("--pre-tokenizer NAME"), "\(sentence)")
        #expect(try Tokenizer(gguf: file, preTokenizer: .gpt2).preTokenizer == .gpt2)
    }

    @Test func emptyTextHasNoTokensEvenWithAPrefixSpace() throws {
        let pre = #"{"type":"ByteLevel","add_prefix_space":true,"use_regex":true}"#
        for added in ["", Self.added] {
            let tokenizer = try Tokenizer(json: TokenizerFileTests().json(added: added, pre: pre))
            #expect(tokenizer.encode("") == [])
            #expect(tokenizer.encode(bytes: []) == [])
            #expect(tokenizer.encode("a") == tokenizer.encode(" a"))
        }
    }
}
