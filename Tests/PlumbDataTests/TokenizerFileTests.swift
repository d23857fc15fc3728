import Foundation
import Testing

@testable import PlumbData
@testable import PlumbTokenizers

@Suite struct TokenizerFileTests {
    /// A `tokenizer.json` over all bytes, parts of it as given.
    func json(
        vocabulary: String = "", merges: String = "", added: String = "", normalizer: String = "null",
        pre: String = #"{"type":"ByteLevel","add_prefix_space":false,"use_regex":true}"#,
        post: String = "null", model: String = ""
    ) -> Data {
        let alphabet = TokenizerBasicsTests.alphabet.enumerated().map { id, token in
            "\"\(token == "\"" || token == "\\" ? "\\" : "")\(token)\":\(id)"
        }
        return Data(
            """
            {"version":"1.0","added_tokens":[\(added)],"normalizer":\(normalizer),"pre_tokenizer":\(pre),
            "post_processor":\(post),"decoder":{"type":"ByteLevel"},"model":{"type":"BPE",\(model)
            "vocab":{\(alphabet.joined(separator: ","))\(vocabulary)},"merges":[\(merges)]}}
            """.utf8)
    }

    func problem(_ json: Data, configuration: String? = nil) -> String? {
        do {
            _ = try Tokenizer(json: json, configuration: configuration.map { Data($0.utf8) })
            return nil
        } catch { return (error as? TokenizerError)?.description ?? "another error: \(error)" }
    }

    @Test func mergesMayBeTextsOrPairs() throws {
        let tokenizer = try Tokenizer(
            json: json(vocabulary: #","ab":256,"abc":257"#, merges: #""a b",["ab","c"]"#))
        #expect(tokenizer.encode("abcab") == [257, 256])
    }

    @Test func equivalentKeysAndLoneSurrogatesDoNotDisturbOthers() throws {
        let added = ["\u{E9}", "e\u{301}", "\\u0000x", "\\ud83d", "\\ude00"].enumerated().map {
            #"{"id":\#(256 + $0),"content":"\#($1)","special":false,"normalized":false}"#
        }
        let tokenizer = try Tokenizer(json: json(added: added.joined(separator: ",")))
        #expect(tokenizer.encode("\u{E9}e\u{301}\u{0}x") == [256, 257, 258])
        #expect(tokenizer.bytes(of: 259) == [0xED, 0xA0, 0xBD])
        #expect(tokenizer.encode("😀") == Array("😀".utf8).map { Int($0) })
        #expect(tokenizer.decode([256, 257]).unicodeScalars.count == 3)
    }

    @Test func namesWhatTheConfigurationNames() throws {
        let added = #"{"id":256,"content":"<s>","special":true},{"id":257,"content":"</s>","special":true}"#
        let post =
            #"{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A"}},"#
            + #"{"SpecialToken":{"id":"</s>","type_id":0}}],"special_tokens":{"<s>":{"id":"<s>","ids":[256]},"#
            + #""</s>":{"id":"</s>","ids":[257]}}}"#
        let configuration =
            #"{"bos_token":"<s>","eos_token":{"content":"</s>"},"pad_token":null,"chat_template":"#
            + #"[{"name":"tool_use","template":"x"},{"name":"default","template":"{{ bos_token }}{{ messages[0].content }}"}]}"#
        let tokenizer = try Tokenizer(json: json(added: added, post: post), configuration: Data(configuration.utf8))
        #expect((tokenizer.bos, tokenizer.eos, tokenizer.padding, tokenizer.unknown) == (256, 257, nil, nil))
        #expect(tokenizer.addsBOS)
        #expect(tokenizer.encode("a") == [256, 0x61, 257].map { $0 == 0x61 ? tokenizer.token(for: "a") : $0 })
        #expect(tokenizer.encode("a", addSpecialTokens: false).count == 1)
        #expect(try tokenizer.render([ChatMessage(role: "user", content: "hi")]) == "<s>hi")
    }

    @Test func namesWhatItDoesNotKnow() {
        #expect(problem(json()) == nil)
        #expect(problem(json(normalizer: #"{"type":"Nmt"}"#))?.contains("normalizer \"Nmt\" is not known") == true)
        #expect(problem(json(pre: #"{"type":"UnicodeScripts"}"#))?.contains("pre-tokenizer \"UnicodeScripts\"") == true)
        let split = #"{"type":"Split","pattern":{"Regex":"(a)\\1"},"behavior":"Isolated","invert":false}"#
        let pre = #"{"type":"Sequence","pretokenizers":[\#(split),{"type":"ByteLevel","add_prefix_space":false}]}"#
        #expect(
            problem(json(pre: pre))?.contains(
                #"the pre-tokenizer "Split" has a regular expression with an escape "\1""#) == true)
        #expect(problem(json(post: #"{"type":"BertProcessing"}"#))?.contains("special token without an id") == true)
        #expect(problem(json(model: #""type":"WordLevel","#))?.contains("model \"WordLevel\"") == true)
        #expect(problem(json(model: #""type":"Unigram","#))?.contains("a Unigram model after") == true)
        #expect(problem(json(model: #""unk_token":"<u>","#))?.contains("<u>") == true)
        #expect(problem(json(vocabulary: #","ab":256"#))?.contains("no merges") == true)
        #expect(problem(json(vocabulary: #","ab":255"#))?.contains("two tokens have the id 255") == true)
        #expect(problem(json(vocabulary: #","ab":9223372036854775807"#))?.contains("the id of token \"ab\"") == true)
        #expect(problem(json(merges: #""a bc""#))?.contains(#"merge 0 of the tokenizer, "a bc", names"#) == true)
        #expect(problem(json(merges: "7"))?.contains("a merge is neither") == true)
        #expect(
            problem(json(), configuration: #"{"bos_token":"<s>"}"#)?.contains("bos_token \"<s>\" is not in") == true)
        #expect(problem(json(), configuration: "{")?.contains("tokenizer_config.json: invalid JSON at byte 1") == true)
        #expect(problem(Data("[]".utf8))?.contains("holds an array") == true)
        #expect(problem(Data("{}".utf8))?.contains("no \"model\"") == true)
    }

    /// Damaged files are refused with an error or read; nothing traps.
    @Test func damagedFilesNeverTrap() throws {
        let original = Array(
            json(
                vocabulary: #","ab":256,"Ġab":257"#, merges: #""a b",["Ġ","ab"]"#,
                added: #"{"id":258,"content":"<s>","special":true,"lstrip":true}"#,
                post: #"{"type":"Sequence","processors":[{"type":"ByteLevel"}]}"#))
        var random = SystemRandomNumberGenerator.Seeded(state: 3)
        var read = 0
        for _ in 0..<10_000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<6, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(Array("\"\\{}[],:-0e9".utf8).randomElement(using: &random) ?? 0, at: place)
                case 3: bytes.removeSubrange(place..<min(bytes.count, place + 60))
                case 4: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 60)], at: place)
                default: bytes.insert(contentsOf: Array("99999999999".utf8), at: place)
                }
                if bytes.isEmpty { bytes = original }
            }
            guard let tokenizer = try? Tokenizer(json: Data(bytes)) else { continue }
            _ = tokenizer.decode(tokenizer.encode("abab ab <s> é\u{0}"))
            read += 1
        }
        #expect(read > 0 && read < 10_000)
    }
}
