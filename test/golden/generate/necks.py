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


def reference(name, build, cfg, shapes, extra_rules=(), single=False, exact=False):
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
        doubles = run(copy.deepcopy(module).double(), [x.detach().double() for x in inputs], single)
    drift = max(float((a.double() - b).abs().max()) for a, b in zip(outs, doubles))
    if exact:  # everything in double precision, rounded when it is written
        module.double()
        inputs = [x.detach().double().requires_grad_() for x in inputs]
        outs = run(module, inputs, single)
    loss = sum((y * sgn(f"g{i}", y.shape)).mean() for i, y in enumerate(outs))
    loss.backward()
    tensors = {f"out{i}": y for i, y in enumerate(outs)}
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

# ----------------------------------------------------------------------------------------------------------------- necks
import mmcv.ops  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from mmdet.registry import MODELS  # noqa: E402
from mmengine.config import ConfigDict  # noqa: E402
from mmyolo.registry import MODELS as YOLO_MODELS  # noqa: E402
import mmdet.models  # noqa: E402, F401
import mmyolo.models  # noqa: E402, F401


def plain_carafe(x, mask, kernel, group, scale):
    """stand_ins: the operator carafe by its definition."""
    n, c, h, w = x.shape
    windows = F.unfold(x, kernel, padding=kernel // 2).reshape(n, c, kernel * kernel, h, w)
    windows = F.interpolate(windows.flatten(1, 2), scale_factor=scale, mode="nearest")
    windows = windows.reshape(n, group, c // group, kernel * kernel, h * scale, w * scale)
    return (windows * mask.reshape(n, group, 1, kernel * kernel, h * scale, w * scale)).sum(3).flatten(1, 2)


sys.modules["mmcv.ops.carafe"].carafe = plain_carafe


def tuples(value, key=""):
    """mmcv wants its orders as tuples."""
    if isinstance(value, dict):
        return {k: tuples(v, k) for k, v in value.items()}
    return tuple(value) if key == "order" else value


def neck(cfg):
    cfg = tuples(cfg)
    registry = YOLO_MODELS if cfg["type"].startswith("YOLOv8") else MODELS
    return registry.build(ConfigDict(cfg))


def levels(channels, height=12, width=16, batch=1):
    """Maps of these channels, each half the size of the one before, rounded up."""
    shapes = []
    for c in channels:
        shapes.append([batch, c, height, width])
        height, width = -(-height // 2), -(-width // 2)
    return shapes


class Fusion(torch.nn.Module):
    """Adaptive spatial fusion by its formula: sum_l sigmoid(conv3x3(relu(conv1x1([x_1..x_L]))))_l x_l."""

    def __init__(self, channels, count):
        super().__init__()
        self.conv1 = torch.nn.Module()
        self.conv1.conv = torch.nn.Conv2d(channels * count, channels, 1)
        self.conv2 = torch.nn.Conv2d(channels, count, 3, padding=1)

    def forward(self, maps):
        w = torch.sigmoid(self.conv2(F.relu(self.conv1.conv(torch.cat(maps, 1)))))
        return sum(w[:, i : i + 1] * m for i, m in enumerate(maps))


class AugFPN(torch.nn.Module):
    """Guo et al., CVPR 2020, written down again from its formulas; MMDetection's FPN gives the parts that are alike.
    `raw=True` puts the levels out before they are merged, which consistent supervision reads."""

    def __init__(self, cfg, raw=False):
        super().__init__()
        cfg = dict(cfg, type="FPN")
        ratios = cfg.pop("pool_ratios", [0.1, 0.2, 0.3])
        base = neck(dict(cfg))
        self.lateral_convs, self.fpn_convs = base.lateral_convs, base.fpn_convs
        self.ratios, self.num_outs, self.raw = ratios, cfg["num_outs"], raw
        self.high_lateral_convs = torch.nn.ModuleList()
        for _ in ratios:
            conv = torch.nn.Module()
            conv.conv = torch.nn.Conv2d(cfg["in_channels"][-1], cfg["out_channels"], 1)
            self.high_lateral_convs.append(conv)
        self.high_fusion = Fusion(cfg["out_channels"], len(ratios))

    def forward(self, xs):
        m = [conv(x) for conv, x in zip(self.lateral_convs, xs)]
        if self.raw:
            return m
        h, w = xs[-1].shape[2:]
        maps = []
        for ratio, conv in zip(self.ratios, self.high_lateral_convs):
            small = F.adaptive_avg_pool2d(xs[-1], (max(1, int(h * ratio)), max(1, int(w * ratio))))
            maps.append(F.interpolate(conv.conv(small), size=(h, w), mode="bilinear", align_corners=True))
        m[-1] = m[-1] + self.high_fusion(maps)
        for i in range(len(m) - 1, 0, -1):
            m[i - 1] = m[i - 1] + F.interpolate(m[i], size=m[i - 1].shape[2:], mode="nearest")
        outs = [conv(x) for conv, x in zip(self.fpn_convs, m)]
        while len(outs) < self.num_outs:
            outs.append(F.max_pool2d(outs[-1], 1, stride=2))
        return outs


class SoftRoI(torch.nn.Module):
    """Soft RoI selection by its formula on mmcv's RoIAlign; regions by the formula of boxes("rois", 5)."""

    def __init__(self, channels, strides):
        super().__init__()
        self.fusion, self.strides = Fusion(channels, len(strides)), strides

    def forward(self, levels):
        u = u01("rois", 20).reshape(5, 4)
        x1, y1 = u[:, 0] * 156, u[:, 1] * 116
        corners = [x1, y1, (x1 + 4 + u[:, 2] * 80).clip(0, 160), (y1 + 4 + u[:, 3] * 80).clip(0, 120)]
        rois = torch.tensor(np.stack([np.arange(5) % 2, *corners], 1).astype(np.float32)).to(levels[0].dtype)
        align = lambda x, s: mmcv.ops.roi_align(x, rois, (3, 3), 1 / s, 2, "avg", True)
        return self.fusion([align(x, s) for x, s in zip(levels, self.strides)])


C = [4, 8, 12, 16]
BN = dict(type="BN", requires_grad=True)
ODD = levels(C, 25, 21)
EVEN = levels(C, 32, 32)
act = dict(order=["act", "conv", "norm"], inplace=False)
grid = dict(type="FPG", in_channels=C, out_channels=8, num_outs=5)
up = dict(type="conv", kernel_size=3, stride=2, padding=1, norm_cfg=BN, **act)
down = dict(type="interpolation_conv", kernel_size=3, norm_cfg=BN, **act)
lateral = dict(type="conv", kernel_size=1, norm_cfg=BN, **act)
no_skips = [[], [], [], [], []]
fpn = dict(type="FPN", in_channels=C, out_channels=8)
carafe = dict(type="FPN_CARAFE", in_channels=C, out_channels=8)
NECKS = {
    "fpn_bilinear": (dict(fpn, num_outs=4, upsample_cfg=dict(mode="bilinear", align_corners=False)), ODD),
    "fpn_bilinear_corners": (dict(fpn, num_outs=5, upsample_cfg=dict(mode="bilinear", align_corners=True)), ODD),
    "fpn_bicubic": (dict(fpn, num_outs=4, upsample_cfg=dict(mode="bicubic")), ODD),
    "fpn_bicubic_antialias": (dict(fpn, num_outs=4, upsample_cfg=dict(mode="bicubic", antialias=True)), ODD),
    "fpn_area": (dict(fpn, num_outs=4, upsample_cfg=dict(mode="area")), ODD),
    "fpn_nearest_exact": (dict(fpn, num_outs=4, upsample_cfg=dict(mode="nearest-exact")), ODD),
    "fpn_factor": (dict(fpn, num_outs=4, upsample_cfg=dict(mode="bilinear", scale_factor=2), act_cfg=dict(type="ReLU")), EVEN),
    "fpn_range": (dict(fpn, num_outs=2, start_level=1, end_level=2, norm_cfg=BN), levels(C)),
    "fpn_lateral_relu": (dict(fpn, num_outs=6, start_level=1, add_extra_convs="on_lateral", relu_before_extra_convs=True, norm_cfg=dict(type="GN", num_groups=2), no_norm_on_lateral=True), levels(C, batch=2)),
    "fpn_dcn": (dict(fpn, num_outs=4, conv_cfg=dict(type="DCNv2"), norm_cfg=BN), levels(C)),
    "pafpn_extra": (dict(type="PAFPN", in_channels=C, out_channels=8, num_outs=5, start_level=1, add_extra_convs="on_output", relu_before_extra_convs=True, norm_cfg=BN, act_cfg=dict(type="ReLU")), ODD),
    "pafpn_range": (dict(type="PAFPN", in_channels=C, out_channels=8, num_outs=3, end_level=2, norm_cfg=BN, no_norm_on_lateral=True), levels(C)),
    "pafpn_lateral": (dict(type="PAFPN", in_channels=C, out_channels=8, num_outs=6, add_extra_convs="on_lateral"), levels(C)),
    "fpn_dropblock_eval": (dict(type="FPN_DropBlock", in_channels=C, out_channels=8, num_outs=5, upsample_cfg=dict(mode="nearest")), levels(C)),
    "nasfpn_plain": (dict(type="NASFPN", in_channels=C, out_channels=8, num_outs=5, stack_times=1), levels(C, 40, 52)),
    "nasfpn_odd": (dict(type="NASFPN", in_channels=C, out_channels=8, num_outs=5, stack_times=2, start_level=1, norm_cfg=BN), levels(C, 52, 58)),
    "fpg_down": (dict(grid, stack_times=2, paths=["bu", "td"], same_down_trans=down, same_up_trans=up, across_lateral_trans=lateral, across_down_trans=None, across_up_trans=up, across_skip_trans=None, output_trans=dict(type="last_conv", kernel_size=1), skip_inds=no_skips), EVEN),
    "fpg_mixed": (dict(grid, inter_channels=6, stack_times=2, paths=["td", "bu"], same_down_trans=dict(down, mode="bilinear", align_corners=False), same_up_trans=up, across_lateral_trans=lateral, across_down_trans=down, across_up_trans=None, across_skip_trans=lateral, add_extra_convs=True, norm_cfg=BN, skip_inds=[[1], [1], [], [], []]), EVEN),
    "fpg_range": (dict(type="FPG", in_channels=C, out_channels=8, num_outs=3, start_level=1, stack_times=1, paths=["bu"], inter_channels=[4, 6, 8], across_down_trans=None, across_skip_trans=None, skip_inds=[[], [], []]), EVEN),
    "bfp_conv": (dict(type="BFP", in_channels=8, num_levels=4, refine_level=1, refine_type="conv", norm_cfg=BN), levels([8, 8, 8, 8], 21, 17, 2)),
    "bfp_nonlocal_norm": (dict(type="BFP", in_channels=8, num_levels=3, refine_level=2, refine_type="non_local", norm_cfg=BN), levels([8, 8, 8], 21, 17)),
    "channel_mapper_relu": (dict(type="ChannelMapper", in_channels=C[1:], out_channels=8, num_outs=5, bias=True, norm_cfg=BN), levels(C[1:], batch=2)),
    "channel_mapper_plain": (dict(type="ChannelMapper", in_channels=C, out_channels=8, kernel_size=5, act_cfg=dict(type="LeakyReLU", negative_slope=0.2)), levels(C)),
    "nasfcos_fpn": (dict(type="NASFCOS_FPN", in_channels=C, out_channels=8, num_outs=5, norm_cfg=BN), levels(C, 50, 42)),
    "nasfcos_fpn_dcn": (dict(type="NASFCOS_FPN", in_channels=C, out_channels=8, num_outs=3, conv_cfg=dict(type="DCNv2", deform_groups=2)), levels(C, 32, 32)),
    "hrfpn_avg": (dict(type="HRFPN", in_channels=C, out_channels=8), EVEN),
    "hrfpn_max_stride": (dict(type="HRFPN", in_channels=C[:3], out_channels=8, num_outs=3, pooling_type="MAX", stride=2), levels(C[:3], 24, 20, 2)),
    "carafe": (dict(carafe, num_outs=5, upsample_cfg=dict(type="carafe", up_kernel=5, up_group=2, encoder_kernel=3, encoder_dilation=2, compressed_channels=6)), ODD),
    "carafe_plain": (dict(carafe, num_outs=4, norm_cfg=BN, act_cfg=dict(type="ReLU"), order=("act", "conv", "norm"), upsample_cfg=dict(type="carafe", up_kernel=3, up_group=1, encoder_kernel=1, encoder_dilation=1, compressed_channels=4)), levels(C)),
    "carafe_deconv": (dict(carafe, num_outs=5, upsample_cfg=dict(type="deconv", upsample_kernel=3)), ODD),
    "carafe_deconv4": (dict(carafe, num_outs=4, upsample_cfg=dict(type="deconv", upsample_kernel=4)), levels(C)),
    "carafe_shuffle": (dict(carafe, num_outs=3, start_level=1, upsample_cfg=dict(type="pixel_shuffle", upsample_kernel=3)), levels(C)),
    "carafe_bilinear": (dict(carafe, num_outs=2, start_level=1, end_level=2, upsample_cfg=dict(type="bilinear")), levels(C)),
    "carafe_nearest": (dict(carafe, num_outs=4, upsample_cfg=dict(type="nearest")), ODD),
    "dilated_encoder": (dict(type="DilatedEncoder", in_channels=12, out_channels=8, block_mid_channels=4, num_residual_blocks=3, block_dilations=[2, 3, 1]), [[2, 12, 9, 11]]),
    "ssd": (dict(type="SSDNeck", in_channels=[8, 12], out_channels=[8, 12, 10, 6, 6], level_strides=[2, 2, 1], level_paddings=[1, 1, 0], last_kernel_size=3), levels([8, 12], 20, 24)),
    "ssd_depthwise": (dict(type="SSDNeck", in_channels=[8, 12], out_channels=[8, 12, 10, 6], level_strides=[2, 2], level_paddings=[1, 1], l2_norm_scale=None, use_depthwise=True, norm_cfg=BN, act_cfg=dict(type="ReLU6"), last_kernel_size=4), levels([8, 12], 20, 24)),
    "yolox_depthwise": (dict(type="YOLOXPAFPN", in_channels=[8, 16, 24], out_channels=8, num_csp_blocks=2, use_depthwise=True, upsample_cfg=dict(scale_factor=2, mode="bilinear")), levels([8, 16, 24], batch=2)),
    "cspnext": (dict(type="CSPNeXtPAFPN", in_channels=[8, 16, 24], out_channels=8, num_csp_blocks=1, expand_ratio=0.25), levels([8, 16, 24])),
    "cspnext_depthwise": (dict(type="CSPNeXtPAFPN", in_channels=[8, 16], out_channels=12, num_csp_blocks=1, use_depthwise=True, norm_cfg=BN, act_cfg=dict(type="SiLU")), levels([8, 16])),
    "yolov8": (dict(type="YOLOv8PAFPN", in_channels=[16, 32, 48], out_channels=[16, 32, 48], widen_factor=0.5, deepen_factor=0.33), levels([8, 16, 24])),
    "yolov8_deep": (dict(type="YOLOv8PAFPN", in_channels=[8, 16], out_channels=[8, 16], deepen_factor=0.67, norm_cfg=BN, act_cfg=dict(type="LeakyReLU")), levels([8, 16], batch=2)),
    "yolov3": (dict(type="YOLOV3Neck", num_scales=3, in_channels=[16, 12, 8], out_channels=[8, 6, 4]), levels([8, 12, 16])),
    "yolov3_plain": (dict(type="YOLOV3Neck", num_scales=2, in_channels=[12, 8], out_channels=[6, 4], norm_cfg=None, act_cfg=dict(type="ReLU")), levels([8, 12], batch=2)),
    "ssh": (dict(type="SSH", num_scales=3, in_channels=[4, 6, 8], out_channels=[8, 12, 4]), levels([4, 6, 8])),
    "ssh_plain": (dict(type="SSH", num_scales=1, in_channels=[6], out_channels=[8], norm_cfg=None), [[2, 6, 7, 9]]),
    "ctresnet": (dict(type="CTResNetNeck", in_channels=12, num_deconv_filters=[8, 6], num_deconv_kernels=[4, 4], use_dcn=False), [[1, 12, 5, 6]]),
    "ctresnet_dcn": (dict(type="CTResNetNeck", in_channels=12, num_deconv_filters=[8, 6], num_deconv_kernels=[4, 3]), [[1, 12, 5, 6]]),
    "dyhead": (dict(type="DyHead", in_channels=8, out_channels=16, num_blocks=2), levels([8, 8, 8], 11, 12)),
    "dyhead_single": (dict(type="DyHead", in_channels=16, out_channels=16, num_blocks=1, zero_init_offset=False), levels([16], batch=2)),
}
class TinyRecursive(torch.nn.Module):
    """A backbone for RFP: a strided convolution per stage; in the later stages the pyramid comes in through a 1x1 one."""

    def __init__(self, channels, rfp_inplanes):
        super().__init__()
        ends = [3] + channels
        pairs = list(zip(ends, channels))
        self.convs = torch.nn.ModuleList(torch.nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairs)
        self.rfp_convs = torch.nn.ModuleList(torch.nn.Conv2d(rfp_inplanes, c, 1) for c in channels[1:])

    def rfp_forward(self, x, pyramid):
        outs = []
        for i, conv in enumerate(self.convs):
            x = conv(x) if i == 0 else conv(x) + self.rfp_convs[i - 1](pyramid[i])
            x = F.relu(x)
            outs.append(x)
        return tuple(outs)


MODELS.register_module(name="TinyRecursive", module=TinyRecursive)
RFP = dict(type="RFP", in_channels=[4, 8, 12], out_channels=8, num_outs=4, rfp_steps=3, aspp_out_channels=4, aspp_dilations=[1, 3, 1], rfp_backbone=dict(type="TinyRecursive", channels=[4, 8, 12], rfp_inplanes=12))
AUG = dict(type="AugFPN", in_channels=C, out_channels=8, num_outs=5)
FORMULAS = {
    "neck_rfp": (neck, RFP, levels([3, 4, 8, 12], 32, 40)),
    "neck_rfp_extra": (neck, dict(RFP, num_outs=5, rfp_steps=2, add_extra_convs="on_output", norm_cfg=BN, aspp_dilations=[1, 2, 3, 1], rfp_backbone=dict(type="TinyRecursive", channels=[4, 8, 12], rfp_inplanes=16)), levels([3, 4, 8, 12], 24, 24, 2)),
    "neck_augfpn": (AugFPN, AUG, levels(C, 44, 50)),
    "neck_augfpn_ratios": (AugFPN, dict(AUG, num_outs=4, pool_ratios=[0.5, 1.0], norm_cfg=BN), levels(C, 40, 24, 2)),
    "neck_augfpn_raw": (lambda cfg: AugFPN(cfg, raw=True), AUG, levels(C)),
    "layer_soft_roi": (lambda cfg: SoftRoI(cfg["out_channels"], cfg["featmap_strides"]), dict(type="SoftRoIExtractor", out_channels=4, featmap_strides=[8, 16, 32], roi_layer=dict(type="RoIAlign", output_size=3, sampling_ratio=2)), levels([4, 4, 4], 15, 20, 2)),
}
EXTRA = {"dyhead": [["spatial_conv_offset.weight$", 0.3]], "dcn": [["conv_offset.weight$", 0.3]]}

if __name__ == "__main__":
    wanted = sys.argv[1:]
    chosen = lambda name: not wanted or any(part in name for part in wanted)
    for name, (cls, cfg, shapes) in LAYERS.items():
        if chosen(name):
            reference(name, lambda c, cls=cls: cls(**c), cfg, shapes, single=True)
    for name, (cfg, shapes) in NECKS.items():
        if chosen("neck_" + name):
            rules = next((rules for part, rules in EXTRA.items() if part in name), [])
            try:
                reference("neck_" + name, neck, cfg, shapes, rules)
            except Exception as e:
                print("FAIL", name, repr(e)[:300])
    for name, (build, cfg, shapes) in FORMULAS.items():
        if chosen(name):
            reference(name, build, cfg, shapes, exact=True)
    if chosen("neck_init"):
        start = {name: dict(cfg=cfg, values=starting_values(neck, cfg)) for name, (cfg, _) in NECKS.items()}
        (HERE / "neck_init.json").write_text(json.dumps(start, separators=(",", ":")))
