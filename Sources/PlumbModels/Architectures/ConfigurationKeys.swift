internal import Foundation

/// Which keys of `config.json` may be passed over. Any other that a family does not read may change what the model
/// computes, and is refused by name.
enum ConfigurationKeys {
    /// Keys that say nothing about what a model computes of tokens.
    private static let harmless: Set<String> = [
        "model_type", "architectures", "auto_map", "torch_dtype", "dtype", "use_cache", "cache_implementation",
        "bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id", "cls_token_id", "mask_token_id", "unk_token_id",
        "decoder_start_token_id", "initializer_range", "initializer_factor", "attention_dropout", "attn_pdrop",
        "embd_pdrop", "resid_pdrop", "embed_dropout", "resid_dropout", "hidden_dropout", "hidden_dropout_prob",
        "attention_probs_dropout_prob", "classifier_dropout", "classifier_dropout_prob", "task_specific_params",
        "gradient_checkpointing", "pretraining_tp", "name_or_path", "output_attentions", "output_hidden_states",
        "output_past", "return_dict", "problem_type", "id2label", "label2id", "num_labels", "finetuning_task",
        "tokenizer_class", "predict_special_tokens", "n_special", "n_ctx", "max_length", "prefix", "torchscript",
        "use_bfloat16", "attn_implementation", "is_llama_config", "transformers.js_config", "unsloth_version",
        "unsloth_fixed", "upcast_attn", "flash_attn", "use_flash_attn", "vocab_size_in_use", "language", "license",
        "model_max_length", "neftune_noise_alpha", "num_hidden_layers", "vocab_size", "hidden_size",
        "mm_tokens_per_image",
    ]
    private static let harmlessBeginnings = ["_", "transformers", "summary_", "torch_", "quantization_"]
    /// Keys that change nothing by these values.
    private static let neutral: Set<String> = [
        "rope_interleaved=false", "scale_attn_weights=true", "rotary=true", "use_mrope=false", "is_decoder=false",
        "is_encoder_decoder=false", "add_cross_attention=false", "tie_encoder_decoder=false",
        "cross_attention_hidden_size=0",
        "chunk_size_feed_forward=0", "reorder_and_upcast_attn=false", "position_embedding_type=\"absolute\"",
        "attention_bias=false", "mlp_bias=false", "use_qkv_bias=false", "pruned_heads={}", "use_sliding_window=false",
        "hidden_act=\"gelu_pytorch_tanh\"", "use_parallel_residual=true", "layer_norm_elementwise_affine=true",
        "use_bidirectional_attention=false", "rope_scaling={}",
    ]

    /// Refuses keys of a file that its family's configuration has not taken.
    ///
    /// - Throws: ``ModelError`` naming the first.
    static func refuseUnknown(in data: Data, taken configuration: some Encodable, of type: String, _ place: String)
        throws
    {
        let (all, known) = (object(data), object(try JSONEncoder().encode(configuration)))
        guard let key = unknown(all, known) else { return }
        throw ModelError(
            "\(place) gives \(key), which a model of type \"\(type)\" is not known to have: what it changes would be "
                + "missed, so the model is not read")
    }

    private static func object(_ data: Data) -> [String: Any] {
        (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] ?? [:]
    }

    private static func unknown(_ all: [String: Any], _ known: [String: Any]) -> String? {
        for (key, value) in all.sorted(by: { $0.key < $1.key }) where !(value is NSNull) {
            if let part = value as? [String: Any], let taken = known[key] as? [String: Any] {
                if let inner = unknown(part, taken) { return "\(key).\(inner)" }
                continue
            }
            if known[key] != nil || harmless.contains(key) || harmlessBeginnings.contains(where: key.hasPrefix) {
                continue
            }
            if !neutral.contains("\(key)=\(text(value))") { return key }
        }
        return nil
    }

    private static func text(_ value: Any) -> String {
        let data = try? JSONSerialization.data(withJSONObject: value, options: [.fragmentsAllowed])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
