#!/usr/bin/env python3
"""Scores the edges of a GPT-2-shaped checkpoint with CircuitKit, and patches paths in TransformerLens; a request a line.

    echo '{"task": "eap"}' | python circuits_circuitkit.py FOLDER

Needs torch, transformers and circuitkit (0.2.0, with transformer-lens 3.8.0). FOLDER receives the checkpoint, random
weights, unless it is there. Its prompts are tokens, those of plumb-bench's pair "shared": CircuitKit, which reads texts, is
given them in place of its tokenizer's, and its weights are those of the file, neither folded nor centered.

A request is a JSON object; what it leaves out has a default:
    task       eap | eap-ig (five gradients) | paths: forward passes that patch one path each ("eap")
    threads    torch threads (2)
    repeats    timed repeats; of paths, how many, from the first head of all on (1)
    scores     whether the answer has the scores or the paths' values (false)
An answer has `seconds`, one a repeat, and on request `scores`, reader by reader in the order of a forward pass, the writers
before each, or `values`.
"""
import json
import os
import sys
import time

os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch  # noqa: E402
from circuitkit.backends.eap import attribute  # noqa: E402
from circuitkit.backends.eap.graph import Graph  # noqa: E402
from transformer_lens import HookedTransformer, HookedTransformerConfig  # noqa: E402
from transformer_lens.pretrained.weight_conversions import convert_gpt2_weights  # noqa: E402
from transformers import GPT2Config, GPT2LMHeadModel  # noqa: E402

TOKENS, ANSWER, WRONG = 16, 1, 2


def drawn(count, seed):
    tokens, state = [], seed
    for _ in range(count):
        state = (1_103_515_245 * state + 12_345) % 2_147_483_648
        tokens.append(1000 + state // 65_536 % 8000)
    return tokens


def checkpoint(folder):
    if not os.path.exists(os.path.join(folder, "model.safetensors")):
        torch.manual_seed(0)
        GPT2LMHeadModel(GPT2Config(initializer_range=0.06)).save_pretrained(folder)
    return GPT2LMHeadModel.from_pretrained(folder).eval()


def load(folder):
    source = checkpoint(folder)
    sizes = source.config
    model = HookedTransformer(HookedTransformerConfig(
        n_layers=sizes.n_layer, d_model=sizes.n_embd, n_ctx=sizes.n_positions, d_head=sizes.n_embd // sizes.n_head,
        n_heads=sizes.n_head, d_mlp=4 * sizes.n_embd, d_vocab=sizes.vocab_size, act_fn="gelu_new",
        normalization_type="LN", device="cpu", dtype=torch.float32))
    model.load_state_dict(convert_gpt2_weights(source, model.cfg), strict=False)
    clean = torch.tensor([drawn(TOKENS, 1)])
    corrupted = clean.clone()
    corrupted[0, TOKENS // 2] += 1
    with torch.no_grad():
        gap = (model(clean) - source(clean).logits).abs().max()
    if gap > 1e-3:
        raise SystemExit(f"TransformerLens's logits differ from transformers' by {gap}")
    return model, clean, corrupted


def score(model, clean, corrupted, steps):
    """CircuitKit's own functions, but for the tokenizer: seconds and the scores in the order of plumb-bench."""
    model.set_use_attn_result(True)
    model.set_use_split_qkv_input(True)
    model.set_use_hook_mlp_in(True)
    mask, lengths = torch.ones_like(clean), torch.tensor([TOKENS])
    attribute.tokenize_batch_pair = lambda *_, **__: (clean, corrupted, mask, mask, lengths, TOKENS)

    def metric(logits, *_):
        return (logits[:, -1, ANSWER] - logits[:, -1, WRONG]).mean()

    graph, batches = Graph.from_model(model), [(["pair"], ["pair"], [0])]
    start = time.perf_counter()
    if steps == 1:
        found = attribute.get_scores_eap(model, graph, batches, metric, quiet=True)
    else:
        found = attribute.get_scores_eap_ig(model, graph, batches, metric, steps=steps, quiet=True)
    seconds = time.perf_counter() - start
    heads, rows = model.cfg.n_heads, []
    for layer in range(model.cfg.n_layers):
        before = 1 + layer * (heads + 1)
        first = layer * (3 * heads + 1)
        rows += [found[:before, first + reader] for reader in range(3 * heads)]
        rows.append(found[:before + heads, first + 3 * heads])
    rows.append(found[:, -1])
    return seconds, torch.cat(rows)


def paths(model, clean, corrupted, count):
    """Patches the first paths of all from head to head, a forward pass each: what a head of the receiver makes of the
    stream in which one head has changed is put in its place."""
    model.set_use_attn_result(False)
    model.set_use_split_qkv_input(False)
    model.set_use_hook_mlp_in(False)
    with torch.no_grad():
        _, base = model.run_with_cache(clean)
        _, source = model.run_with_cache(corrupted)
        heads, values, seconds = model.cfg.n_heads, [], []
        wanted = [(layer, kind, head, writer)
                  for layer in range(1, model.cfg.n_layers) for kind in "qkv" for head in range(heads)
                  for writer in range(layer * heads)][:count]
        for layer, kind, head, writer in wanted:
            start = time.perf_counter()
            block, index = divmod(writer, heads)
            z = f"blocks.{block}.attn.hook_z"
            change = (source[z] - base[z])[:, :, index] @ model.W_O[block, index]
            stream = model.blocks[layer].ln1(base[f"blocks.{layer}.hook_resid_pre"] + change)
            attention = model.blocks[layer].attn
            weight, bias = getattr(attention, f"W_{kind.upper()}"), getattr(attention, f"b_{kind.upper()}")
            seen = stream @ weight[head] + bias[head]

            def patch(value, hook):
                value[:, :, head] = seen
                return value

            logits = model.run_with_hooks(clean, fwd_hooks=[(f"blocks.{layer}.attn.hook_{kind}", patch)])
            seconds.append(time.perf_counter() - start)
            values.append((logits[0, -1, ANSWER] - logits[0, -1, WRONG]).item())
    return seconds, values


def answer(state, request):
    request = {"task": "eap", "threads": 2, "repeats": 1, "scores": False, **request}
    torch.set_num_threads(request["threads"])
    model, clean, corrupted = state
    if request["task"] == "paths":
        seconds, values = paths(model, clean, corrupted, request["repeats"])
        return {"seconds": seconds, "values": values if request["scores"] else []}
    seconds = []
    for _ in range(request["repeats"]):
        took, scores = score(model, clean, corrupted, 1 if request["task"] == "eap" else 5)
        seconds.append(took)
    return {"seconds": seconds, "scores": scores.tolist() if request["scores"] else []}


def main():
    state = load(sys.argv[1])
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(answer(state, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
