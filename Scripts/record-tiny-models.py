#!/usr/bin/env python3
"""Makes small random GPT-2, Llama, Qwen 2 and GPT-NeoX checkpoints and records what `transformers` and TransformerLens compute with them.

    python Scripts/record-tiny-models.py Tests/PlumbModelsTests/Golden [--only gpt-neox]

Needs torch, transformers, safetensors, gguf and transformer-lens 4.3.0; no network. Writes one folder a model:
    config.json, model.safetensors (or shards and model.safetensors.index.json)
    logits.json          sequences of token ids and, for each, the float32 logits [T, V] of transformers
    hooks.safetensors    (gpt2-tiny, llama-tiny, gpt-neox-tiny) every hook point of TransformerLens for the first sequence, float32,
                         keyed by its legacy name, without the batch axis; `logits` besides

    gpt2-tiny            3 layers, D 48, H 4, V 211, 64 positions, LayerNorm, tanh GELU; tensor names as saved today
    gpt2-tiny-hub        2 layers, D 16; the tensor names and mask buffers of the hub's "gpt2" (no "transformer.")
    llama-tiny           3 layers, D 48, H 6 over 2 key-value heads, K 8, F 80, untied, config.json as saved today
    llama-tiny-tied      the same size, tied, two shards with an index, config.json with the older keys
    llama-tiny-bf16      2 layers, D 32, stored as bfloat16; logits are float32 arithmetic on those weights
    llama-tiny-rope3     2 layers, D 32, tied, rope_scaling "llama3" in the older keys; theta 100, so that kept,
                         blended and slowed frequencies all occur
    llama-tiny-bias      2 layers, D 32, K 12 (not D/H), attention_bias, mlp_bias, eps 1e-6, rope theta 500000
    qwen2-tiny           2 layers, D 32, tied, biases of queries, keys and values; the same weights in model.gguf besides
    gpt-neox-tiny        3 layers, D 48, H 3, K 16 of which 4 features turn, parallel residual; model.gguf besides
    gpt-neox-tiny-serial 2 layers, D 32, sequential residual, rotary_pct 0.5, config.json with the older keys

Weights are drawn with fixed seeds, norms and biases included, so that logits are of order 1 to 10 and attention is far
from uniform. Attention is "eager". Masked attention scores are written as -inf, as TransformerLens 2 and 3 have them
(the 4.x bridge shows the most negative float32). `hook_result` leaves out the output bias, which is added after the
heads are summed. The logits are read from the model loaded back from the folder; the recorder checks the hook
identities and says how far float32 is from float64.
"""
import argparse
import copy
import json
import math
import os
import shutil
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import gguf  # noqa: E402
import torch  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from tokenizers import Tokenizer, models  # noqa: E402
from transformers import (  # noqa: E402
    AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel, GPTNeoXConfig, GPTNeoXForCausalLM, LlamaConfig,
    LlamaForCausalLM, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM)
from transformer_lens.model_bridge import TransformerBridge  # noqa: E402

VOCABULARY = 211
GENERAL = ["hook_embed", "ln_final.hook_scale", "ln_final.hook_normalized"]
BLOCK = [
    "hook_resid_pre", "ln1.hook_scale", "ln1.hook_normalized", "attn.hook_q", "attn.hook_k", "attn.hook_v",
    "attn.hook_attn_scores", "attn.hook_pattern", "attn.hook_z", "attn.hook_result", "hook_attn_out",
    "hook_resid_mid", "ln2.hook_scale", "ln2.hook_normalized", "mlp.hook_pre", "mlp.hook_post", "hook_mlp_out",
    "hook_resid_post",
]
GPT2_ONLY, LLAMA_ONLY = ["hook_pos_embed"], ["attn.hook_rot_q", "attn.hook_rot_k", "mlp.hook_pre_linear"]
NEOX_LACKS, NEOX_ONLY = ["hook_resid_mid"], ["attn.hook_rot_q", "attn.hook_rot_k"]


def draw(model, seed):
    """Random weights that make every part matter; matrices keep the scale of their input, q and k sharpen it."""
    generator = torch.Generator().manual_seed(seed)
    convolution = isinstance(model, GPT2LMHeadModel)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim == 1:
                norm = name.endswith("weight")
                parameter.copy_(1 + 0.2 * noise if norm else 0.2 * noise)
            elif "wte" in name or "embed_" in name or "lm_head" in name or "wpe" in name:
                parameter.copy_(0.15 * noise)
            else:
                inputs = parameter.shape[0] if convolution else parameter.shape[1]
                gain = 1.3 if any(part in name for part in ("c_attn", "q_proj", "k_proj", "query_key_value")) else 1.0
                parameter.copy_(gain * noise / math.sqrt(inputs))
    return model.eval()


def sequences(lengths, seed):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(0, VOCABULARY, (length,), generator=generator).tolist() for length in lengths]


def write_logits(folder, lengths, seed):
    """Logits of the model as loaded back from the folder in float32."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    exact = copy.deepcopy(model).double()
    error, record = 0.0, {"sequences": []}
    for tokens in sequences(lengths, seed):
        with torch.no_grad():
            logits = model(torch.tensor([tokens])).logits[0]
            error = max(error, (exact(torch.tensor([tokens])).logits[0] - logits).abs().max().item())
        rows = [[float(f"{value:.8g}") for value in row] for row in logits.tolist()]
        record["sequences"].append({"tokens": tokens, "logits": rows})
    with open(os.path.join(folder, "logits.json"), "w") as file:
        json.dump(record, file, separators=(",", ":"))
    largest = max(abs(value) for entry in record["sequences"] for row in entry["logits"] for value in row)
    print(f"{os.path.basename(folder):18s} largest logit {largest:5.2f}, float32 off float64 by {error:.1e}")
    return model


def boot(name, model, tokenizer):
    return TransformerBridge.boot_transformers(
        name, hf_model=model, tokenizer=tokenizer, device="cpu", dtype=torch.float32)


def write_hooks(folder, model, name):
    """All hook points of the first sequence, from the bridge with unprocessed weights, and the identities checked."""
    with open(os.path.join(folder, "logits.json")) as file:
        first = json.load(file)["sequences"][0]
    words = {f"<{index}>": index for index in range(VOCABULARY)}  # the bridge insists on a tokenizer
    with tempfile.TemporaryDirectory() as home:
        PreTrainedTokenizerFast(
            tokenizer_object=Tokenizer(models.WordLevel(words, unk_token="<0>")), bos_token="<0>", eos_token="<0>"
        ).save_pretrained(home)
        bridge = boot(name, model, PreTrainedTokenizerFast.from_pretrained(home))
    bridge.set_use_attn_result(True)
    llama, neox = isinstance(model, LlamaForCausalLM), isinstance(model, GPTNeoXForCausalLM)
    layers = bridge.cfg.n_layers
    names = GENERAL + ([] if llama or neox else GPT2_ONLY)
    block = [hook for hook in BLOCK if not (neox and hook in NEOX_LACKS)]
    block += LLAMA_ONLY if llama else NEOX_ONLY if neox else []
    names += [f"blocks.{layer}.{hook}" for layer in range(layers) for hook in block]
    with torch.no_grad():
        logits, cache = bridge.run_with_cache(torch.tensor([first["tokens"]]))
    tensors = {hook: cache[hook][0].float().contiguous().clone() for hook in names if not (neox and "rot_" in hook)}
    if neox:  # the bridge does not show what turned
        turn_heads(tensors, model, layers)
    for hook, tensor in tensors.items():
        if hook.endswith("hook_attn_scores"):
            tensor[tensor < -1e30] = -math.inf
    tensors["logits"] = logits[0].contiguous().clone()
    check(tensors, layers, first, model, llama, neox)
    save_file(tensors, os.path.join(folder, "hooks.safetensors"))


def turn_heads(tensors, model, layers):
    """Adds GPT-NeoX's rotated queries and keys: the first features of a head turn, the others stay."""
    rotary = model.gpt_neox.rotary_emb
    count = len(tensors["hook_embed"])
    cosines, sines = rotary(tensors["hook_embed"], torch.arange(count)[None])
    width = cosines.shape[-1]
    for layer in range(layers):
        for name in "qk":
            heads = tensors[f"blocks.{layer}.attn.hook_{name}"]
            turning, rest = heads[..., :width], heads[..., width:]
            first, second = turning.chunk(2, -1)
            turned = turning * cosines[0][:, None] + torch.cat((-second, first), -1) * sines[0][:, None]
            tensors[f"blocks.{layer}.attn.hook_rot_{name}"] = torch.cat((turned, rest), -1).contiguous()


def check(tensors, layers, first, model, llama, neox):
    def close(what, a, b):
        if not torch.allclose(a, b, atol=5e-6, rtol=1e-5):
            raise SystemExit(f"{what}: off by {(a - b).abs().max().item()}")

    close("logits", tensors["logits"], torch.tensor(first["logits"]))
    start = tensors["hook_embed"] if llama or neox else tensors["hook_embed"] + tensors["hook_pos_embed"]
    close("blocks.0.hook_resid_pre", tensors["blocks.0.hook_resid_pre"], start)
    for layer in range(layers):
        def at(hook):
            return tensors[f"blocks.{layer}.{hook}"]

        if llama:
            parts = model.model.layers[layer]
            bias, up = 0, at("mlp.hook_pre_linear")
            post = torch.nn.functional.silu(at("mlp.hook_pre")) * up
            norm = at("ln1.hook_normalized") * parts.input_layernorm.weight
            query = parts.self_attn.q_proj(norm).unflatten(-1, at("attn.hook_q").shape[1:])
            rotated = at("attn.hook_rot_q"), at("attn.hook_rot_k")
        elif neox:
            parts = model.gpt_neox.layers[layer]
            bias = parts.attention.dense.bias if hasattr(parts.attention, "dense") else parts.attention.o.bias
            post = torch.nn.functional.gelu(at("mlp.hook_pre"))
            query, rotated = None, (at("attn.hook_rot_q"), at("attn.hook_rot_k"))
        else:
            parts = model.transformer.h[layer]
            bias = parts.attn.c_proj.bias if hasattr(parts.attn, "c_proj") else parts.attn.o.bias
            post = torch.nn.functional.gelu(at("mlp.hook_pre"), approximate="tanh")
            norm = at("ln1.hook_normalized") * parts.ln_1.weight + parts.ln_1.bias
            query, rotated = None, (at("attn.hook_q"), at("attn.hook_k"))
        if query is not None:
            close("hook_q", at("attn.hook_q"), query)
        source = at("hook_resid_pre") if llama else at("hook_resid_pre") - at("hook_resid_pre").mean(-1, keepdim=True)
        close("ln1", at("ln1.hook_normalized"), source / at("ln1.hook_scale"))
        keys = rotated[1].repeat_interleave(rotated[0].shape[1] // rotated[1].shape[1], dim=1)
        values = at("attn.hook_v").repeat_interleave(rotated[0].shape[1] // rotated[1].shape[1], dim=1)
        scores = torch.einsum("qhk,shk->hqs", rotated[0], keys) / math.sqrt(keys.shape[-1])
        scores = scores.masked_fill(torch.ones(scores.shape[-2:]).triu(1).bool(), -math.inf)
        close("scores", at("attn.hook_attn_scores").exp(), scores.exp())
        close("pattern", at("attn.hook_pattern"), scores.softmax(-1))
        close("z", at("attn.hook_z"), torch.einsum("hqs,shk->qhk", at("attn.hook_pattern"), values))
        close("result", at("attn.hook_result").sum(1) + bias, at("hook_attn_out"))
        middle = at("hook_resid_pre") + at("hook_attn_out")
        if not neox:
            close("resid_mid", at("hook_resid_mid"), middle)
        close("post", at("mlp.hook_post"), post)
        close("resid_post", at("hook_resid_post"), middle + at("hook_mlp_out"))


def save(model, root, name, **options):
    folder = os.path.join(root, name)
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, **options)
    os.remove(os.path.join(folder, "generation_config.json"))
    return folder


def older_keys(folder):
    """Rewrites config.json with the key names most published checkpoints have."""
    path = os.path.join(folder, "config.json")
    with open(path) as file:
        config = json.load(file)
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = None if rope["rope_type"] == "default" else rope
    config["torch_dtype"] = config.pop("dtype")
    config.pop("head_dim", None)
    with open(path, "w") as file:
        json.dump(config, file, indent=2, sort_keys=True)
        file.write("\n")


def hub_names(folder, positions):
    """GPT-2's names as on the hub: no prefix, and each layer's causal mask stored as a tensor."""
    path = os.path.join(folder, "model.safetensors")
    tensors = {name.removeprefix("transformer."): tensor for name, tensor in load_file(path).items()}
    for name in [name for name in tensors if name.endswith("attn.c_attn.weight")]:
        mask = torch.ones(positions, positions).tril().view(1, 1, positions, positions)
        tensors[name.replace("c_attn.weight", "bias")] = mask
    save_file(tensors, path, metadata={"format": "pt"})


def llama_kind(configuration, model, seed, **options):
    settings = {
        "vocab_size": VOCABULARY, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "intermediate_size": 56, "max_position_embeddings": 64, "rms_norm_eps": 1e-5,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}, "tie_word_embeddings": False,
        "bos_token_id": 1, "eos_token_id": 2, **options,
    }
    return draw(model(configuration(**settings)), seed)


def llama(seed, **options):
    return llama_kind(LlamaConfig, LlamaForCausalLM, seed, **options)


def qwen2(seed):
    return llama_kind(
        Qwen2Config, Qwen2ForCausalLM, seed, intermediate_size=64, rms_norm_eps=1e-6, tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 1000000.0})


def gpt_neox(seed, **options):
    settings = {
        "vocab_size": VOCABULARY, "hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 3,
        "intermediate_size": 80, "max_position_embeddings": 64, "bos_token_id": 0, "eos_token_id": 0,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.25}, **options}
    return draw(GPTNeoXForCausalLM(GPTNeoXConfig(**settings)), seed)


def older_neox_keys(folder):
    """Rewrites config.json as Pythia's are."""
    path = os.path.join(folder, "config.json")
    with open(path) as file:
        config = json.load(file)
    rope = config.pop("rope_parameters")
    config["rotary_pct"], config["rotary_emb_base"] = rope["partial_rotary_factor"], int(rope["rope_theta"])
    config.pop("attention_bias")
    config.pop("dtype")
    with open(path, "w") as file:
        json.dump(config, file, indent=2, sort_keys=True)
        file.write("\n")


def write_neox_gguf(folder):
    """The folder's weights as model.gguf as llama.cpp's converter writes them: queries, keys and values one after another."""
    with open(os.path.join(folder, "config.json")) as file:
        config = json.load(file)
    heads, width = config["num_attention_heads"], config["hidden_size"] // config["num_attention_heads"]
    writer = gguf.GGUFWriter(os.path.join(folder, "model.gguf"), "gptneox")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_rope_dimension_count(int(width * config["rope_parameters"]["partial_rotary_factor"]))
    writer.add_head_count(heads)
    writer.add_parallel_residual(config["use_parallel_residual"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    add_vocabulary(writer, "gpt-2")
    names = {
        "gpt_neox.embed_in": "token_embd", "gpt_neox.final_layer_norm": "output_norm", "embed_out": "output",
        "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
        "attention.query_key_value": "attn_qkv", "attention.dense": "attn_output", "mlp.dense_h_to_4h": "ffn_up",
        "mlp.dense_4h_to_h": "ffn_down", "gpt_neox.layers": "blk"}
    for name, tensor in load_file(os.path.join(folder, "model.safetensors")).items():
        if "query_key_value" in name:
            tensor = tensor.unflatten(0, (heads, 3, width)).transpose(0, 1).flatten(0, 2).contiguous()
        for theirs, ours in names.items():
            name = name.replace(theirs, ours)
        writer.add_tensor(name, tensor.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_vocabulary(writer, pre):
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    single = [chr(33 + index) if index < 94 else chr(161 + index) for index in range(VOCABULARY - 2)]
    writer.add_token_list([*single, "ab", "cd"])
    writer.add_token_merges(["a b", "c d"])


def write_gguf(folder):
    """The folder's weights as model.gguf in float32, under the names llama.cpp gives them, with a vocabulary of bytes."""
    with open(os.path.join(folder, "config.json")) as file:
        config = json.load(file)
    writer = gguf.GGUFWriter(os.path.join(folder, "model.gguf"), config["model_type"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    add_vocabulary(writer, "qwen2")
    names = {
        "model.embed_tokens": "token_embd", "model.norm": "output_norm", "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "model.layers": "blk"}
    for name, tensor in load_file(os.path.join(folder, "model.safetensors")).items():
        for theirs, ours in names.items():
            name = name.replace(theirs, ours)
        writer.add_tensor(name, tensor.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def gpt2(seed, **options):
    settings = {"vocab_size": VOCABULARY, "bos_token_id": 0, "eos_token_id": 0, **options}
    return draw(GPT2LMHeadModel(GPT2Config(**settings)), seed)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--only", choices=["gpt-neox"], help="record one family and leave the others' files alone")
    arguments = parser.parse_args()
    root = arguments.folder
    record_gpt_neox(root)
    if arguments.only is None:
        record_others(root)
    for folder, _, files in os.walk(root):  # safetensors are written readable by their owner only
        for name in files:
            os.chmod(os.path.join(folder, name), 0o644)


def record_gpt_neox(root):
    folder = save(gpt_neox(9), root, "gpt-neox-tiny")
    write_hooks(folder, write_logits(folder, [9, 1, 23], 19), "EleutherAI/pythia-14m")
    write_neox_gguf(folder)
    folder = save(
        gpt_neox(10, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, use_parallel_residual=False,
                 rope_parameters={"rope_type": "default", "rope_theta": 500.0, "partial_rotary_factor": 0.5}), root,
        "gpt-neox-tiny-serial")
    older_neox_keys(folder)
    write_logits(folder, [17], 20)


def record_others(root):
    folder = save(gpt2(1, n_layer=3, n_embd=48, n_head=4, n_positions=64), root, "gpt2-tiny")
    write_hooks(folder, write_logits(folder, [9, 1, 23], 11), "gpt2")
    folder = save(gpt2(2, n_layer=2, n_embd=16, n_head=2, n_positions=24), root, "gpt2-tiny-hub")
    hub_names(folder, 24)
    write_logits(folder, [9], 12)

    larger = {
        "hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 6, "head_dim": 8, "intermediate_size": 80}
    folder = save(llama(3, **larger), root, "llama-tiny")
    write_hooks(folder, write_logits(folder, [9, 1, 23], 13), "HuggingFaceTB/SmolLM2-135M")
    folder = save(llama(4, tie_word_embeddings=True, **larger), root, "llama-tiny-tied", max_shard_size="130KB")
    older_keys(folder)
    write_logits(folder, [9, 5], 14)
    folder = save(llama(5).to(torch.bfloat16), root, "llama-tiny-bf16")
    write_logits(folder, [9], 15)
    rope = {
        "rope_type": "llama3", "rope_theta": 100.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 32}
    folder = save(
        llama(6, tie_word_embeddings=True, rope_parameters=rope, max_position_embeddings=256), root,
        "llama-tiny-rope3")
    older_keys(folder)
    write_logits(folder, [40], 16)
    folder = save(
        llama(7, head_dim=12, attention_bias=True, mlp_bias=True, rms_norm_eps=1e-6,
              rope_parameters={"rope_type": "default", "rope_theta": 500000.0}), root, "llama-tiny-bias")
    write_logits(folder, [17], 17)
    folder = save(qwen2(8), root, "qwen2-tiny")
    write_logits(folder, [9, 21], 18)
    write_gguf(folder)


if __name__ == "__main__":
    main()
