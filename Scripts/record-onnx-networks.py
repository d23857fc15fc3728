#!/usr/bin/env python3
"""Records small ONNX networks, exported by PyTorch or made of single operators, with what ONNX Runtime makes of fixed inputs.

Needs: torch 2.13, onnx 1.23, onnxruntime 1.32, numpy.
Run:   python Scripts/record-onnx-networks.py
Writes Tests/PlumbRobustnessTests/Golden/onnx/*.onnx and networks.json.
"""

import json
import pathlib
import warnings

import numpy
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "Tests/PlumbRobustnessTests/Golden/onnx"


def exported():
    """Networks that PyTorch exports, by name, each with an example of its input."""
    torch.manual_seed(0)
    nn = torch.nn

    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Conv2d(2, 3, 3, padding=1), nn.Conv2d(3, 3, 3, padding=1)
            self.norm = nn.BatchNorm2d(3)
            self.last = nn.Linear(3 * 3 * 3, 4)

        def forward(self, x):
            x = torch.relu(self.first(x))
            x = torch.relu(x + self.norm(self.second(x)))
            return self.last(torch.flatten(torch.nn.functional.avg_pool2d(x, 2), 1))

    residual = Residual()
    residual.norm.running_mean.uniform_(-0.5, 0.5)
    residual.norm.running_var.uniform_(0.5, 2)
    torch.nn.init.uniform_(residual.norm.weight, 0.5, 1.5)
    torch.nn.init.uniform_(residual.norm.bias, -0.5, 0.5)
    pooled = nn.Sequential(
        nn.Conv2d(1, 3, 3, stride=2, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 5), nn.Tanh(),
        nn.Linear(5, 3), nn.Sigmoid())
    perceptron = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3))
    return {
        "perceptron": (perceptron, torch.zeros(1, 5)),
        "pooled": (pooled, torch.zeros(1, 1, 8, 8)),
        "residual": (residual, torch.zeros(1, 2, 6, 6)),
    }


def constant(name, values):
    return numpy_helper.from_array(numpy.asarray(values, dtype=numpy.float32), name)


def operators():
    """A network of the operators that PyTorch does not export these for, in the manner of ACAS Xu's files."""
    draw = numpy.random.default_rng(1).normal
    nodes = [
        helper.make_node("Sub", ["x", "mean"], ["centered"]),
        helper.make_node("Div", ["centered", "range"], ["scaled"]),
        helper.make_node("Flatten", ["scaled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w1"], ["p1"]),
        helper.make_node("Add", ["p1", "b1"], ["z1"]),
        helper.make_node("Relu", ["z1"], ["h1"]),
        helper.make_node("Constant", [], ["shape"], value=helper.make_tensor("", TensorProto.INT64, [3], [1, 2, -1])),
        helper.make_node("Reshape", ["h1", "shape"], ["folded"]),
        helper.make_node("Transpose", ["folded"], ["turned"], perm=[0, 2, 1]),
        helper.make_node("Reshape", ["turned", "row"], ["back"]),
        helper.make_node("Mul", ["two", "back"], ["doubled"]),
        helper.make_node("Concat", ["doubled", "h1"], ["both"], axis=-1),
        helper.make_node("Gemm", ["both", "w2", "b2"], ["z2"], alpha=0.5, beta=2.0),
        helper.make_node("Identity", ["z2"], ["same"]),
        helper.make_node("Sub", ["same", "half"], ["less"]),
        helper.make_node("Sub", ["one", "less"], ["y"]),
    ]
    constants = [
        constant("mean", draw(size=(1, 1, 1, 5))), constant("range", 1 + draw(size=(1, 1, 1, 5)) ** 2),
        constant("w1", draw(size=(5, 6))), constant("b1", draw(size=6)), constant("two", 2.0),
        constant("w2", draw(size=(12, 3))), constant("b2", draw(size=(1, 3))), constant("half", [0.5]),
        constant("one", [[1.0]]),
        numpy_helper.from_array(numpy.asarray([-1, 6], dtype=numpy.int64), "row"),
    ]
    graph = helper.make_graph(
        nodes, "operators", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 1, 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def normalized():
    """Batch normalization that no convolution can take in."""
    draw = numpy.random.default_rng(3).normal
    nodes = [
        helper.make_node("Relu", ["x"], ["positive"]),
        helper.make_node("BatchNormalization", ["positive", "gamma", "beta", "mu", "var"], ["normal"], epsilon=1e-3),
        helper.make_node("MaxPool", ["normal"], ["pooled"], kernel_shape=[2, 2], strides=[1, 1]),
        helper.make_node("BatchNormalization", ["pooled", "gamma", "beta", "mu", "var"], ["y"]),
    ]
    constants = [constant(name, draw(size=2)) for name in ["gamma", "beta", "mu"]] + [constant("var", draw(size=2) ** 2)]
    graph = helper.make_graph(
        nodes, "normalized", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 2, 3, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 2, 2, 2])], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def refused():
    """A network with an operator that has no bound."""
    node = helper.make_node("LeakyRelu", ["x"], ["y"], name="leak")
    graph = helper.make_graph(
        [node], "refused", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def random_dropout():
    """A network that drops at random, as one exported in training mode does."""
    node = helper.make_node("Dropout", ["x", "ratio", "mode"], ["y"], name="drop")
    constants = [constant("ratio", 0.5), numpy_helper.from_array(numpy.asarray(True), "mode")]
    graph = helper.make_graph(
        [node], "random", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    warnings.filterwarnings("ignore")
    for name, (module, example) in exported().items():
        torch.onnx.export(module.eval(), example, str(FOLDER / f"{name}.onnx"), dynamo=False, opset_version=17)
    onnx.save(operators(), str(FOLDER / "operators.onnx"))
    onnx.save(normalized(), str(FOLDER / "normalized.onnx"))
    onnx.save(refused(), str(FOLDER / "refused.onnx"))
    onnx.save(random_dropout(), str(FOLDER / "random.onnx"))
    records = {}
    draw = numpy.random.default_rng(2)
    for name in ["perceptron", "pooled", "residual", "operators", "normalized"]:
        session = onnxruntime.InferenceSession(str(FOLDER / f"{name}.onnx"), providers=["CPUExecutionProvider"])
        port = session.get_inputs()[0]
        inputs = draw.normal(size=[3] + [1] + port.shape[1:]).astype(numpy.float32)
        outputs = [session.run(None, {port.name: x})[0].ravel().tolist() for x in inputs]
        records[name] = {"inputs": [x.ravel().tolist() for x in inputs], "outputs": outputs}
    (FOLDER / "networks.json").write_text(json.dumps(records))


if __name__ == "__main__":
    main()
