#!/usr/bin/env python3
"""Makes a small random checkpoint of each family beside those of record-tiny-models.py and records `transformers`' logits.

    python Scripts/record-families.py Tests/PlumbModelsTests/Golden [--only NAME...]

Needs what record-tiny-models.py needs, and transformer-lens 4.3.0 for --hooks; no network. Writes one folder a model, named NAME-tiny or NAME-tiny-VARIANT:
    config.json, model.safetensors
    logits.json      sequences of token ids and, for each, the float32 logits [T, V] of transformers
    gradients.json   of each parameter, what its gradient of the second sequence's loss is in three directions, and its
                     norm: computed in float64; element i of direction j is sin((j + 1) * 0.7 * (i + 1))
    hooks.json       (by --hooks) samples of the activations of the first, second and last layer at TransformerLens's
                     hook points for the second sequence, as record-smollm2-hooks.py takes them
    model.gguf       (where llama.cpp's converter has the family) the same weights as the converter lays them out

Vocabulary 61, width 32 or 48, windows of 8 keys: the second sequence of each model goes beyond the window, beyond the
original context of stretched rotary positions, or both.
"""
import argparse
import importlib.util
import json
import math
import os
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import gguf  # noqa: E402
import numpy  # noqa: E402
import torch  # noqa: E402
import transformers as hf  # noqa: E402
from safetensors.torch import load_file  # noqa: E402


def script(name):
    """A script beside this one, as a module."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tiny = script("record-tiny-models.py")
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


OLDER = ["gpt2-tiny", "gpt-neox-tiny", "qwen2-tiny", "llama-tiny"]  # checkpoints of record-tiny-models.py
TOYS = {"gelu-tiny": "gelu", "solu-tiny": "solu_ln"}  # TransformerLens's toy models, by their activation


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
    write_along(folder, loss, {name: parameter.grad for name, parameter in model.named_parameters()})


def write_along(folder, loss, gradients):
    """gradients.json: the norm of each gradient, and what it is along three directions."""
    record = {"loss": loss.item(), "parameters": {}}
    for name, tensor in gradients.items():
        gradient = tensor.flatten().numpy()
        places = 0.7 * (numpy.arange(len(gradient)) + 1)
        record["parameters"][name] = {
            "norm": float(numpy.linalg.norm(gradient)),
            "along": [float(gradient @ numpy.sin((index + 1) * places)) for index in range(3)]}
    with open(os.path.join(folder, "gradients.json"), "w") as file:
        json.dump(record, file, separators=(",", ":"))


def shows_pattern(cache, name):
    """Whether scores are the pattern under another name, as in families whose attention the bridge leaves whole."""
    return "attn_scores" in name and torch.equal(cache[name], cache[name.replace("attn_scores", "pattern")])


def activation(cache, name, length):
    """The activation without its batch axis; of norms of queries and keys, positions first and an axis of heads."""
    value = cache[name][0]
    if "attn.q_norm." not in name and "attn.k_norm." not in name:
        return value
    if value.ndim == 2:
        return value[:, None]
    return value if value.shape[0] == length else value.transpose(0, 1)


def write_hooks(folder):
    """What TransformerLens's bridge over the model of `transformers` records."""
    from tokenizers import Tokenizer, models
    from transformer_lens.model_bridge import TransformerBridge
    smollm2 = script("record-smollm2-hooks.py")
    names = smollm2.BLOCK + [
        f"{norm}.hook_{part}" for norm in ("ln1_post", "ln2_post", "attn.q_norm", "attn.k_norm")
        for part in ("scale", "normalized")]
    model = hf.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    model.config.architectures = [type(model).__name__]
    words = {f"t{token}": token for token in range(model.config.vocab_size)}
    tokenizer = hf.PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(words, unk_token="t0")), bos_token="t1", eos_token="t2",
        pad_token="t0", unk_token="t0")
    with tempfile.TemporaryDirectory() as place:  # the bridge asks for one that was loaded
        tokenizer.save_pretrained(place)
        bridge = TransformerBridge.boot_transformers(
            folder, hf_model=model, tokenizer=hf.AutoTokenizer.from_pretrained(place), device="cpu",
            dtype=torch.float32)
    try:
        bridge.set_use_attn_result(True)
    except NotImplementedError:
        pass  # it has no head results in this family
    with open(os.path.join(folder, "logits.json")) as file:
        tokens = max((sequence["tokens"] for sequence in json.load(file)["sequences"]), key=len)
    with torch.no_grad():
        logits, cache = bridge.run_with_cache(torch.tensor([tokens]))
    layers = sorted({0, 1, model.config.num_hidden_layers - 1})
    wanted = ["hook_embed", "hook_pos_embed", "ln_final.hook_scale", "ln_final.hook_normalized"]
    wanted += [f"blocks.{layer}.{hook}" for layer in layers for hook in names]
    record = {
        "tool": "transformer-lens 4.3.0", "text": "", "tokens": tokens,
        "hooks": {name: smollm2.sample(name, activation(cache, name, len(tokens))) for name in wanted
                  if name in cache and not shows_pattern(cache, name)}}
    record["hooks"]["logits"] = smollm2.sample("logits", logits[0])
    with open(os.path.join(folder, "hooks.json"), "w") as file:
        json.dump(record, file, separators=(",", ":"))
    print(os.path.basename(folder), len(record["hooks"]), "hook points")


def as_gpt2(tensors):
    """The parameters of TransformerLens's own model, or their gradients, by GPT-2's names and in its layout."""
    plain = {name.replace("._original_component", ""): tensor for name, tensor in tensors.items()}
    ends = {"tok_embed": "transformer.wte", "pos": "transformer.wpe", "ln_out": "transformer.ln_f", "head": "lm_head"}
    parts = {"ln1": "ln_1", "ln2": "ln_2", "attn.o": "attn.c_proj", "mlp.fc_in": "mlp.c_fc", "mlp.ln": "mlp.ln",
             "mlp.fc_out": "mlp.c_proj"}
    found = {}
    for name, tensor in plain.items():
        path, kind = name.rsplit(".", 1)
        if path in ends:
            found[f"{ends[path]}.{kind}"] = tensor
            continue
        layer, part = path.removeprefix("layers.").split(".", 1)
        if part in ("attn.k", "attn.v"):
            continue
        if part == "attn.q":
            part, tensor = "attn.c_attn", torch.cat([plain[f"layers.{layer}.attn.{x}.{kind}"] for x in "qkv"])
        is_matrix = tensor.ndim == 2
        found[f"transformer.h.{layer}.{parts.get(part, part)}.{kind}"] = tensor.T.contiguous() if is_matrix else tensor
    return {name: tensor.detach().clone() for name, tensor in found.items()}


def write_toy(folder, activation, seed):
    """A toy model of TransformerLens, which `transformers` has not: logits, gradients and hooks are TransformerLens's."""
    from safetensors.torch import save_file
    from transformer_lens.model_bridge import TransformerBridge
    os.makedirs(folder, exist_ok=True)
    sizes = {"n_layers": 2, "d_model": 32, "n_heads": 4, "d_head": 8, "d_mlp": 48, "n_ctx": 64, "d_vocab": VOCABULARY}
    bridge = TransformerBridge.boot_native({**sizes, "act_fn": activation, "normalization_type": "LN"})
    model = bridge.original_model
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim == 1:
                parameter.copy_((1 if name.endswith("weight") else 0) + 0.2 * noise)
            else:
                parameter.copy_(noise / math.sqrt(parameter.shape[1]))
    save_file(as_gpt2(dict(model.named_parameters())), os.path.join(folder, "model.safetensors"), {"format": "pt"})
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump({
            "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_embd": 32, "n_layer": 2, "n_head": 4,
            "n_positions": 64, "n_inner": 48, "vocab_size": VOCABULARY, "layer_norm_epsilon": 1e-5,
            "activation_function": activation, "tie_word_embeddings": False}, file, indent=2)
    sequences = [torch.randint(0, VOCABULARY, (1, length), generator=generator) for length in (7, 26)]
    with torch.no_grad():
        logits = [bridge(tokens)[0] for tokens in sequences]
        found, cache = bridge.run_with_cache(sequences[1])
    with open(os.path.join(folder, "logits.json"), "w") as file:
        json.dump({"sequences": [
            {"tokens": tokens[0].tolist(), "logits": [[float(f"{value:.8g}") for value in row] for row in rows.tolist()]}
            for tokens, rows in zip(sequences, logits)]}, file, separators=(",", ":"))
    smollm2 = script("record-smollm2-hooks.py")
    hooks = smollm2.BLOCK + ["mlp.hook_mid", "mlp.ln.hook_scale", "mlp.ln.hook_normalized"]
    wanted = ["hook_embed", "hook_pos_embed", "ln_final.hook_scale", "ln_final.hook_normalized"]
    samples = {"logits": smollm2.sample("logits", found[0])}
    for name in wanted + [f"blocks.{layer}.{hook}" for layer in (0, 1) for hook in hooks]:
        theirs = name.replace("mlp.hook_mid", "mlp.ln.hook_in")
        if theirs in cache and not shows_pattern(cache, theirs):
            samples[name] = smollm2.sample(name, cache[theirs][0])
    with open(os.path.join(folder, "hooks.json"), "w") as file:
        json.dump({"tool": "transformer-lens 4.3.0", "text": "", "tokens": sequences[1][0].tolist(), "hooks": samples},
                  file, separators=(",", ":"))
    bridge.double()
    rows = bridge(sequences[1])[0]
    loss = torch.nn.functional.cross_entropy(rows[:-1], sequences[1][0][1:])
    loss.backward()
    write_along(folder, loss, as_gpt2({name: parameter.grad for name, parameter in model.named_parameters()}))
    print(os.path.basename(folder), len(samples), "hook points")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--only", nargs="*", choices=[*MODELS, *TOYS], help="record these and leave the others' files alone")
    parser.add_argument("--gradients", action="store_true", help="record only gradients, of the checkpoints that are there")
    parser.add_argument("--hooks", action="store_true", help="record only hooks.json, of the checkpoints that are there")
    arguments = parser.parse_args()
    for seed, (name, (configuration, model, settings)) in enumerate(MODELS.items()):
        if arguments.only and name not in arguments.only:
            continue
        if arguments.hooks:
            if "norms" not in name:  # TransformerLens refuses Phi's norms of queries and keys
                write_hooks(os.path.join(arguments.folder, name))
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
    for name in OLDER if arguments.hooks else []:
        write_hooks(os.path.join(arguments.folder, name))
    for seed, (name, activation) in enumerate(TOYS.items()):
        if not (arguments.hooks or arguments.gradients or arguments.only and name not in arguments.only):
            write_toy(os.path.join(arguments.folder, name), activation, 300 + seed)


if __name__ == "__main__":
    main()
