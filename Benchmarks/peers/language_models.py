#!/usr/bin/env python3
"""Times what is done to a language model: fine-tuning with TRL, rollouts with `transformers`, suffixes with nanogcg.

    echo '{"task": "tune-sft"}' | python language_models.py SmolLM2-135M-Instruct.Q4_1.gguf

Needs torch, transformers and gguf; `tune-sft` and `tune-dpo` also trl, peft and datasets, and `gcg` nanogcg. The weights
are dequantized to float32. Texts are those of plumb-bench: tokens of a linear congruence. A request is a JSON object;
what it leaves out has a default:
    task      tune-sft, tune-dpo: steps of LoRA of rank 8 on four texts, or pairs, of 256 tokens;
              rollouts: 16 completions of 48 tokens after 32; gcg: a step with 512 candidates of a suffix of 20 tokens;
              gcg-losses: the losses of eight suffixes
    threads   torch threads                                   (2)
    repeats   steps or runs that are timed, after one more    (3)
    batch     gcg: candidates in a pass                       (64)
    prefix    gcg: whether the prompt's keys and values are kept (true)
The answer adds `seconds`, and `megabytes`, the most memory that the process held.
"""
import contextlib
import importlib.metadata
import json
import os
import resource
import sys
import tempfile
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402

DEFAULTS = {"threads": 2, "repeats": 3, "batch": 64, "prefix": True}
REQUEST, TARGET, START = "Write one sentence.", "Sure, here is a poem about tea", " x" * 20


def tokens(count, seed):
    state, drawn = seed, []
    for _ in range(count):
        state = (1_103_515_245 * state + 12_345) % 2_147_483_648
        drawn.append(1000 + state // 65_536 % 8000)
    return drawn


def repeated(repeats, body):
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        body()
        times.append(time.perf_counter() - start)
    return times[1:]


def tuned(model, tokenizer, request):
    """Seconds of steps of TRL's trainer, without gradient checkpoints, its own measure of time left out."""
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import TrainerCallback
    from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

    times = []

    class Clock(TrainerCallback):
        def on_step_begin(self, *_, **__):
            self.start = time.perf_counter()

        def on_step_end(self, *_, **__):
            times.append(time.perf_counter() - self.start)

    count = 4 * (request["repeats"] + 1)
    lora = LoraConfig(r=8, lora_alpha=16, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    prompts = [tokens(64, row % 4) for row in range(count)]
    chosen, rejected = ([tokens(192, first + row % 4) for row in range(count)] for first in (100, 200))
    with tempfile.TemporaryDirectory() as folder:
        common = dict(
            output_dir=folder, per_device_train_batch_size=4, max_steps=request["repeats"] + 1, learning_rate=1e-4,
            max_length=256, gradient_checkpointing=False, bf16=False, use_cpu=True, report_to="none",
            save_strategy="no", logging_strategy="no", disable_tqdm=True)
        if request["task"] == "tune-sft":
            rows = {"input_ids": [first + rest for first, rest in zip(prompts, chosen)],
                    "completion_mask": [[0] * 64 + [1] * 192] * count}
            trainer = SFTTrainer(
                model, SFTConfig(**common, completion_only_loss=True), train_dataset=Dataset.from_dict(rows),
                processing_class=tokenizer, peft_config=lora, callbacks=[Clock()])
        else:
            rows = {"prompt": prompts, "chosen": chosen, "rejected": rejected}
            rows = {name: [tokenizer.decode(row) for row in column] for name, column in rows.items()}
            trainer = DPOTrainer(
                model, args=DPOConfig(**common, precompute_ref_log_probs=True), train_dataset=Dataset.from_dict(rows),
                processing_class=tokenizer, peft_config=lora, callbacks=[Clock()])
            # Decoded text need not be cut into the same tokens: what is trained on is set afterwards. The reference's
            # log-probabilities stay those of the decoded text, which changes the loss and not the time.
            exact = {"prompt_ids": prompts, "chosen_ids": chosen, "rejected_ids": rejected}
            logs = {name: trainer.train_dataset[name] for name in trainer.train_dataset.column_names
                    if name.startswith("ref_")}
            trainer.train_dataset = Dataset.from_dict({**exact, **logs})
        with contextlib.redirect_stdout(sys.stderr):
            trainer.train()
    return times[1:]


def rollouts(model, request):
    prompts = torch.tensor([tokens(32, row) for row in range(16)])
    torch.manual_seed(0)
    with torch.no_grad():
        return repeated(request["repeats"], lambda: model.generate(
            prompts, attention_mask=torch.ones_like(prompts), do_sample=True, temperature=1.0, top_k=0,
            min_new_tokens=48, max_new_tokens=48, pad_token_id=0))


def search(model, tokenizer, request):
    """A GCG object of nanogcg, ready for a step."""
    from nanogcg import GCGConfig
    from nanogcg.gcg import GCG
    from tokenizers import processors
    config = GCGConfig(
        num_steps=0, optim_str_init=START, search_width=512, batch_size=request["batch"], topk=256, buffer_size=0,
        use_prefix_cache=request["prefix"], filter_ids=True, add_space_before_target=False, seed=0)
    # The template begins each message with the token of a text's beginning: nanogcg would take all of them out, and
    # transformers, where the tokenizer is read from a GGUF, would add one more.
    tokenizer.bos_token = None
    tokenizer.backend_tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    gcg = GCG(model, tokenizer, config)
    try:
        gcg.run(REQUEST + "{optim_str}", TARGET)
    except ValueError:
        pass  # no step was made, so that there is no best loss to report
    return gcg


def candidates(gcg, ids):
    rows = len(ids)
    parts = [gcg.embedding_layer(ids), gcg.after_embeds.repeat(rows, 1, 1), gcg.target_embeds.repeat(rows, 1, 1)]
    if gcg.prefix_cache is None:
        parts.insert(0, gcg.before_embeds.repeat(rows, 1, 1))
    compute = getattr(gcg, "_compute_candidates_loss_original", None) or gcg.compute_candidates_loss
    return compute(min(rows, gcg.config.batch_size), torch.cat(parts, dim=1))


def attacked(model, tokenizer, request):
    from nanogcg.gcg import filter_ids, sample_ids_from_grad
    gcg = search(model, tokenizer, request)
    start = tokenizer(START, add_special_tokens=False, return_tensors="pt")["input_ids"]

    def step():
        gradient = gcg.compute_token_gradient(start)
        with torch.no_grad():
            drawn = sample_ids_from_grad(
                start.squeeze(0), gradient.squeeze(0), 512, 256, 1, not_allowed_ids=gcg.not_allowed_ids)
            candidates(gcg, filter_ids(drawn, tokenizer))

    return repeated(request["repeats"], step)


def losses(model, tokenizer, request):
    gcg = search(model, tokenizer, request)
    with torch.no_grad():
        return candidates(gcg, torch.tensor([tokens(20, 300 + row) for row in range(8)])).tolist()


def answer(path, request):
    request = {**DEFAULTS, **request}
    torch.set_num_threads(request["threads"])
    folder, name = os.path.split(os.path.abspath(path))
    read = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, torch_dtype=torch.float32)
    # Though dequantized it counts as quantized, and would not be trained.
    if hasattr(read.config, "quantization_config"):
        del read.config.quantization_config
    model = AutoModelForCausalLM.from_config(read.config, torch_dtype=torch.float32).eval()
    model.load_state_dict(read.state_dict())
    model.tie_weights()
    del read
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    if request["task"].startswith("tune-"):
        found = {"seconds": tuned(model, tokenizer, request)}
    elif request["task"] == "rollouts":
        found = {"seconds": rollouts(model, request)}
    elif request["task"] == "gcg":
        found = {"seconds": attacked(model, tokenizer, request)}
    else:
        found = {"losses": losses(model, tokenizer, request)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    package = {"tune": "trl", "roll": "transformers", "gcg": "nanogcg", "gcg-": "nanogcg"}[request["task"][:4]]
    return {**request, **found, "megabytes": peak / 1e6, "version": importlib.metadata.version(package)}


def main():
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(answer(sys.argv[1], json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
