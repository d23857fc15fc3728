import Foundation
import PlumbData

/// A folder with a small random Llama model whose tokenizer knows the words of the standard prompts, and a scratch area.
final class TinyModel: Sendable {
    let folder: URL
    let scratch: URL
    var path: String { folder.path }

    private static let words = [
        "When", " Mary", " and", " John", " went", " to", " the", " store", " gave", " a", " drink", " Tom", " ring",
    ]

    /// - Parameter damagesWeights: puts one value that is not a number among the weights.
    init(damagesWeights: Bool = false, hasTokenizer: Bool = true) throws {
        scratch = FileManager.default.temporaryDirectory.appendingPathComponent("plumb-command-\(UUID().uuidString)")
        folder = scratch.appendingPathComponent("tiny")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let (tokenizer, count) = Self.tokenizer()
        if hasTokenizer { try write(tokenizer, "tiny/tokenizer.json") }
        try write(Self.configuration(vocabulary: count), "tiny/config.json")
        try Self.weights(vocabulary: count, damaged: damagesWeights).write(
            to: folder.appendingPathComponent("model.safetensors"))
    }

    deinit { try? FileManager.default.removeItem(at: scratch) }

    /// Writes a file into the scratch area and returns its path.
    @discardableResult
    func write(_ text: String, _ name: String) throws -> String {
        let url = scratch.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
        return url.path
    }

    private static let (width, heads, groups, mlp, layers) = (24, 4, 2, 32, 3)

    static func configuration(vocabulary: Int, architecture: String = "llama") -> String {
        """
        {"model_type":"\(architecture)","hidden_size":\(width),"intermediate_size":\(mlp),"num_hidden_layers":\(layers),
        "num_attention_heads":\(heads),"num_key_value_heads":\(groups),"vocab_size":\(vocabulary),
        "max_position_embeddings":128,"rms_norm_eps":1e-5,"tie_word_embeddings":true}
        """
    }

    private static func weights(vocabulary: Int, damaged: Bool) -> SafetensorsWriter {
        var writer = SafetensorsWriter()
        var state: UInt64 = 7
        func random(_ shape: [Int], scale: Float) -> [Float] {
            (0..<shape.reduce(1, *)).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return scale * (Float(state >> 40) / Float(1 << 24) * 2 - 1)
            }
        }
        func add(_ name: String, _ shape: [Int], scale: Float = 0.5) {
            writer.add(name, shape: shape, values: random(shape, scale: scale))
        }
        func addNorm(_ name: String) { writer.add(name, shape: [width], values: [Float](repeating: 1, count: width)) }
        add("model.embed_tokens.weight", [vocabulary, width], scale: 1)
        let (q, kv) = (width, width / heads * groups)
        for layer in 0..<layers {
            let name = "model.layers.\(layer)"
            addNorm("\(name).input_layernorm.weight")
            addNorm("\(name).post_attention_layernorm.weight")
            for (part, rows) in [("q", q), ("k", kv), ("v", kv), ("o", width)] {
                add("\(name).self_attn.\(part)_proj.weight", [rows, width])
            }
            add("\(name).mlp.gate_proj.weight", [mlp, width])
            add("\(name).mlp.up_proj.weight", [mlp, width])
            if damaged, layer == 1 {
                var values = random([width, mlp], scale: 0.5)
                values[5] = .nan
                writer.add("\(name).mlp.down_proj.weight", shape: [width, mlp], values: values)
            } else {
                add("\(name).mlp.down_proj.weight", [width, mlp])
            }
        }
        addNorm("model.norm.weight")
        return writer
    }

    /// A byte-level tokenizer whose merges build the words from the left.
    private static func tokenizer() -> (json: String, count: Int) {
        var next: UInt32 = 0x100
        let alphabet = (0..<256).map { byte -> String in
            let isPrintable = (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
            let value = isPrintable ? UInt32(byte) : next
            if !isPrintable { next += 1 }
            return UnicodeScalar(value).map { String(Character($0)) } ?? ""
        }
        var tokens = alphabet
        var merges: [String] = []
        for word in words {
            let letters = word.map { $0 == " " ? "Ġ" : String($0) }
            var left = letters[0]
            for letter in letters.dropFirst() {
                let joined = left + letter
                if !tokens.contains(joined) {
                    tokens.append(joined)
                    merges.append("\"\(left) \(letter)\"")
                }
                left = joined
            }
        }
        let vocabulary = tokens.enumerated().map { id, token in
            "\"\(token == "\"" || token == "\\" ? "\\" : "")\(token)\":\(id)"
        }
        let json = """
            {"version":"1.0","added_tokens":[],"normalizer":null,
            "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"use_regex":true},
            "post_processor":null,"decoder":{"type":"ByteLevel"},
            "model":{"type":"BPE","vocab":{\(vocabulary.joined(separator: ","))},"merges":[\(merges.joined(separator: ","))]}}
            """
        return (json, tokens.count)
    }
}
