#!/usr/bin/env python3
"""Makes a small random checkpoint of each family beside those of record-tiny-models.py and records `transformers`' logits.

    python Scripts/record-families.py Tests/PlumbModelsTests/Golden [--only NAME...]

Needs what record-tiny-models.py needs; no network. Writes one folder a model, named NAME-tiny or NAME-tiny-VARIANT:
    config.json, model.safetensors
    logits.json      sequences of token ids and, for each, the float32 logits [T, V] of transformers
    gradients.json   of each parameter, what its gradient of the second sequence's loss is in three directions, and its
                     norm: computed in float64; element i of direction j is sin((j + 1) * 0.7 * (i + 1))
    model.gguf       (where llama.cpp's converter has the family) the same weights as the converter lays them out

Vocabulary 61, width 32 or 48, windows of 8 keys: the second sequence of each model goes beyond the window, beyond the
original context of stretched rotary positions, or both.
"""
import argparse
import importlib.util
import json
import math
import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import gguf  # noqa: E402
import numpy  # noqa: E402
import torch  # noqa: E402
import transformers as hf  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

SPEC = importlib.util.spec_from_file_location(
    "tiny", os.path.join(os.path.dirname(os.path.abspath(__file__)), "record-tiny-models.py"))
tiny = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tiny)
tiny.VOCABULARY = VOCABULARY = 61
WINDOW = 8


def draw(model, seed):
    """Random weights that make every part matter. Norms that add 1 to their weight are drawn about 0."""
    generator = torch.Generator().manual_seed(seed)
    adds_one = "gemma" in model.config.model_type
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim == 1:
                is_gain = name.endswith("weight")
                parameter.copy_((0 if adds_one or not is_gain else 1) + 0.2 * noise)
            elif any(part in name for part in ("wte", "embed_", "lm_head", "wpe", "embeddings")):
                parameter.copy_((0.05 if adds_one else 0.15) * noise)
            else:
                sharp = any(part in name for part in ("q_proj", "k_proj", "qkv_proj", "query", "key"))
                parameter.copy_((1.3 if sharp else 1.0) * noise / math.sqrt(parameter.shape[1]))
    return model.eval()


COMMON = {"vocab_size": VOCABULARY, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
LLAMA = {
    **COMMON, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2,
    "head_dim": 12, "intermediate_size": 48, "max_position_embeddings": 64, "rms_norm_eps": 1e-6,
    "tie_word_embeddings": False}


def rope(theta=10000.0, kind="default", **more):
    return {"rope_type": kind, "rope_theta": theta, **more}


def without(settings, *keys):
    return {key: value for key, value in settings.items() if key not in keys}


GEMMA = {**LLAMA, "tie_word_embeddings": True, "query_pre_attn_scalar": 12, "sliding_window": WINDOW,
         "hidden_activation": "gelu_pytorch_tanh"}
GEMMA3_ROPE = {"full_attention": rope(1000000.0, "linear", factor=8.0), "sliding_attention": rope(10000.0)}
PHI3 = without(LLAMA, "head_dim")
SHORT, LONG = [1.0, 1.05, 1.1, 1.2, 1.3, 1.7], [1.0, 1.2, 2.5, 4.0, 5.0, 9.0]

MODELS = {
    "gemma2-tiny": (hf.Gemma2Config, hf.Gemma2ForCausalLM, {
        **GEMMA, "attn_logit_softcapping": 5.0, "final_logit_softcapping": 3.0, "rope_parameters": rope()}),
    "gemma3-tiny": (hf.Gemma3TextConfig, hf.Gemma3ForCausalLM, {
        **GEMMA, "hidden_size": 24, "num_hidden_layers": 6, "num_attention_heads": 2, "num_key_value_heads": 1,
        "intermediate_size": 32, "rope_parameters": GEMMA3_ROPE}),
    "gemma3-tiny-caps": (hf.Gemma3TextConfig, hf.Gemma3ForCausalLM, {
        **GEMMA, "query_pre_attn_scalar": 20, "num_attention_heads": 2, "num_key_value_heads": 1,
        "final_logit_softcapping": 0.5, "rope_parameters": GEMMA3_ROPE,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"]}),
    "qwen3-tiny": (hf.Qwen3Config, hf.Qwen3ForCausalLM, {**LLAMA, "rope_parameters": rope(1000000.0)}),
    "qwen3-tiny-yarn": (hf.Qwen3Config, hf.Qwen3ForCausalLM, {
        **LLAMA, "tie_word_embeddings": True, "max_position_embeddings": 96,
        "rope_parameters": rope(100.0, "yarn", factor=4.0, original_max_position_embeddings=16)}),
    "mistral-tiny": (hf.MistralConfig, hf.MistralForCausalLM, {
        **LLAMA, "sliding_window": WINDOW, "rope_parameters": rope()}),
    "llama-tiny-linear": (hf.LlamaConfig, hf.LlamaForCausalLM, {
        **LLAMA, "rope_parameters": rope(10000.0, "linear", factor=4.0)}),
    "llama-tiny-dynamic": (hf.LlamaConfig, hf.LlamaForCausalLM, {
        **LLAMA, "rope_parameters": rope(10000.0, "dynamic", factor=4.0)}),
    "phi3-tiny": (hf.Phi3Config, hf.Phi3ForCausalLM, {
        **PHI3, "sliding_window": WINDOW, "rope_parameters": rope()}),
    "phi3-tiny-long": (hf.Phi3Config, hf.Phi3ForCausalLM, {
        **PHI3, "tie_word_embeddings": True, "num_attention_heads": 2, "num_key_value_heads": 1, "sliding_window": None,
        "original_max_position_embeddings": 16, "rope_parameters": rope(
            10000.0, "longrope", short_factor=SHORT, long_factor=LONG, partial_rotary_factor=0.75,
            original_max_position_embeddings=16)}),
    "olmo2-tiny": (hf.Olmo2Config, hf.Olmo2ForCausalLM, {
        **without(LLAMA, "head_dim"), "rope_parameters": rope(500000.0)}),
    "olmo3-tiny": (hf.Olmo3Config, hf.Olmo3ForCausalLM, {
        **without(LLAMA, "head_dim"), "num_hidden_layers": 4, "sliding_window": WINDOW, "rope_parameters": {
            "sliding_attention": rope(100.0), "full_attention": rope(
                100.0, "yarn", factor=4.0, original_max_position_embeddings=16, attention_factor=1.1, beta_fast=4.0,
                beta_slow=1.0)}}),
    "phi-tiny": (hf.PhiConfig, hf.PhiForCausalLM, {
        **COMMON, "hidden_size": 40, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 80,
        "max_position_embeddings": 64, "tie_word_embeddings": False,
        "rope_parameters": rope(10000.0, partial_rotary_factor=0.4)}),
    "phi-tiny-norms": (hf.PhiConfig, hf.PhiForCausalLM, {
        **COMMON, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48,
        "max_position_embeddings": 64, "tie_word_embeddings": False, "qk_layernorm": True,
        "rope_parameters": rope(10000.0, partial_rotary_factor=0.5)}),
    "gptj-tiny": (hf.GPTJConfig, hf.GPTJForCausalLM, {
        **without(COMMON, "pad_token_id"), "n_embd": 32, "n_layer": 3, "n_head": 2, "n_positions": 64,
        "rotary_dim": 8}),
    "gpt-neo-tiny": (hf.GPTNeoConfig, hf.GPTNeoForCausalLM, {
        **without(COMMON, "pad_token_id"), "hidden_size": 32, "num_layers": 4, "num_heads": 4, "window_size": WINDOW,
        "max_position_embeddings": 64, "intermediate_size": 64,
        "attention_types": [[["global", "local"], 2]]}),
}


class Converter:
    """Writes model.gguf in float32 as llama.cpp's converter lays it out."""

    LLAMA = {
        "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
        "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
        "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm", "self_attn.qkv_proj": "attn_qkv",
        "mlp.gate_up_proj": "ffn_up", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down", "model.layers": "blk"}
    POSTS = {
        **LLAMA, "post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm",
        "post_feedforward_layernorm": "post_ffw_norm"}
    PHI = {
        **LLAMA, "model.final_layernorm": "output_norm", "self_attn.dense": "attn_output", "mlp.fc1": "ffn_up",
        "mlp.fc2": "ffn_down"}

    def __init__(self, folder):
        with open(os.path.join(folder, "config.json")) as file:
            self.config = json.load(file)
        self.folder, self.kind = folder, self.config["model_type"]
        self.names = {"gemma2": "gemma2", "gemma3_text": "gemma3", "qwen3": "qwen3", "phi3": "phi3", "olmo2": "olmo2",
                      "olmo3": "olmo2", "phi": "phi2"}

    def run(self):
        if self.kind not in self.names:
            return
        config, name = self.config, self.names[self.kind]
        writer = gguf.GGUFWriter(os.path.join(self.folder, "model.gguf"), name)
        heads, width = config["num_attention_heads"], config["hidden_size"]
        head = config.get("head_dim") or width // heads
        writer.add_block_count(config["num_hidden_layers"])
        writer.add_context_length(config["max_position_embeddings"])
        writer.add_embedding_length(width)
        writer.add_feed_forward_length(config["intermediate_size"])
        writer.add_head_count(heads)
        writer.add_head_count_kv(config.get("num_key_value_heads") or heads)
        if name not in ("phi2", "phi3"):
            writer.add_key_length(head)
            writer.add_value_length(head)
        if name == "phi2":
            writer.add_layer_norm_eps(config["layer_norm_eps"])
        else:
            writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
        if config.get("sliding_window"):
            writer.add_sliding_window(config["sliding_window"])
        if config.get("attn_logit_softcapping"):
            writer.add_attn_logit_softcapping(config["attn_logit_softcapping"])
        if config.get("final_logit_softcapping"):
            writer.add_final_logit_softcapping(config["final_logit_softcapping"])
        self.add_rope(writer, name, head)
        single = [chr(33 + index) for index in range(VOCABULARY - 2)]
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("gpt-2")
        writer.add_token_list([*single, "AB", "CD"])
        writer.add_token_merges(["A B", "C D"])
        self.add_tensors(writer, name)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()

    def add_rope(self, writer, name, head):
        parameters = self.config["rope_parameters"]
        parameters = parameters.get("full_attention", parameters)
        part = int(head * parameters.get("partial_rotary_factor", 1.0))
        if name in ("phi2", "phi3"):
            writer.add_rope_dimension_count(part)
        if name != "phi2":
            writer.add_rope_freq_base(parameters["rope_theta"])
        if parameters["rope_type"] in ("linear", "yarn"):
            kind = {"linear": gguf.RopeScalingType.LINEAR, "yarn": gguf.RopeScalingType.YARN}[parameters["rope_type"]]
            writer.add_rope_scaling_type(kind)
            writer.add_rope_scaling_factor(parameters["factor"])
        if parameters["rope_type"] == "yarn":
            writer.add_rope_scaling_orig_ctx_len(parameters["original_max_position_embeddings"])
            if "beta_fast" in parameters:
                writer.add_rope_scaling_yarn_beta_fast(parameters["beta_fast"])
            if "attention_factor" in parameters:
                writer.add_rope_scaling_attn_factors(parameters["attention_factor"])
        if parameters["rope_type"] == "longrope":
            original = self.config["original_max_position_embeddings"]
            ratio = self.config["max_position_embeddings"] / original
            writer.add_rope_scaling_orig_ctx_len(original)
            writer.add_rope_scaling_attn_factors(math.sqrt(1 + math.log(ratio) / math.log(original)))
            for kind in ("long", "short"):
                writer.add_tensor(
                    f"rope_factors_{kind}.weight", numpy.array(parameters[f"{kind}_factor"], dtype=numpy.float32))

    def add_tensors(self, writer, name):
        names = self.PHI if name == "phi2" else self.POSTS if name in ("gemma2", "gemma3", "olmo2") else self.LLAMA
        tensors = load_file(os.path.join(self.folder, "model.safetensors"))
        for key, tensor in tensors.items():
            if "gemma" in name and key.endswith("norm.weight"):
                tensor = tensor + 1
            for theirs, ours in names.items():
                key = key.replace(theirs, ours)
            writer.add_tensor(key, tensor.numpy())


def write_gradients(folder):
    """Of the mean cross entropy of the second sequence's tokens after the first, each given those before it."""
    model = hf.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64, attn_implementation="eager").eval()
    model.get_input_embeddings().padding_idx = None  # PyTorch gives the padding token's embedding no gradient
    with open(os.path.join(folder, "logits.json")) as file:
        tokens = json.load(file)["sequences"][1]["tokens"]
    logits = model(torch.tensor([tokens])).logits[0]
    loss = torch.nn.functional.cross_entropy(logits[:-1], torch.tensor(tokens[1:]))
    loss.backward()
    record = {"loss": loss.item(), "parameters": {}}
    for name, parameter in model.named_parameters():
        gradient = parameter.grad.flatten().numpy()
        places = 0.7 * (numpy.arange(len(gradient)) + 1)
        record["parameters"][name] = {
            "norm": float(numpy.linalg.norm(gradient)),
            "along": [float(gradient @ numpy.sin((index + 1) * places)) for index in range(3)]}
    with open(os.path.join(folder, "gradients.json"), "w") as file:
        json.dump(record, file, separators=(",", ":"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--only", nargs="*", choices=list(MODELS), help="record these and leave the others' files alone")
    parser.add_argument("--gradients", action="store_true", help="record only gradients, of the checkpoints that are there")
    arguments = parser.parse_args()
    for seed, (name, (configuration, model, settings)) in enumerate(MODELS.items()):
        if arguments.only and name not in arguments.only:
            continue
        if arguments.gradients:
            write_gradients(os.path.join(arguments.folder, name))
            continue
        folder = tiny.save(draw(model(configuration(**settings)), 100 + seed), arguments.folder, name)
        tiny.write_logits(folder, [7, 26], 200 + seed)
        write_gradients(folder)
        if "norms" not in name and "caps" not in name:
            Converter(folder).run()
        for file in os.listdir(folder):
            os.chmod(os.path.join(folder, file), 0o644)


if __name__ == "__main__":
    main()
