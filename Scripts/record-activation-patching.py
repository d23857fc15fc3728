#!/usr/bin/env python3
"""Records TransformerLens 4.3.0's activation-patching sweeps of SmolLM2-135M-Instruct.

    python Scripts/record-activation-patching.py SmolLM2-135M-Instruct.Q4_1.gguf Tests/PlumbModelsTests/Golden

Needs torch, transformers, gguf and transformer-lens. Writes one `patching-NAME.json` a pair: prompts, token ids, the
clean and corrupted logit difference (answer minus wrong at the last position, raw logits) and the sweeps:
    denoising.resid_pre, .resid_mid, .attn_out, .mlp_out   [L, T] clean activation put into the corrupted run
    denoising.z                                            [L, H] one head's z at every position
    noising.resid_pre (first pair only)                    [L, T] corrupted activation put into the clean run
The cells of a layer run as one batch through the bridge, one patch a row; `--one-by-one` calls TransformerLens's own
`get_act_patch_*` instead (a forward pass a cell, several times slower; the same to 1e-6).
Weights are used as stored (nothing folded or centered). Gradients are off: with them on, the 4.3.0 sweeps copy the
activation before the patch, and `resid_mid`, which that version reads off the second norm's input, would then change
the MLP's branch without changing the residual stream. The recorder checks that it measured the residual stream.
"""
import argparse
import json
import os

os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402
from transformer_lens import patching  # noqa: E402
from transformer_lens.model_bridge import TransformerBridge  # noqa: E402

SWEEPS = {
    "resid_pre": patching.get_act_patch_resid_pre,
    "resid_mid": patching.get_act_patch_resid_mid,
    "attn_out": patching.get_act_patch_attn_out,
    "mlp_out": patching.get_act_patch_mlp_out,
    "z": patching.get_act_patch_attn_head_out_all_pos,
}
PAIRS = {
    "ioi": {
        "clean": "When Mary and John went to the store, John gave a drink to",
        "corrupted": "When Mary and John went to the store, Mary gave a drink to",
        "answer": " Mary", "wrong": " John",
    },
    "capital": {  # one token, in the middle
        "clean": "The Eiffel Tower is in France. Its capital is the city of",
        "corrupted": "The Eiffel Tower is in Italy. Its capital is the city of",
        "answer": " Paris", "wrong": " Rome",
    },
    "first-token": {  # the very first token
        "clean": "Paris is a large and very old city, and today it is the capital of",
        "corrupted": "Rome is a large and very old city, and today it is the capital of",
        "answer": " France", "wrong": " Italy",
    },
    "two-tokens": {  # two tokens, apart from each other
        "clean": "Yesterday Anna met Tom at the lake, and Tom gave a flower to",
        "corrupted": "Yesterday Anna met Tom at the park, and Anna gave a flower to",
        "answer": " Anna", "wrong": " Tom",
    },
}


def load(path):
    """The bridge over the float32 model, and the tokenizer."""
    folder, name = os.path.split(os.path.abspath(path))
    model = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=name, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    bridge = TransformerBridge.boot_transformers(
        "HuggingFaceTB/SmolLM2-135M-Instruct", hf_model=model, tokenizer=tokenizer, device="cpu", dtype=torch.float32)
    return bridge, tokenizer


def rounded(tensor):
    return [[round(value, 6) for value in row] for row in tensor.double().tolist()]


def sweep(site, bridge, tokens, cache, metric, one_by_one):
    """Patched metric of every cell of a site, [L, T] or, for z, [L, H]."""
    if one_by_one:
        return SWEEPS[site](bridge, tokens, cache, metric)
    count = bridge.cfg.n_heads if site == "z" else tokens.shape[1]
    rows = torch.arange(count)
    values = torch.zeros(bridge.cfg.n_layers, count)
    for layer in range(bridge.cfg.n_layers):
        name = f"blocks.{layer}." + ("attn.hook_z" if site == "z" else f"hook_{site}")
        patch = cache[name][0]

        def one_a_row(activation, hook):
            if site == "z":  # [B, T, H, K]: row h takes head h at every position
                activation[rows, :, rows] = patch.transpose(0, 1)
            else:  # [B, T, D]: row t takes position t
                activation[rows, rows] = patch
            return activation

        values[layer] = metric(bridge.run_with_hooks(tokens.expand(count, -1), fwd_hooks=[(name, one_a_row)]))
    return values


def check_residual(bridge, tokens, cache, metric, values):
    """resid_mid at a layer, patched at every position at once, must restore the clean run, not only one branch."""
    layer = bridge.cfg.n_layers // 2
    name = f"blocks.{layer}.hook_resid_mid"

    def everything(activation, hook):
        activation[:] = cache[name]
        return activation

    restored = metric(bridge.run_with_hooks(tokens, fwd_hooks=[(name, everything)])).item()
    if abs(restored - values) > 1e-3:
        raise SystemExit(f"{name}, patched everywhere, gives {restored}, not the clean run's {values}")


def record(name, pair, bridge, tokenizer, one_by_one):
    def encode(text):
        return tokenizer.encode(text, add_special_tokens=False)

    clean, corrupted = encode(pair["clean"]), encode(pair["corrupted"])
    (answer,), (wrong,) = encode(pair["answer"]), encode(pair["wrong"])
    differing = [i for i, (a, b) in enumerate(zip(clean, corrupted, strict=True)) if a != b]

    def metric(logits):
        difference = logits[:, -1, answer] - logits[:, -1, wrong]
        return difference if len(difference) > 1 else difference[0]

    runs = {"clean": torch.tensor([clean]), "corrupted": torch.tensor([corrupted])}
    logits, caches = {}, {}
    for key, tokens in runs.items():
        logits[key], caches[key] = bridge.run_with_cache(tokens)
    result = {
        **pair, "tool": "transformer-lens 4.3.0", "clean_tokens": clean, "corrupted_tokens": corrupted,
        "answer_token": answer, "wrong_token": wrong, "differing_positions": differing,
        "clean_logit_difference": round(metric(logits["clean"]).item(), 6),
        "corrupted_logit_difference": round(metric(logits["corrupted"]).item(), 6),
        "denoising": {},
    }
    print(name, clean, differing, result["clean_logit_difference"], result["corrupted_logit_difference"], flush=True)
    check_residual(bridge, runs["corrupted"], caches["clean"], metric, result["clean_logit_difference"])
    for site in SWEEPS:
        values = sweep(site, bridge, runs["corrupted"], caches["clean"], metric, one_by_one)
        result["denoising"][site] = rounded(values)
        print("  ", site, flush=True)
    if name == "ioi":
        values = sweep("resid_pre", bridge, runs["clean"], caches["corrupted"], metric, one_by_one)
        result["noising"] = {"resid_pre": rounded(values)}
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gguf")
    parser.add_argument("folder")
    parser.add_argument("--pairs", nargs="*", default=list(PAIRS), choices=list(PAIRS))
    parser.add_argument("--one-by-one", action="store_true")
    arguments = parser.parse_args()
    torch.set_grad_enabled(False)
    bridge, tokenizer = load(arguments.gguf)
    for name in arguments.pairs:
        path = os.path.join(arguments.folder, f"patching-{name}.json")
        result = record(name, PAIRS[name], bridge, tokenizer, arguments.one_by_one)
        with open(path, "w") as file:
            json.dump(result, file, separators=(",", ":"))
        print("  ", path, os.path.getsize(path), "bytes", flush=True)


if __name__ == "__main__":
    main()
