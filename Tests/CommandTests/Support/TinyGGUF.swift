import Foundation

/// A Llama of one block in a GGUF file, whose rotary frequencies have a factor each.
struct TinyGGUF {
    private var pairs: [Data] = []
    private var tensors: [(name: String, shape: [UInt64], values: [Float])] = []

    init() {
        let vocabulary = Self.alphabet + ["we", "<|end|>"]
        add("general.architecture", "llama")
        for (key, value) in [
            ("block_count", 1), ("context_length", 16), ("embedding_length", 8), ("feed_forward_length", 8),
            ("attention.head_count", 2), ("attention.head_count_kv", 2),
        ] as [(String, UInt32)] { pairs.append(Self.text("llama.\(key)") + Self.bytes(UInt32(4)) + Self.bytes(value)) }
        let epsilon = Self.bytes(Float(1e-5).bitPattern)
        pairs.append(Self.text("llama.attention.layer_norm_rms_epsilon") + Self.bytes(UInt32(6)) + epsilon)
        add("tokenizer.ggml.model", "gpt2")
        add("tokenizer.ggml.pre", "gpt-2")
        add("tokenizer.ggml.tokens", vocabulary)
        add("tokenizer.ggml.merges", ["w e"])
        for (name, shape) in [
            ("token_embd", [8, UInt64(vocabulary.count)]), ("output_norm", [8]), ("blk.0.attn_norm", [8]),
            ("blk.0.ffn_norm", [8]), ("blk.0.attn_q", [8, 8]), ("blk.0.attn_k", [8, 8]), ("blk.0.attn_v", [8, 8]),
            ("blk.0.attn_output", [8, 8]), ("blk.0.ffn_gate", [8, 8]), ("blk.0.ffn_up", [8, 8]),
            ("blk.0.ffn_down", [8, 8]),
        ] as [(String, [UInt64])] {
            let values = (0..<shape.reduce(1, *)).map { Float($0 % 7) / 7 - 0.4 }
            tensors.append((name + ".weight", shape, values))
        }
        tensors.append(("rope_freqs.weight", [2], [1, 8]))
    }

    /// The file's bytes.
    func encoded() -> Data {
        var file = Data("GGUF".utf8) + Self.bytes(UInt32(3)) + Self.bytes(UInt64(tensors.count))
        file += Self.bytes(UInt64(pairs.count)) + pairs.joined()
        var data = Data()
        for tensor in tensors {
            file += Self.text(tensor.name) + Self.bytes(UInt32(tensor.shape.count))
            file += tensor.shape.map(Self.bytes).joined() + Self.bytes(UInt32(0)) + Self.bytes(UInt64(data.count))
            data += tensor.values.map { Self.bytes($0.bitPattern) }.joined()
            data += Data(count: (32 - data.count % 32) % 32)
        }
        return file + Data(count: (32 - file.count % 32) % 32) + data
    }

    private mutating func add(_ key: String, _ value: String) {
        pairs.append(Self.text(key) + Self.bytes(UInt32(8)) + Self.text(value))
    }

    private mutating func add(_ key: String, _ values: [String]) {
        let elements = values.map(Self.text).joined()
        pairs.append(
            Self.text(key) + Self.bytes(UInt32(9)) + Self.bytes(UInt32(8)) + Self.bytes(UInt64(values.count)) + elements
        )
    }

    private static func bytes(_ number: some FixedWidthInteger) -> Data {
        withUnsafeBytes(of: number.littleEndian) { Data($0) }
    }

    private static func text(_ text: String) -> Data { bytes(UInt64(text.utf8.count)) + Data(text.utf8) }

    /// A printable character for each byte, as GPT-2 writes them.
    private static var alphabet: [String] {
        var next: UInt32 = 0x100
        return (0..<256 as Range<UInt32>).map { byte in
            let isPrintable = (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
            let value = isPrintable ? byte : next
            if !isPrintable { next += 1 }
            return Unicode.Scalar(value).map { String(Character($0)) } ?? ""
        }
    }
}
