public import struct Foundation.Data
internal import PlumbBasics

/// A byte-level BPE vocabulary learned from text by ``BytePairTrainer``.
public struct LearnedBytePairs: Sendable {
    /// Tokens found in text as a whole; their ids are the first.
    public let specialTokens: [String]
    /// The bytes of the other tokens in the order of their ids.
    public let tokens: [[UInt8]]
    /// The pairs that merge, as ids, the earliest first.
    public let merges: [(left: Int, right: Int)]
    /// How text is cut before pairs are merged.
    public let preTokenizer: PreTokenizer

    /// A vocabulary at hand.
    ///
    /// - Parameters:
    ///   - specialTokens: tokens found in text as a whole; their ids are the first.
    ///   - tokens: the bytes of the other tokens in the order of their ids.
    ///   - merges: the pairs that merge, as ids, the earliest first.
    ///   - preTokenizer: how text is cut before pairs are merged.
    public init(
        specialTokens: [String], tokens: [[UInt8]], merges: [(left: Int, right: Int)], preTokenizer: PreTokenizer
    ) {
        require(
            merges.allSatisfy { pair in
                [pair.left, pair.right].allSatisfy {
                    $0 >= specialTokens.count && $0 < specialTokens.count + tokens.count
                }
            }, "a merge names an id that is none of \(tokens.count) tokens after \(specialTokens.count) special ones")
        (self.specialTokens, self.tokens, self.merges) = (specialTokens, tokens, merges)
        self.preTokenizer = preTokenizer
    }

    /// The number of ids.
    public var vocabularySize: Int { specialTokens.count + tokens.count }

    /// A tokenizer with this vocabulary.
    ///
    /// - Throws: ``TokenizerError`` when a special token's text is also the spelling of a learned token.
    public func tokenizer() throws -> Tokenizer { try Tokenizer(json: json) }

    /// The vocabulary as Hugging Face's `tokenizer.json`.
    public var json: Data {
        let spellings = tokens.map { ByteAlphabet.encode($0) }
        let vocabulary = (specialTokens + spellings).enumerated().map { "\(Self.quoted($1)):\($0)" }
        let first = specialTokens.count
        let pairs = merges.map { Self.quoted("\(spellings[$0.left - first]) \(spellings[$0.right - first])") }
        let added = specialTokens.enumerated().map { id, text in
            #"{"id":\#(id),"content":\#(Self.quoted(text)),"single_word":false,"lstrip":false,"rstrip":false,"#
                + #""normalized":false,"special":true}"#
        }
        let decoder = #"{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}"#
        return Data(
            """
            {"version":"1.0","truncation":null,"padding":null,"added_tokens":[\(added.joined(separator: ","))],
            "normalizer":null,"pre_tokenizer":\(preTokenizer.json.text(.compact)),"post_processor":null,"decoder":\(decoder),
            "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,
            "end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"ignore_merges":false,
            "vocab":{\(vocabulary.joined(separator: ",\n"))},
            "merges":[\(pairs.joined(separator: ",\n"))]}}

            """.utf8)
    }

    /// Text as a JSON string.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\0"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
