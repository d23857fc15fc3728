internal import Foundation
internal import PlumbData
internal import PlumbTokenizers

/// `config.json` as Hugging Face's library reads it: what every family has, and the family's own keys beside it.
struct SavedConfiguration: Encodable {
    private let model_type: String
    private let architectures: [String]?
    private let dtype = "float32"
    private let bos_token_id: TokenID
    private let eos_token_id: EndTokens
    private let pad_token_id: TokenID
    private let family: any Encodable

    private enum Key: String, CodingKey {
        case model_type, architectures, dtype, bos_token_id, eos_token_id, pad_token_id
    }

    /// A token's id, or null: one left out would be taken for the architecture's usual one.
    private struct TokenID: Encodable {
        var id: Int?

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            if let id { try container.encode(id) } else { try container.encodeNil() }
        }
    }

    /// Every token that ends a text: null, an id, or a list where there are several, the tokenizer's own first.
    private struct EndTokens: Encodable {
        var ids: [Int]

        init(_ tokenizer: Tokenizer?) {
            let own = tokenizer?.eos
            let others = tokenizer.map { $0.stopTokens.filter { $0 != own } } ?? []
            ids = [own].compactMap { $0 } + others.sorted()
        }

        func encode(to encoder: any Encoder) throws {
            if ids.count > 1 { try ids.encode(to: encoder) } else { try TokenID(id: ids.first).encode(to: encoder) }
        }
    }

    /// - Throws: ``ModelError`` for what `config.json` cannot say.
    init(_ model: HookedTransformer) throws {
        let architecture = model.configuration.architecture
        model_type = architecture.rawValue
        architectures = architecture.className.map { [$0] }
        family = try architecture.family.configuration(of: model.transformer)
        bos_token_id = TokenID(id: model.tokenizer?.bos)
        eos_token_id = EndTokens(model.tokenizer)
        pad_token_id = TokenID(id: model.tokenizer?.padding)
    }

    func encode(to encoder: any Encoder) throws {
        try family.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(model_type, forKey: .model_type)
        try container.encodeIfPresent(architectures, forKey: .architectures)
        try container.encode(dtype, forKey: .dtype)
        try container.encode(bos_token_id, forKey: .bos_token_id)
        try container.encode(eos_token_id, forKey: .eos_token_id)
        try container.encode(pad_token_id, forKey: .pad_token_id)
    }

    /// Numbers that `transformers` refuses without a fraction, such as a soft cap of 30 for 30.0.
    private static let fractions = [
        "attn_logit_softcapping", "final_logit_softcapping", "partial_rotary_factor", "rotary_pct",
    ]

    /// The same file, one key a line, with `.0` behind whole numbers that must have a fraction.
    static func withFractions(_ json: Data) -> Data {
        let lines = String(decoding: json, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        let written = lines.map { line in
            guard fractions.contains(where: { line.contains("\"\($0)\" :") }) else { return String(line) }
            let number = line.hasSuffix(",") ? line.dropLast() : line
            guard number.last?.isNumber ?? false, !number.contains(".") else { return String(line) }
            return number + ".0" + (line.hasSuffix(",") ? "," : "")
        }
        return Data(written.joined(separator: "\n").utf8)
    }
}
