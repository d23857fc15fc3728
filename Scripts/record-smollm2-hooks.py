#!/usr/bin/env python3
"""Records samples of SmolLM2-135M-Instruct's activations at every TransformerLens hook point.

    python Scripts/record-smollm2-hooks.py SmolLM2-135M-Instruct.Q4_1.gguf \
        --out Tests/PlumbModelsTests/Golden/smollm2-hooks.json

Needs torch, transformers, gguf and transformer-lens 4.3.0. The prompt is the clean one of the indirect-object pair,
the weights are used as stored (nothing folded or centered). For each hook point of layers 0, 15 and 29 and of the ends
of the model, by its legacy name:
    shape      without the batch axis
    norm       the Euclidean norm of the whole activation (masked attention scores left out)
    first,     the first and last four values of the last position's row, flattened: of [T, H, K] the row is [H*K]
    last       (head 0's first four, the last head's last four), of [H, T, T] it is the last query of every head
               ([H, T] flattened)
"""
import argparse
import json
import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402
from transformer_lens.model_bridge import TransformerBridge  # noqa: E402

PROMPT = "When Mary and John went to the store, John gave a drink to"
LAYERS = (0, 15, 29)
ENDS = ["hook_embed", "ln_final.hook_scale", "ln_final.hook_normalized", "unembed.hook_out"]
BLOCK = [
    "hook_resid_pre", "ln1.hook_scale", "ln1.hook_normalized", "attn.hook_q", "attn.hook_k", "attn.hook_v",
    "attn.hook_rot_q", "attn.hook_rot_k", "attn.hook_attn_scores", "attn.hook_pattern", "attn.hook_z",
    "attn.hook_result", "hook_attn_out", "hook_resid_mid", "ln2.hook_scale", "ln2.hook_normalized", "mlp.hook_pre",
    "mlp.hook_pre_linear", "mlp.hook_post", "hook_mlp_out", "hook_resid_post",
]


def sample(name, activation):
    """Norm and a few values of one activation [...] without its batch axis."""
    by_head = name.endswith("hook_attn_scores") or name.endswith("hook_pattern")
    kept = activation.double()[activation > -1e30]
    row = (activation[:, -1] if by_head else activation[-1]).flatten().tolist()
    return {
        "shape": list(activation.shape), "norm": float(f"{kept.norm().item():.8g}"),
        "first": [float(f"{value:.7g}") for value in row[:4]], "last": [float(f"{value:.7g}") for value in row[-4:]],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gguf")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    folder, file = os.path.split(os.path.abspath(arguments.gguf))
    model = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=file, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=file)
    bridge = TransformerBridge.boot_transformers(
        "HuggingFaceTB/SmolLM2-135M-Instruct", hf_model=model, tokenizer=tokenizer, device="cpu", dtype=torch.float32)
    bridge.set_use_attn_result(True)
    tokens = tokenizer.encode(PROMPT, add_special_tokens=False)
    with torch.no_grad():
        _, cache = bridge.run_with_cache(torch.tensor([tokens]))
    names = ENDS[:1] + [f"blocks.{layer}.{hook}" for layer in LAYERS for hook in BLOCK] + ENDS[1:]
    record = {
        "tool": "transformer-lens 4.3.0", "text": PROMPT, "tokens": tokens,
        "hooks": {name.replace("unembed.hook_out", "logits"): sample(name, cache[name][0]) for name in names},
    }
    with open(arguments.out, "w") as output:
        json.dump(record, output, separators=(",", ":"))
    print(len(names), "hook points,", os.path.getsize(arguments.out), "bytes")


if __name__ == "__main__":
    main()
