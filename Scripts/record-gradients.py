#!/usr/bin/env python3
"""Records PyTorch's gradients of single operations and of four small models.

    python Scripts/record-gradients.py Tests/PlumbNNTests/Golden/gradients

Needs torch 2.13, transformers and safetensors; no network. Writes `index.json` and one safetensors file an entry.

An entry of "operations" is {name, file, operation, options, inputs, off}; its file holds, all float32,
    in.0, in.1 …   the inputs            out    the operation's result
    dy             the upstream gradient, in the shape of `out`
    d.0, d.1 …     gradients of sum(out · dy) with respect to each input
Indices, lengths, axes and the like are options. Activations are channels last, [B, H, W, C]; convolution weights are
[O, I, kh, kw], linear weights [outputs, inputs]. Attention takes q [T, H, K] and k, v [T, G, K] whose rows are
sequences of the given lengths, one after the other; it scales by 1 / sqrt(K), and query head h reads key-value head
h / (H / G).

An entry of "models" is {name, file, configuration, inputs, parameters, loss, off}; its file holds
    weight.NAME    every parameter           gradient.NAME    the mean loss's gradient with respect to it
    loss           a scalar                  in.0             the input, where it is not token ids ("inputs")
GPT-2 and Llama parameters have the names `transformers` saves; tied weights occur once, with the whole gradient.
Losses of the language models are mean cross entropy of tokens 1… given those before. The conv net flattens
channels last, [B, H · W · C].

Everything recorded is float32 arithmetic on one thread. "off" is its distance from the same in float64, the largest
over the tensors of max |difference| / max |value|; the recorder refuses what is off by more than 1e-5.
"""
import argparse
import copy
import json
import math
import os
import zlib

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from torch import nn  # noqa: E402
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM  # noqa: E402

LIMIT = 1e-5
CASES = []


def case(name, shapes, function, options=None, operation=None, prepare=None):
    """Adds an operation: `function(*inputs, **options)` on random inputs of `shapes`, or what `prepare` makes."""
    CASES.append((name, operation or name, options or {}, shapes, function, prepare))


def positive(*inputs):
    return tuple(value.abs() + 0.3 for value in inputs)


def second_positive(first, second):
    """Divisors away from zero, of either sign."""
    return first, torch.where(second < 0, second - 0.5, second + 0.5)


# Elementwise.
BROADCAST = [(3, 1, 4), (2, 4)]
case("add", BROADCAST, torch.add)
case("subtract", BROADCAST, torch.sub)
case("multiply", BROADCAST, torch.mul)
case("divide", BROADCAST, torch.div, prepare=second_positive)
case("multiply_by_one_element", [(3, 5), (1,)], torch.mul, operation="multiply")
case("maximum", BROADCAST, torch.maximum)
case("minimum", BROADCAST, torch.minimum)
case("scale", [(3, 5)], lambda x, factor: x * factor, {"factor": -2.5})
case("offset", [(3, 5)], lambda x, offset: x + offset, {"offset": 1.25})
for one in ("exp", "tanh", "sigmoid", "relu", "silu", "softplus", "abs", "sin", "cos", "square", "erf"):
    case(one, [(4, 19)], getattr(torch, one, None) or getattr(F, one))
case("log", [(4, 19)], torch.log, prepare=positive)
case("sqrt", [(4, 19)], torch.sqrt, prepare=positive)
case("rsqrt", [(4, 19)], torch.rsqrt, prepare=positive)
case("gelu_tanh", [(4, 19)], lambda x: F.gelu(x, approximate="tanh"))
case("gelu_erf", [(4, 19)], F.gelu)
case("clamp", [(4, 19)], lambda x, lower, upper: x.clamp(lower, upper), {"lower": -0.5, "upper": 0.75})

# Products.
case("matmul", [(7, 13), (13, 5)], torch.matmul)
case("linear", [(7, 13), (5, 13), (5,)], F.linear)
case("linear_without_bias", [(7, 13), (5, 13)], F.linear, operation="linear")

# Reductions and rows.
case("softmax", [(4, 19)], lambda x: x.softmax(-1), prepare=lambda x: (2 * x,))
case("log_softmax", [(4, 19)], lambda x: x.log_softmax(-1), prepare=lambda x: (2 * x,))
case("sum_all", [(3, 5, 4)], torch.sum, operation="sum")
case("mean_all", [(3, 5, 4)], torch.mean, operation="mean")
for axis in range(3):
    case(f"sum_axis_{axis}", [(3, 5, 4)], lambda x, axis: x.sum(axis), {"axis": axis}, "sum")
    case(f"mean_axis_{axis}", [(3, 5, 4)], lambda x, axis: x.mean(axis), {"axis": axis}, "mean")
case("max_last_axis", [(3, 5, 7)], lambda x, axis: x.amax(axis), {"axis": 2}, "max")
case("layer_norm", [(5, 24), (24,), (24,)], lambda x, w, b, epsilon: F.layer_norm(x, w.shape, w, b, epsilon),
     {"epsilon": 1e-5})
case("rms_norm", [(5, 24), (24,)], lambda x, w, epsilon: F.rms_norm(x, w.shape, w, epsilon), {"epsilon": 1e-5})

# Layout.
case("embedding", [(9, 6)], lambda table, indices: table[indices], {"indices": [3, 0, 3, 8, 1, 3, 0]})
case("gather_rows", [(6, 2, 3)], lambda x, indices: x[indices], {"indices": [5, 1, 1, 4]})
case("transpose", [(5, 8)], lambda x: x.T)
case("reshape", [(4, 6)], lambda x, shape: x.reshape(shape), {"shape": [2, 3, 4]})
case("concatenation_rows", [(2, 5), (3, 5), (1, 5)], lambda *x, axis: torch.cat(x, axis), {"axis": 0}, "concatenation")
case("concatenation_columns", [(3, 2), (3, 4)], lambda *x, axis: torch.cat(x, axis), {"axis": 1}, "concatenation")
case("slice_columns", [(4, 9)], lambda x, start, end: x[:, start:end], {"start": 2, "end": 7})


# Transformers.
def attention(q, k, v, lengths, causal):
    """[T, H, K], one sequence after the other."""
    parts = []
    for one in zip(*(value.split(lengths) for value in (q, k, v)), strict=True):
        heads = (value.transpose(0, 1)[None] for value in one)
        parts.append(F.scaled_dot_product_attention(*heads, is_causal=causal, enable_gqa=True)[0].transpose(0, 1))
    return torch.cat(parts)


def rope(x, base, first):
    """Rotates pairs (i, i + K/2) of [T, H, K] by position · base^(-2i/K); positions count from `first`."""
    half = x.shape[-1] // 2
    rates = base ** (-torch.arange(half, dtype=torch.float64) / half)
    angles = torch.outer(torch.arange(first, first + x.shape[0], dtype=torch.float64), rates)[:, None]
    cosine, sine = angles.cos().to(x), angles.sin().to(x)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cosine - b * sine, b * cosine + a * sine], -1)


def gated_silu(x):
    gate, up = x.chunk(2, -1)
    return F.silu(gate) * up


GROUPED = [(12, 4, 8), (12, 2, 8), (12, 2, 8)]
case("attention_causal", GROUPED, attention, {"lengths": [7, 5], "causal": True}, "attention")
case("attention_causal_equal_lengths", GROUPED, attention, {"lengths": [6, 6], "causal": True}, "attention")
case("attention_causal_ungrouped", [(9, 3, 8)] * 3, attention, {"lengths": [9], "causal": True}, "attention")
case("attention_full", GROUPED, attention, {"lengths": [6, 6], "causal": False}, "attention")
case("attention_full_unequal_lengths", GROUPED, attention, {"lengths": [7, 5], "causal": False}, "attention")
case("rope", [(7, 2, 8)], rope, {"base": 10000, "first": 0})
case("rope_from_three", [(5, 2, 8)], rope, {"base": 10000, "first": 3}, "rope")
case("gated_silu", [(4, 22)], gated_silu)

# Losses.
TARGETS = [4, 0, 6, 6, 2]
case("cross_entropy", [(5, 7)], lambda x, targets: F.cross_entropy(x, torch.tensor(targets)), {"targets": TARGETS})


def divergence(x, y):
    """Mean over rows of KL(p ‖ q), p and q the softmax of the first and of the second rows of logits."""
    p, q = x.log_softmax(-1), y.log_softmax(-1)
    return (p.exp() * (p - q)).sum(-1).mean()


case("kl_divergence", [(5, 7), (5, 7)], divergence)
case("mse", [(4, 6), (4, 6)], F.mse_loss)
case("huber", [(4, 6), (4, 6)], lambda x, y, delta: F.huber_loss(x, y, delta=delta), {"delta": 1.0})
case("bradley_terry", [(9,), (9,)], lambda chosen, rejected: -F.logsigmoid(chosen - rejected).mean())


# Images, [B, H, W, C].
def channels_last(function):
    """`function` of torch's [B, C, H, W] as one of [B, H, W, C]."""
    return lambda x, *rest, **options: function(x.permute(0, 3, 1, 2), *rest, **options).permute(0, 2, 3, 1)


def batch_norm(x, weight, bias, epsilon):
    return F.batch_norm(x, None, None, weight, bias, training=True, eps=epsilon)


case("conv2d_stride_1_padding_1", [(2, 6, 5, 3), (4, 3, 3, 3), (4,)], channels_last(F.conv2d),
     {"stride": 1, "padding": 1}, "conv2d")
case("conv2d_stride_2_padding_0", [(2, 7, 9, 3), (4, 3, 3, 3), (4,)], channels_last(F.conv2d),
     {"stride": 2, "padding": 0}, "conv2d")
case("conv2d_stride_2_uneven", [(2, 6, 8, 3), (4, 3, 3, 2)], channels_last(F.conv2d), {"stride": 2, "padding": 1},
     "conv2d")
case("max_pool2d", [(2, 6, 4, 3)], channels_last(lambda x, size: F.max_pool2d(x, size)), {"size": 2})
case("max_pool2d_uneven", [(2, 7, 5, 3)], channels_last(lambda x, size: F.max_pool2d(x, size)), {"size": 2},
     "max_pool2d")
case("avg_pool2d", [(2, 6, 4, 3)], channels_last(lambda x, size: F.avg_pool2d(x, size)), {"size": 2})
case("batch_norm", [(3, 4, 2, 5), (5,), (5,)], channels_last(batch_norm), {"epsilon": 1e-5})
MASK = [int(index * 7 % 10 < 6) for index in range(24)]
case("dropout", [(4, 6)], lambda x, rate, mask: x * torch.tensor(mask).reshape(x.shape).to(x) / (1 - rate),
     {"rate": 0.4, "mask": MASK})


def distance(value, exact):
    """max |difference| / max |exact|."""
    largest = exact.abs().max().item()
    return (value.double() - exact).abs().max().item() / largest if largest else value.abs().max().item()


def run(function, options, inputs, upstream):
    """The result and the gradients; `upstream` is cast to the inputs' type."""
    inputs = [value.clone().requires_grad_() for value in inputs]
    out = function(*inputs, **options)
    gradients = torch.autograd.grad(out, inputs, upstream.to(out))
    return {"out": out.detach(), **{f"d.{index}": value for index, value in enumerate(gradients)}}


def record_operation(folder, name, operation, options, shapes, function, prepare):
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    inputs = [torch.randn(shape, generator=generator) for shape in shapes]
    inputs = list(prepare(*inputs)) if prepare else inputs
    upstream = torch.randn(function(*inputs, **options).shape, generator=generator)
    results = run(function, options, inputs, upstream)
    exact = run(function, options, [value.double() for value in inputs], upstream)
    off = max(distance(results[key], exact[key]) for key in exact)
    if not off < LIMIT:
        raise SystemExit(f"{name}: float32 is off float64 by {off:.1e}")
    tensors = {f"in.{index}": value for index, value in enumerate(inputs)} | {"dy": upstream} | results
    save(folder, name, tensors)
    return {
        "name": name, "file": f"{name}.safetensors", "operation": operation, "options": options,
        "inputs": len(inputs), "off": float(f"{off:.1e}"),
    }


def save(folder, name, tensors):
    save_file({key: value.contiguous().clone() for key, value in tensors.items()},
              os.path.join(folder, f"{name}.safetensors"))


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(64, 128), nn.Linear(128, 64), nn.Linear(64, 10)

    def forward(self, x):
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)
        self.fc = nn.Linear(3 * 3 * 16, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x.permute(0, 3, 1, 2))), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(x.permute(0, 2, 3, 1).flatten(1))


def draw(model, generator):
    """Weights that make every part matter, norms and biases included."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim == 1:
                norm = "norm" in name or "ln_" in name
                parameter.copy_(0.1 * noise + (1 if norm and name.endswith("weight") else 0))
            elif any(part in name for part in ("wte", "wpe", "embed_tokens", "lm_head")):
                parameter.copy_(0.3 * noise)
            else:
                inputs = parameter.shape[0] if "c_" in name else parameter[0].numel()
                parameter.copy_(noise / math.sqrt(inputs))


def classifier(model, shape, generator, configuration):
    x = torch.randn(shape, generator=generator)
    targets = torch.randint(0, 10, shape[:1], generator=generator)

    def loss(model):
        return F.cross_entropy(model(x.to(next(model.parameters()))), targets)

    return configuration, {"targets": targets.tolist()}, {"in.0": x}, loss


def language(model, generator):
    """Mean next-token cross entropy of 3 × 12 tokens, as `transformers` computes it."""
    tokens = torch.randint(0, 50, (3, 12), generator=generator)
    keys = ("vocab_size", "n_positions", "n_embd", "n_layer", "n_head", "activation_function", "layer_norm_epsilon",
            "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
            "head_dim", "hidden_act", "rms_norm_eps", "rope_parameters", "max_position_embeddings",
            "tie_word_embeddings")
    values = model.config.to_dict()
    configuration = {"model_type": model.config.model_type} | {key: values[key] for key in keys if key in values}
    return configuration, {"tokens": tokens.tolist()}, {}, lambda m: m(tokens, labels=tokens, use_cache=False).loss


def models():
    """Each model with its generator and what `record_model` needs."""
    no_dropout = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
    gpt2 = GPT2Config(vocab_size=50, n_positions=12, n_embd=32, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=0,
                      **no_dropout)
    llama = LlamaConfig(
        vocab_size=50, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64, bos_token_id=0, eos_token_id=0)
    mlp = {"layers": [64, 128, 64, 10], "activation": "relu"}
    conv = {"channels": [1, 8, 16], "kernel": 3, "padding": 1, "pool": 2, "classes": 10, "image": [12, 12]}
    yield "mlp", MLP(), lambda model, generator: classifier(model, (16, 64), generator, mlp)
    yield "conv_net", ConvNet(), lambda model, generator: classifier(model, (8, 12, 12, 1), generator, conv)
    yield "gpt2", GPT2LMHeadModel(gpt2), language
    yield "llama", LlamaForCausalLM(llama), language


def gradients(model, loss):
    value = loss(model)
    value.backward()
    return {"loss": value.detach()} | {
        f"gradient.{name}": parameter.grad for name, parameter in model.named_parameters()}


def record_model(folder, name, model, describe):
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    draw(model, generator)
    configuration, inputs, tensors, loss = describe(model, generator)
    exact = gradients(copy.deepcopy(model).double(), loss)
    results = gradients(model, loss)
    # A key's bias shifts all scores of a query alike: its gradient is rounding only, and is held to the whole tensor.
    off = max(distance(results[key], exact[key]) for key in exact)
    if not off < LIMIT:
        raise SystemExit(f"{name}: float32 is off float64 by {off:.1e}")
    weights = {f"weight.{key}": value.detach() for key, value in model.named_parameters()}
    save(folder, name, weights | tensors | results)
    return {
        "name": name, "file": f"{name}.safetensors", "configuration": configuration, "inputs": inputs,
        "parameters": [key for key, _ in model.named_parameters()], "loss": results["loss"].item(),
        "off": float(f"{off:.1e}"),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    folder = parser.parse_args().folder
    os.makedirs(folder, exist_ok=True)
    torch.set_num_threads(1)
    operations = [record_operation(folder, *one) for one in CASES]
    recorded = [record_model(folder, *one) for one in models()]
    index = {"tool": f"torch {torch.__version__}", "operations": operations, "models": recorded}
    with open(os.path.join(folder, "index.json"), "w") as file:
        parts = [f"  {json.dumps(key)}: " + (json.dumps(value) if isinstance(value, str) else "[\n" + ",\n".join(
            "    " + json.dumps(entry) for entry in value) + "\n  ]") for key, value in index.items()]
        file.write("{\n" + ",\n".join(parts) + "\n}\n")
    for entry in operations + recorded:
        print(f"{entry['name']:32s} off float64 by {entry['off']:.1e}")
    total = sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder))
    kinds = len({entry["operation"] for entry in operations})
    print(f"{len(operations)} cases of {kinds} operations, {len(recorded)} models, {total:,} bytes")


if __name__ == "__main__":
    main()
