public import Foundation
internal import PlumbBasics
public import PlumbData
internal import PlumbNN
internal import PlumbTensor
internal import PlumbTokenizers

/// The sizes of a BERT encoder.
public struct EncoderConfiguration: Sendable, Equatable {
    /// `L`, the number of blocks.
    public var layers: Int
    /// `D`, the width of the residual stream.
    public var width: Int
    /// `H`, heads per block.
    public var heads: Int
    /// `F`, neurons per MLP.
    public var mlpWidth: Int
    /// `V`, tokens in the vocabulary.
    public var vocabulary: Int
    /// The largest number of positions.
    public var positions: Int
    /// The number of segments that texts may be told apart as.
    public var segments: Int
}

extension HookedEncoder {
    /// `config.json` as Hugging Face writes it.
    struct File: Codable {
        var model_type: String?
        var hidden_size: Int
        var num_hidden_layers: Int
        var num_attention_heads: Int
        var intermediate_size: Int
        var vocab_size: Int
        var max_position_embeddings: Int?
        var type_vocab_size: Int?
        var layer_norm_eps: Float?
        var hidden_act: String?
        var position_embedding_type: String?
        /// Of the head that is not read.
        var tie_word_embeddings: Bool?
    }

    static let names = TensorNames(
        blocks: ("bert.encoder.layer", ""),
        parts: [
            .tokenEmbedding: ("bert.embeddings.word_embeddings", ""), .query: ("attention.self.query", ""),
            .key: ("attention.self.key", ""), .value: ("attention.self.value", ""),
            .attentionOutput: ("attention.output.dense", ""), .ln1: ("attention.output.LayerNorm", ""),
            .up: ("intermediate.dense", ""), .down: ("output.dense", ""), .ln2: ("output.LayerNorm", ""),
        ], optionalPrefix: "bert.", ignoredPrefixes: ["cls."])

    /// Loads an encoder by a name of the catalogue (`minilm`), a folder, or a hub id, fetching it first where it is not at
    /// hand.
    ///
    /// - Throws: an error whose description says what was found and what to do.
    public static func load(_ name: String, store: ModelStore = ModelStore()) async throws -> HookedEncoder {
        switch try await store.locate(name) {
        case .folder(let url): try load(folder: url, name: name)
        case .gguf(let url):
            throw ModelError(
                "\(url.path) is a GGUF file; encoders are read from folders with config.json and safetensors")
        }
    }

    /// Loads a folder as Hugging Face's `save_pretrained` writes it. Heads beside the encoder are not read.
    ///
    /// - Throws: an error whose description says what was found and what to do.
    public static func load(folder: URL, name: String? = nil) throws -> HookedEncoder {
        let place = folder.appendingPathComponent("config.json")
        guard FileManager.default.fileExists(atPath: place.path) else {
            throw ModelError("\(folder.path) has no config.json: a model folder holds one, beside its weights")
        }
        let data: Data
        do { data = try WholeFile.read(place, limit: 16 << 20) } catch {
            throw ModelError("cannot read \(place.path): \(error)")
        }
        let file = try HookedTransformer.decode(File.self, data, place)
        guard file.model_type == "bert" else {
            throw ModelError(
                "\(place.path) describes a \"\(file.model_type ?? "unnamed")\" model; encoders are \"bert\"")
        }
        try ConfigurationKeys.refuseUnknown(in: data, taken: file, of: "bert", place.path)
        let checkpoint = try SafetensorsCheckpoint(folder: folder)
        return try HookedEncoder(
            file, from: WeightReader(checkpoint, names, .huggingFace), name: name ?? folder.lastPathComponent,
            tokenizer: try Tokenizer.read(in: folder), files: checkpoint.files.map(\.url))
    }

    init(
        _ file: File, from reader: WeightReader, name: String, tokenizer: Tokenizer?, files: [URL]
    ) throws {
        let configuration = EncoderConfiguration(
            layers: file.num_hidden_layers, width: file.hidden_size, heads: file.num_attention_heads,
            mlpWidth: file.intermediate_size, vocabulary: file.vocab_size,
            positions: file.max_position_embeddings ?? 512, segments: file.type_vocab_size ?? 2)
        guard (1...1024).contains(configuration.segments) else {
            throw ModelError(
                "the model's configuration gives \(configuration.segments) for type_vocab_size; it must lie in 1...1024"
            )
        }
        // The block's sizes are what a GPT-2 block has, whatever stands around it.
        let sizes = try TransformerConfiguration(
            architecture: .gpt2, layers: configuration.layers, width: configuration.width, heads: configuration.heads,
            mlpWidth: configuration.mlpWidth, vocabulary: configuration.vocabulary, context: configuration.positions
        ).validated()
        let epsilon = try Normalization.validated(epsilon: file.layer_norm_eps ?? 1e-12)
        let design = TransformerDesign(
            normEpsilon: epsilon, normPlacement: .stream, activation: try Activation(hidden: file.hidden_act ?? "gelu"),
            masks: [.bidirectional])
        let description = TransformerDescription(sizes: sizes, design: design)
        try reader.checkLayers(sizes.layers)
        func table(_ part: String, _ rows: Int) throws -> Weight {
            Weight([.stored(try reader.tensor("bert.embeddings.\(part)_embeddings.weight", [rows, sizes.width]))])
        }
        var (read, blocks) = ([String](), [TransformerBlock]())
        let filling = Filling(reader: reader, description: description)
        for index in 0..<sizes.layers {
            var block = TransformerBlock(description, index: index, names: reader.names) { _ in true }
            read += try filling.run { visitor in
                visitor.group(reader.names.blocks(.huggingFace)) { visitor in
                    visitor.group(String(index)) { block.visit(&$0, reader.names, .huggingFace) }
                }
            }
            blocks.append(block)
        }
        self.init(
            name: name, configuration: configuration, tokenizer: tokenizer, files: files,
            word: try table("word", sizes.vocabulary), position: try table("position", sizes.context),
            type: try table("token_type", configuration.segments),
            norm: Normalization(
                .layer, weight: try reader.vector("bert.embeddings.LayerNorm.weight", sizes.width),
                bias: try reader.vector("bert.embeddings.LayerNorm.bias", sizes.width), epsilon: epsilon),
            blocks: blocks, pooler: try HookedEncoder.pooler(reader, width: sizes.width))
        try reader.checkNothingIsLeft(parameters.map(\.name), isTied: false)
    }

    private static func pooler(_ reader: WeightReader, width: Int) throws -> Linear? {
        guard reader.contains("bert.pooler.dense.weight") else { return nil }
        return Linear(
            weight: Weight([.stored(try reader.tensor("bert.pooler.dense.weight", [width, width]))]),
            bias: try reader.vector("bert.pooler.dense.bias", width))
    }
}
