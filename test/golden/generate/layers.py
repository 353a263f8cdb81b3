# Writes test/golden/layers.json: Python torch's values for what MMDetection's golden files do not cover (batch norm in
# training, dilated and grouped convolution, pooling with odd sizes, nearest resizing, group norm).
# Run: .venv/bin/python test/golden/generate/layers.py
import json
import pathlib

import torch
import torch.nn.functional as F

MASK = 0xFFFFFFFF


def fnv(name):
    h = 2166136261
    for byte in name.encode():
        h = ((h ^ byte) * 16777619) & MASK
    return h


def sgn(name, shape, scale=1.0, shift=0.0):
    n = 1
    for d in shape:
        n *= d
    out = []
    start = fnv(name)
    for i in range(n):
        x = (i + start) & MASK
        x ^= x >> 16
        x = (x * 0x85EBCA6B) & MASK
        x ^= x >> 13
        x = (x * 0xC2B2AE35) & MASK
        x ^= x >> 16
        out.append((2 * (x / 2**32) - 1) * scale + shift)
    return torch.tensor(out, dtype=torch.float64).float().reshape(shape)


def rounded(t):
    return [float(f"{v:.9g}") for v in t.detach().double().flatten().tolist()]


def case(forward, inputs):
    """Output and gradients of sum(output * sgn("g")) with respect to every input."""
    leaves = [t.clone().requires_grad_() for t in inputs]
    y = forward(*leaves)
    (y * sgn("g", y.shape)).sum().backward()
    return {"shape": list(y.shape), "out": rounded(y), "grads": [rounded(t.grad) for t in leaves]}


result = {}

bn = torch.nn.BatchNorm2d(5).train()
bn.weight.data = sgn("w", (5,), 0.1, 1)
bn.bias.data = sgn("b", (5,), 0.1)
x = sgn("x", (2, 5, 3, 4)).requires_grad_()
r = sgn("r", (2, 5, 3, 4)).requires_grad_()
y = F.relu(bn(x) + r)
(y * sgn("g", y.shape)).sum().backward()
first = {
    "out": rounded(y),
    "grads": [rounded(t.grad) for t in (x, bn.weight, bn.bias, r)],
    "running_mean": rounded(bn.running_mean),
    "running_var": rounded(bn.running_var),
}
bn(sgn("x2", (2, 5, 3, 4)))
first["running_mean_2"] = rounded(bn.running_mean)
first["running_var_2"] = rounded(bn.running_var)
first["batches"] = int(bn.num_batches_tracked)
result["batch_norm_train"] = first

result["conv_dilated"] = case(
    lambda x, w, b: F.relu(F.conv2d(x, w, b, stride=2, padding=2, dilation=2)),
    [sgn("x", (2, 3, 9, 8)), sgn("w", (4, 3, 3, 3)), sgn("b", (4,))],
)
result["conv_grouped"] = case(
    lambda x, w, s, b, r: F.conv2d(x, w * s[:, None, None, None], b, padding=(1, 0), groups=2) + r,
    [sgn("x", (2, 4, 5, 6)), sgn("w", (6, 2, 3, 1)), sgn("s", (6,)), sgn("b", (6,)), sgn("r", (2, 6, 5, 6))],
)
result["max_pool_floor"] = case(lambda x: F.max_pool2d(x, 3, 2, 1), [sgn("x", (2, 3, 8, 7))])
result["max_pool_ceil"] = case(lambda x: F.max_pool2d(x, 3, 2, 1, ceil_mode=True), [sgn("x", (1, 2, 8, 7))])
result["max_pool_ceil_drop"] = case(lambda x: F.max_pool2d(x, 2, 3, 1, ceil_mode=True), [sgn("x", (1, 2, 7, 5))])
result["nearest_2x"] = case(lambda x: F.interpolate(x, size=(6, 8), mode="nearest"), [sgn("x", (2, 3, 3, 4))])
result["nearest_odd"] = case(lambda x: F.interpolate(x, size=(5, 7), mode="nearest"), [sgn("x", (2, 3, 3, 4))])
result["nearest_down"] = case(lambda x: F.interpolate(x, size=(2, 3), mode="nearest"), [sgn("x", (2, 3, 5, 7))])
result["group_norm"] = case(
    lambda x, w, b: F.group_norm(x, 3, w, b), [sgn("x", (2, 6, 3, 4)), sgn("w", (6,), 0.1, 1), sgn("b", (6,), 0.1)]
)
result["linear_chw"] = case(
    lambda x, w, b: F.relu(F.linear(x.flatten(1), w, b)), [sgn("x", (3, 4, 2, 5)), sgn("w", (6, 40)), sgn("b", (6,))]
)
for name in ("ReLU6", "LeakyReLU", "SiLU", "Hardswish", "GELU", "Sigmoid", "Tanh"):
    result[f"act_{name}"] = case(getattr(torch.nn, name)(), [sgn("x", (1, 2, 3, 4), 5)])

target = pathlib.Path(__file__).parent.parent / "layers.json"
target.write_text(json.dumps(result, separators=(",", ":")) + "\n")
print(target, target.stat().st_size)
