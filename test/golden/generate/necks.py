# Writes the reference files of the necks and of the layers they are made of: test/golden/neck_*.safetensors and
# layer_*.safetensors (where golden data did not come with one), and neck_init.json: how every parameter starts.
# Needs from PyPI: torch, mmengine 0.10.7, mmcv 2.1.0 (its modules in Python; the compiled operators of it that are named in
# `stand_ins` are replaced by plain torch), mmdet 3.3.0, mmyolo 0.6.0, mmpretrain 1.2.0.
# Run: python test/golden/generate/necks.py [part of a name]...
#
# Formulas as in ../README.md: parameters pvalue(name), input k = sgn("in<k>", shape), not stored. `out<k>` outputs;
# `grad_in<k>` and `grad_w` are gradients of sum_i mean(out_i * sgn("g<i>", shape)); row j of grad_w [parameters, 2] is the
# sum of parameter j's gradient and its product with sgn("d:" + name, shape).
import copy
import json
import pathlib
import re
import struct
import sys

import numpy as np
import torch

HERE = pathlib.Path(__file__).resolve().parent.parent


def fnv(name):
    h = 2166136261
    for byte in name.encode():
        h = ((h ^ byte) * 16777619) & 0xFFFFFFFF
    return h


def u01(name, n):
    with np.errstate(over="ignore"):
        x = np.arange(n, dtype=np.uint32) + np.uint32(fnv(name))
        x ^= x >> np.uint32(16)
        x *= np.uint32(0x85EBCA6B)
        x ^= x >> np.uint32(13)
        x *= np.uint32(0xC2B2AE35)
        x ^= x >> np.uint32(16)
    return x.astype(np.float64) / 2**32


def sgn(name, shape, scale=1.0, shift=0.0):
    n = int(np.prod(shape))
    return torch.from_numpy(((2 * u01(name, n) - 1) * scale + shift).astype(np.float32).reshape(shape))


RULES = [
    (r"(rpn_reg|fc_reg|retina_reg|conv_reg)\.weight$", 0.1),
    (r"sampling_offsets\.weight$", 0.1),
    (r"(lateral_convs|fpn_convs)\.\d+\.conv\.weight$", 0.5),
    (r"rpn_cls\.weight$", 0.5),
]


def pvalue(name, shape, extra):
    shape = tuple(shape)
    n = int(np.prod(shape))
    if name.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.long)
    if name.endswith("running_mean"):
        return sgn(name, shape, 0.1)
    if name.endswith("running_var"):
        return torch.from_numpy((1 + 0.5 * u01(name, n)).astype(np.float32).reshape(shape))
    if len(shape) >= 2:
        scale = (6 / np.prod(shape[1:])) ** 0.5
        for pattern, factor in RULES + extra:
            if re.search(pattern, name):
                scale *= factor
        return sgn(name, shape, scale)
    if name.endswith("bn3.weight"):
        return sgn(name, shape, 0.03, 0.3)
    if name.endswith(".weight"):
        return sgn(name, shape, 0.1, 1)
    return sgn(name, shape, 0.1)


def write_safetensors(path, tensors, metadata):
    header, blobs, at = {"__metadata__": {k: str(v) for k, v in metadata.items()}}, [], 0
    for name, t in tensors.items():
        blob = t.detach().contiguous().numpy().astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [at, at + len(blob)]}
        at += len(blob)
        blobs.append(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def as_list(y):
    return [y] if isinstance(y, torch.Tensor) else list(y)


def run(module, inputs, single):
    return as_list(module(inputs[0]) if single else module(inputs))


def reference(name, build, cfg, shapes, extra_rules=(), single=False, grads=True):
    torch.manual_seed(0)
    module = build(copy.deepcopy(cfg))
    extra = [tuple(rule) for rule in extra_rules]
    if hasattr(module, "concat_project"):  # mmcv divides the ReLU's output in place, which has no gradient
        module.concat_project.register_forward_hook(lambda m, i, y: y.clone())
    state = {k: pvalue(k, v.shape, extra) for k, v in module.state_dict().items()}
    module.load_state_dict(state)
    module.eval()
    inputs = [sgn(f"in{k}", s).requires_grad_() for k, s in enumerate(shapes)]
    outs = run(module, inputs, single)
    with torch.no_grad():
        exact = run(copy.deepcopy(module).double(), [x.detach().double() for x in inputs], single)
    drift = max(float((a.double() - b).abs().max()) for a, b in zip(outs, exact))
    loss = sum((y * sgn(f"g{i}", y.shape)).mean() for i, y in enumerate(outs))
    loss.backward()
    tensors = {f"out{i}": y for i, y in enumerate(outs)}
    if grads:
        zero = lambda x: x.grad if x.grad is not None else torch.zeros_like(x)
        tensors |= {f"grad_in{k}": zero(x) for k, x in enumerate(inputs)}
        rows = []
        for key, p in module.named_parameters():
            g = zero(p)
            rows.append([float(g.double().sum()), float((g.double() * sgn("d:" + key, g.shape).double()).sum())])
        tensors["grad_w"] = torch.tensor(rows, dtype=torch.float64).reshape(-1, 2)
    metadata = {
        "cfg": json.dumps(cfg),
        "inputs": json.dumps(shapes),
        "params": json.dumps({k: list(v.shape) for k, v in state.items()}),
        "extra_rules": json.dumps(list(extra_rules)),
        "max_abs_f32_vs_f64": drift,
    }
    path = HERE / f"{name}.safetensors"
    write_safetensors(path, tensors, metadata)
    print(f"{name}: {len(tensors)} tensors, {path.stat().st_size} bytes, drift {drift:.2g}, "
          f"largest {max(float(y.abs().max()) for y in outs):.3g}")


def starting_values(build, cfg):
    """[mean, standard deviation, largest magnitude] of every parameter as its module starts it."""
    torch.manual_seed(1)
    module = build(copy.deepcopy(cfg))
    module.init_weights()
    rows = {}
    for key, p in module.named_parameters():
        p = p.detach().double()
        rows[key] = [float(f"{v:.4g}") for v in (p.mean(), p.std(unbiased=False), p.abs().max())]
    return rows


def pop_type(cls):
    def build(cfg):
        cfg.pop("type")
        return cls(**cfg)
    return build


# ---------------------------------------------------------------------------------------------------------------- layers
from mmcv.cnn import DepthwiseSeparableConvModule  # noqa: E402
from mmcv.cnn.bricks import NonLocal2d  # noqa: E402
from mmdet.models.layers import CSPLayer  # noqa: E402
from mmyolo.models.layers import CSPLayerWithTwoConv  # noqa: E402

MAP = [[2, 8, 7, 6]]
LAYERS = {
    "layer_depthwise_separable": (DepthwiseSeparableConvModule, dict(in_channels=8, out_channels=12, kernel_size=3, stride=2, padding=1, norm_cfg=dict(type="BN"), dw_act_cfg=dict(type="LeakyReLU"), pw_norm_cfg=None), MAP),
    "layer_csp": (CSPLayer, dict(in_channels=8, out_channels=16, num_blocks=2), MAP),
    "layer_csp_depthwise": (CSPLayer, dict(in_channels=8, out_channels=12, expand_ratio=0.75, add_identity=False, use_depthwise=True, act_cfg=dict(type="LeakyReLU", negative_slope=0.1)), MAP),
    "layer_csp_next": (CSPLayer, dict(in_channels=8, out_channels=16, num_blocks=2, use_cspnext_block=True, channel_attention=True, act_cfg=dict(type="SiLU")), MAP),
    "layer_csp_next_depthwise": (CSPLayer, dict(in_channels=8, out_channels=16, use_cspnext_block=True, use_depthwise=True), MAP),
    "layer_csp_two_conv": (CSPLayerWithTwoConv, dict(in_channels=8, out_channels=12, num_blocks=2), MAP),
    "layer_csp_two_conv_plain": (CSPLayerWithTwoConv, dict(in_channels=8, out_channels=16, expand_ratio=0.25, add_identity=False), MAP),
    "layer_non_local_embedded": (NonLocal2d, dict(in_channels=8, norm_cfg=dict(type="BN")), MAP),
    "layer_non_local_gaussian": (NonLocal2d, dict(in_channels=8, mode="gaussian", sub_sample=True), MAP),
    "layer_non_local_dot": (NonLocal2d, dict(in_channels=8, mode="dot_product", sub_sample=True, reduction=4), MAP),
    "layer_non_local_concat": (NonLocal2d, dict(in_channels=8, mode="concatenation"), MAP),
}

NECKS = {}

if __name__ == "__main__":
    wanted = sys.argv[1:]
    chosen = lambda name: not wanted or any(part in name for part in wanted)
    for name, (cls, cfg, shapes) in LAYERS.items():
        if chosen(name):
            reference(name, lambda c, cls=cls: cls(**c), cfg, shapes, single=True)
