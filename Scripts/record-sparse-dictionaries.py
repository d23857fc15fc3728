#!/usr/bin/env python3
"""Records small dictionaries as SAELens and circuit-tracer write them, with what they give.

    pip install sae-lens==6.54.12 'transformer-lens<4'
    PYTHONPATH=<folder with circuit_tracer 0.5.0> Scripts/record-sparse-dictionaries.py

Writes Tests/PlumbInterpretabilityTests/Golden/sparse-dictionaries: a folder for each dictionary with its files and
expected.json: rows of inputs, the activations of their features and the outputs.
"""
import importlib.util, json, pathlib, shutil, sys, types

import numpy as np
import torch
import sae_lens
from sae_lens.saes.sae import SAEMetadata

ROOT = pathlib.Path(__file__).resolve().parent.parent / "Tests/PlumbInterpretabilityTests/Golden/sparse-dictionaries"
D, N, ROWS, OUT = 6, 10, 5, 4


def randomize(module, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(module.named_parameters()):
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * (0.3 if name != "threshold" else 0.1))
            if "threshold" in name:
                parameter.abs_()
    return torch.randn(ROWS, D, generator=generator)


def expect(folder, x, features, output):
    values = {"input": x, "features": features, "output": output}
    (folder / "expected.json").write_text(
        json.dumps({k: [[float(f"{e:.9g}") for e in row] for row in v.tolist()] for k, v in values.items()}) + "\n")


def sae_lens_folders():
    meta = lambda **more: SAEMetadata(model_name="gpt2", hook_name="blocks.1.hook_resid_post", **more)
    out = dict(hook_name_out="blocks.1.hook_mlp_out")
    cases = {
        "standard": (sae_lens.StandardSAE, sae_lens.StandardSAEConfig, {}, {}),
        "layer-norm": (sae_lens.StandardSAE, sae_lens.StandardSAEConfig, {"normalize_activations": "layer_norm"}, {}),
        "constant-norm": (
            sae_lens.StandardSAE, sae_lens.StandardSAEConfig,
            {"normalize_activations": "constant_norm_rescale", "apply_b_dec_to_input": False}, {}),
        "gated": (sae_lens.GatedSAE, sae_lens.GatedSAEConfig, {}, {}),
        "topk": (sae_lens.TopKSAE, sae_lens.TopKSAEConfig, {"k": 3}, {}),
        "topk-rescaled": (
            sae_lens.TopKSAE, sae_lens.TopKSAEConfig, {"k": 3, "rescale_acts_by_decoder_norm": True}, {}),
        "jumprelu": (sae_lens.JumpReLUSAE, sae_lens.JumpReLUSAEConfig, {"apply_b_dec_to_input": False}, {}),
        "transcoder": (sae_lens.Transcoder, sae_lens.TranscoderConfig, {"d_out": OUT, "apply_b_dec_to_input": False}, out),
        "skip-transcoder": (sae_lens.SkipTranscoder, sae_lens.SkipTranscoderConfig, {"d_out": OUT, "apply_b_dec_to_input": False}, out),
        "jumprelu-transcoder": (sae_lens.JumpReLUTranscoder, sae_lens.JumpReLUTranscoderConfig, {"d_out": OUT, "apply_b_dec_to_input": False}, out),
    }
    for seed, (name, (kind, config, fields, more)) in enumerate(cases.items()):
        settings = config(d_in=D, d_sae=N, device="cpu", metadata=meta(**more), **fields)
        sae = kind(settings)
        x = randomize(sae, seed)
        folder = ROOT / name
        sae.save_model(folder)
        with torch.no_grad():
            features = sae.encode(x)
            # A skip transcoder's forward adds its linear path; an autoencoder's decoding undoes its scale.
            output = sae(x)
        expect(folder, x, features, output)


def batch_topk():
    settings = sae_lens.BatchTopKTrainingSAEConfig(
        d_in=D, d_sae=N, k=2, device="cpu", metadata=SAEMetadata(hook_name="blocks.0.hook_resid_pre"))
    sae = sae_lens.BatchTopKTrainingSAE(settings)
    x = randomize(sae, 50)
    sae.topk_threshold.fill_(0.35)
    folder = ROOT / "batchtopk"
    sae.save_inference_model(folder)
    loaded = sae_lens.SAE.load_from_disk(folder)
    with torch.no_grad():
        expect(folder, x, loaded.encode(x), loaded(x))


def circuit_tracer_folder():
    from circuit_tracer.transcoder.activation_functions import JumpReLU
    from circuit_tracer.transcoder.single_layer_transcoder import SingleLayerTranscoder, TranscoderSet

    layers = {}
    for layer in range(2):
        layers[layer] = SingleLayerTranscoder(
            D, N, JumpReLU(torch.zeros(N), 0.1), layer, skip_connection=True, device=torch.device("cpu"),
            dtype=torch.float32)
    xs = [randomize(layers[layer], 60 + layer) for layer in range(2)]
    folder = ROOT / "circuit-tracer"
    TranscoderSet(layers, "hook_resid_mid", "hook_mlp_out", scan="test").to_safetensors(str(folder))
    (folder / "config.yaml").write_text(
        'model_name: "gpt2"\nmodel_kind: transcoder_set\nfeature_input_hook: hook_resid_mid # read here\n'
        "feature_output_hook: 'hook_mlp_out'\nscan: test/scan\n")
    with torch.no_grad():
        expect(folder, xs[1], layers[1].encode(xs[1]), layers[1](xs[1]))


def gemma_scope():
    generator = torch.Generator().manual_seed(70)
    draw = lambda *shape: (torch.randn(*shape, generator=generator) * 0.3)
    values = {"W_enc": draw(D, N), "W_dec": draw(N, D), "b_enc": draw(N), "b_dec": draw(D), "threshold": draw(N).abs()}
    x = torch.randn(ROWS, D, generator=generator)
    folder = ROOT / "gemma-scope"
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "params.npz", **{name: value.numpy() for name, value in values.items()})
    pre = x @ values["W_enc"] + values["b_enc"]
    features = pre.relu() * (pre > values["threshold"])
    expect(folder, x, features, features @ values["W_dec"] + values["b_dec"])


if __name__ == "__main__":
    shutil.rmtree(ROOT, ignore_errors=True)
    ROOT.mkdir(parents=True)
    sae_lens_folders()
    batch_topk()
    gemma_scope()
    circuit_tracer_folder()
