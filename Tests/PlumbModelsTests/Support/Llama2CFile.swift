import Foundation
import PlumbData
import PlumbTensor

/// A model in llama2.c's first ("v0") layout: seven 32-bit integers, then float32 weights in a fixed order.
///
/// Its rotary features stand in neighboring pairs, as in GGUF.
struct Llama2CFile {
    let width: Int
    let mlpWidth: Int
    let layers: Int
    let heads: Int
    let keyValueHeads: Int
    let vocabulary: Int
    let context: Int
    let isTied: Bool
    /// Name as in a Hugging Face checkpoint, shape and values, in the file's order.
    private(set) var tensors: [(name: String, shape: [Int], values: [Float])] = []

    init(contentsOf url: URL) throws {
        let data = try Data(contentsOf: url)
        guard data.count >= 28 else { throw FileError("\(url.path) is not a llama2.c model") }
        let words: [UInt32] = data.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map {
                UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self))
            }
        }
        let header = words.prefix(7).map { Int(Int32(bitPattern: $0)) }
        guard header.prefix(5).allSatisfy({ (1...1 << 16).contains($0) }), header[5] != 0, header[6] > 0 else {
            throw FileError("\(url.path) is not a llama2.c model: its header is \(header)")
        }
        (width, mlpWidth, layers, heads, keyValueHeads) = (header[0], header[1], header[2], header[3], header[4])
        (vocabulary, isTied, context) = (abs(header[5]), header[5] > 0, header[6])
        var position = 7
        func take(_ shape: [Int]) throws -> [Float] {
            let count = shape.reduce(1, *)
            guard position + count <= words.count else { throw FileError("\(url.path) is truncated") }
            defer { position += count }
            return words[position..<position + count].map(Float.init(bitPattern:))
        }
        try read(take)
    }

    private mutating func read(_ take: ([Int]) throws -> [Float]) throws {
        let head = width / heads
        let keys = keyValueHeads * head
        tensors.append(("model.embed_tokens.weight", [vocabulary, width], try take([vocabulary, width])))
        let perLayer: [(String, [Int])] = [
            ("input_layernorm", [width]), ("self_attn.q_proj", [width, width]), ("self_attn.k_proj", [keys, width]),
            ("self_attn.v_proj", [keys, width]), ("self_attn.o_proj", [width, width]),
            ("post_attention_layernorm", [width]), ("mlp.gate_proj", [mlpWidth, width]),
            ("mlp.down_proj", [width, mlpWidth]), ("mlp.up_proj", [mlpWidth, width]),
        ]
        for (name, shape) in perLayer {
            for layer in 0..<layers {
                tensors.append(("model.layers.\(layer).\(name).weight", shape, try take(shape)))
            }
        }
        tensors.append(("model.norm.weight", [width], try take([width])))
        // Cosines and sines that follow from the positions.
        _ = try take([2, context, head / 2])
        if !isTied { tensors.append(("lm_head.weight", [vocabulary, width], try take([vocabulary, width]))) }
    }

    /// Writes the model as a Hugging Face folder (`config.json`, `model.safetensors`), without a tokenizer. Rotated
    /// features move from neighboring pairs into two halves, as Hugging Face has them.
    func writeFolder(to folder: URL) throws {
        var writer = SafetensorsWriter()
        for (name, shape, values) in tensors {
            let isRotated = name.contains("q_proj") || name.contains("k_proj")
            writer.add(name, shape: shape, values: isRotated ? halved(values, shape) : values)
        }
        try writer.write(to: folder.appendingPathComponent("model.safetensors"))
        let configuration = """
            {"model_type":"llama","hidden_size":\(width),"intermediate_size":\(mlpWidth),\
            "num_hidden_layers":\(layers),"num_attention_heads":\(heads),"num_key_value_heads":\(keyValueHeads),\
            "vocab_size":\(vocabulary),"max_position_embeddings":\(context),"rms_norm_eps":1e-5,"rope_theta":10000.0,\
            "hidden_act":"silu","tie_word_embeddings":\(isTied)}
            """
        try Data(configuration.utf8).write(to: folder.appendingPathComponent("config.json"))
    }

    private func halved(_ values: [Float], _ shape: [Int]) -> [Float] {
        let head = width / heads
        let half = head / 2
        return (0..<shape[0]).flatMap { row in
            let feature = row % head
            let source = row - feature + feature % half * 2 + feature / half
            return values[source * shape[1]..<(source + 1) * shape[1]]
        }
    }
}

/// llama2.c's tokenizer file: the longest token's length, then for each token a score, a length and bytes.
struct Llama2CVocabulary {
    private(set) var tokens: [[UInt8]] = []

    init(contentsOf url: URL) throws {
        let data = try Data(contentsOf: url)
        var position = 4
        while position + 8 <= data.count {
            let length = data.withUnsafeBytes {
                Int(Int32(littleEndian: $0.loadUnaligned(fromByteOffset: position + 4, as: Int32.self)))
            }
            position += 8
            guard length >= 0, length <= data.count - position else { throw FileError("\(url.path) is truncated") }
            tokens.append(Array(data[data.startIndex + position..<data.startIndex + position + length]))
            position += length
        }
    }

    /// The text of `ids`, the beginning-of-sequence token (1) and the space it brings left out.
    func text(_ ids: [Int]) -> String {
        var bytes = ids.drop { $0 == 1 }.flatMap { tokens[$0] }
        if bytes.first == UInt8(ascii: " ") { bytes.removeFirst() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
