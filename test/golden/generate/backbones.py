# Writes the reference files of the backbones, test/golden/backbone_*.safetensors (where golden data did not come with one),
# backbone_init.json: how every parameter of a backbone starts ([mean, standard deviation, largest magnitude]), and
# backbone_params.json: number and fingerprint of the state dict's names and shapes at real sizes.
# Needs what necks.py beside it needs, whose formulas and format these files have.
# Run: python test/golden/generate/backbones.py [part of a name]...
import copy
import json
import logging
import sys

import torch

import necks
from necks import HERE, fnv, reference, starting_values, write_safetensors

from mmcv.cnn import ConvAWS2d  # noqa: E402
import mmdet.models.backbones as mmdet_backbones  # noqa: E402
from mmpretrain.models import VisionTransformer  # noqa: E402
from mmyolo.models import YOLOv8CSPDarknet  # noqa: E402
from mmyolo.models.plugins.cbam import CBAM  # noqa: E402
from mmcv.cnn.bricks import plugin as mmcv_plugins  # noqa: E402
from mmdet.models.backbones.swin import WindowMSA  # noqa: E402

# it takes formula values whose mean is negative for absent ones
ConvAWS2d._load_from_state_dict = torch.nn.Conv2d._load_from_state_dict
mmcv_plugins.MODELS.register_module(module=CBAM)  # MMYOLO's, for all backbones
IMAGE = [1, 3, 64, 48]
OFFSETS = [("conv_offset\\.weight$", 0.1)]


def find(name):
    return {"VisionTransformer": VisionTransformer, "YOLOv8CSPDarknet": YOLOv8CSPDarknet}.get(name) or getattr(mmdet_backbones, name)


def build(cfg):
    cfg = copy.deepcopy(cfg)
    module = find(cfg.pop("type"))(**cfg)
    for part in module.modules():
        if isinstance(part, WindowMSA):  # its index is a constant that the formula must not overwrite
            index = part.relative_position_index.clone()
            part._register_load_state_dict_pre_hook(
                lambda state, prefix, *_, index=index: state.__setitem__(prefix + "relative_position_index", index)
            )
    return module


def plugin(position, type, stages=None, **cfg):
    one = dict(cfg=dict(type=type, **cfg), position=position)
    return one | (dict(stages=stages) if stages else {})


def resnet(type="ResNet", **more):
    return dict(type=type, base_channels=4, num_stages=2, strides=(1, 2), dilations=(1, 1), out_indices=(0, 1)) | dict(depth=50) | more


def hr(block, *channels, modules=1, blocks=1):
    return dict(num_modules=modules, num_branches=len(channels), block=block, num_blocks=(blocks,) * len(channels), num_channels=channels)


ARCH = dict(embed_dims=16, num_layers=3, num_heads=2, feedforward_channels=32)
CASES = {
    "resnet_caffe_dilated": (dict(type="ResNet", depth=50, base_channels=4, style="caffe", strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4)), IMAGE),
    "resnet_deep_avg_gn": (dict(type="ResNet", depth=18, base_channels=8, deep_stem=True, avg_down=True, norm_cfg=dict(type="GN", num_groups=2)), [1, 3, 70, 55]),
    "resnetv1d": (resnet("ResNetV1d", stem_channels=8), IMAGE),
    "resnet_dcn": (resnet(num_stages=3, strides=(1, 2, 2), dilations=(1, 1, 1), out_indices=(0, 1, 2), dcn=dict(type="DCN", deform_groups=2, fallback_on_stride=True), stage_with_dcn=(False, True, True)), IMAGE, OFFSETS),
    "resnet_dcnv2": (resnet(dcn=dict(type="DCNv2", deform_groups=1, fallback_on_stride=False), stage_with_dcn=(False, True)), IMAGE, OFFSETS),
    "resnet_context": (resnet(plugins=[plugin("after_conv3", "ContextBlock", (False, True), ratio=1 / 4), plugin("after_conv2", "ContextBlock", ratio=1 / 2, pooling_type="avg", fusion_types=("channel_add", "channel_mul"), postfix="_2")]), [2, 3, 40, 40]),
    "resnet_nonlocal": (resnet(plugins=[plugin("after_conv1", "NonLocal2d", (False, True)), plugin("after_conv3", "NonLocal2d", sub_sample=True, mode="dot_product", reduction=4, postfix=2)]), IMAGE),
    "resnet_attention_1111": (resnet(plugins=[plugin("after_conv2", "GeneralizedAttention", num_heads=2, attention_type="1111", kv_stride=2)], base_channels=8), IMAGE),
    "resnet_attention_0010": (resnet(plugins=[plugin("after_conv2", "GeneralizedAttention", num_heads=3, attention_type="0010", kv_stride=2)], base_channels=8), IMAGE),
    "resnet_attention_0101": (resnet(plugins=[plugin("after_conv3", "GeneralizedAttention", (False, True), num_heads=4, attention_type="0101", kv_stride=1, q_stride=2, position_embedding_dim=16, position_magnitude=2)]), IMAGE),
    "resnet_attention_1000": (resnet(plugins=[plugin("after_conv1", "GeneralizedAttention", num_heads=2, attention_type="1000", kv_stride=3)]), IMAGE),
    "resnet_attention_0001": (resnet(plugins=[plugin("after_conv3", "GeneralizedAttention", num_heads=2, attention_type="0011", q_stride=2)]), IMAGE),
    "resnext": (resnet("ResNeXt", base_channels=8, groups=2, base_width=4), IMAGE),
    "resnext_dcn": (resnet("ResNeXt", base_channels=8, groups=2, base_width=4, dcn=dict(type="DCNv2", deform_groups=1, fallback_on_stride=True), stage_with_dcn=(False, True)), IMAGE, OFFSETS),
    "res2net": (resnet("Res2Net", base_channels=8, scales=4, base_width=4), IMAGE),
    "regnet": (dict(type="RegNet", arch=dict(w0=8, wa=5.5, wm=2.0, depth=9, group_w=8, bot_mul=1.0), stem_channels=8), IMAGE),
    "hrnet": (dict(type="HRNet", extra=dict(stage1=hr("BOTTLENECK", 4), stage2=hr("BASIC", 4, 8), stage3=hr("BASIC", 4, 8, 16, modules=2), stage4=hr("BASIC", 4, 8, 16, 32))), [1, 3, 64, 32]),
    "hrnet_finest": (dict(type="HRNet", multiscale_output=False, extra=dict(stage1=hr("BASIC", 8, blocks=2), stage2=hr("BOTTLENECK", 2, 4), stage3=hr("BASIC", 8, 16, 32), stage4=hr("BASIC", 8, 16, 32, 64, modules=2))), [1, 3, 64, 32]),
    "mobilenetv2": (dict(type="MobileNetV2", widen_factor=0.35, out_indices=(0, 2, 4, 6)), IMAGE),
    "mobilenetv2_wide": (dict(type="MobileNetV2", widen_factor=1.1, out_indices=(1, 7), act_cfg=dict(type="ReLU")), [1, 3, 32, 32]),
    "swin": (dict(type="SwinTransformer", embed_dims=8, depths=(2, 3), num_heads=(2, 4), strides=(4, 2), window_size=3, out_indices=(0, 1)), [2, 3, 38, 50]),
    "swin_absolute": (dict(type="SwinTransformer", embed_dims=8, depths=(2, 2, 2), num_heads=(1, 2, 2), strides=(2, 2, 3), patch_size=2, window_size=4, out_indices=(1, 2), pretrain_img_size=(32, 24), use_abs_pos_embed=True, qkv_bias=False, qk_scale=0.3, patch_norm=False, mlp_ratio=2, act_cfg=dict(type="ReLU"), norm_cfg=dict(type="LN", eps=1e-3)), [1, 3, 32, 24]),
    "vit": (dict(type="VisionTransformer", arch=ARCH, img_size=32, patch_size=8, out_type="featmap", out_indices=[1, -1]), [2, 3, 43, 56]),
    "vit_no_token": (dict(type="VisionTransformer", arch=ARCH, img_size=(32, 40), patch_size=8, out_type="featmap", with_cls_token=False, out_indices=2, interpolate_mode="bilinear", final_norm=False, pre_norm=True, layer_scale_init_value=0.1, qkv_bias=False, norm_cfg=dict(type="LN"), patch_cfg=dict(padding=2)), [1, 3, 40, 40]),
    "vit_layers": (dict(type="VisionTransformer", arch=ARCH, img_size=32, patch_size=16, out_type="featmap", layer_cfgs=dict(num_fcs=3, act_cfg=dict(type="ReLU"))), [1, 3, 80, 64]),
    "darknet": (dict(type="Darknet", out_indices=(2, 3, 5)), [1, 3, 32, 32]),
    "csp_darknet_p6": (dict(type="CSPDarknet", arch="P6", deepen_factor=0.5, widen_factor=0.125, out_indices=(0, 2, 5), spp_kernal_sizes=(3, 5)), IMAGE),
    "csp_darknet_depthwise": (dict(type="CSPDarknet", arch_ovewrite=[[8, 16, 1, True, False], [16, 24, 3, False, True]], use_depthwise=True, out_indices=(1, 2), act_cfg=dict(type="LeakyReLU", negative_slope=0.1)), IMAGE),
    "cspnext": (dict(type="CSPNeXt", deepen_factor=0.167, widen_factor=0.125), IMAGE),
    "cspnext_p6": (dict(type="CSPNeXt", arch="P6", deepen_factor=0.167, widen_factor=0.0625, out_indices=(1, 3, 5), use_depthwise=True, expand_ratio=0.75, channel_attention=False, act_cfg=dict(type="ReLU")), IMAGE),
    "yolov8": (dict(type="YOLOv8CSPDarknet", deepen_factor=0.33, widen_factor=0.125, last_stage_out_channels=192, out_indices=(0, 2, 3, 4)), IMAGE),
    "efficientnet": (dict(type="EfficientNet", arch="b0", out_indices=(0, 2)), [1, 3, 37, 50]),
    "efficientnet_edge": (dict(type="EfficientNet", arch="el", out_indices=(1,), conv_cfg=None, norm_cfg=dict(type="BN")), [1, 3, 24, 32]),
    "ssdvgg": (dict(type="SSDVGG", depth=11, out_feature_indices=(13, 24)), [1, 3, 33, 35]),
}
CALM = [("weight_gamma$", 0.04), ("switch\\.weight$", 0.01), ("(weight_diff|_context\\.weight)$", 0.1), ("offset_[sl]\\.weight$", 0.1), ("weight_beta$", 0.02)]  # or the switch squares a map in every block
PYRAMID = [[1, 8, 8, 6], [1, 8, 8, 6]]  # the first level is not read
CASES |= {
    "detectors": (resnet("DetectoRS_ResNet", conv_cfg=dict(type="ConvAWS"), sac=dict(type="SAC", use_deform=True), stage_with_sac=(False, True), output_img=True, avg_down=True), IMAGE, CALM),
    "detectors_plain_sac": (resnet("DetectoRS_ResNet", sac=dict(type="SAC", use_deform=False), stage_with_sac=(True, True), rfp_inplanes=8), IMAGE, CALM),
    "resnet_cbam": (resnet(plugins=[plugin("after_conv3", "CBAM", (False, True), reduce_ratio=4), plugin("after_conv2", "CBAM", reduce_ratio=2, kernel_size=3, postfix=2)]), [2, 3, 40, 40]),
    "yolov8_cbam": (dict(type="YOLOv8CSPDarknet", deepen_factor=0.33, widen_factor=0.125, plugins=[dict(cfg=dict(type="CBAM", reduce_ratio=4), stages=(False, True, False, True)), dict(cfg=dict(type="ContextBlock", ratio=0.25), stages=(False, False, False, True))]), IMAGE),
    "resnet_ws": (resnet(conv_cfg=dict(type="ConvWS"), norm_cfg=dict(type="GN", num_groups=2)), IMAGE),
}


class Recursive(torch.nn.Module):
    """rfp_forward as a module of an image and a pyramid."""

    def __init__(self, inner):
        super().__init__()
        for name, child in inner.named_children():
            self.add_module(name, child)
        self.inner = [inner]

    def forward(self, inputs):
        return self.inner[0].rfp_forward(inputs[0], inputs[1:])

    def __deepcopy__(self, memo):
        return Recursive(copy.deepcopy(self.inner[0], memo))


HRNET32 = dict(type="HRNet", extra=dict(
    stage1=hr("BOTTLENECK", 64, blocks=4), stage2=hr("BASIC", 32, 64, blocks=4),
    stage3=hr("BASIC", 32, 64, 128, modules=4, blocks=4), stage4=hr("BASIC", 32, 64, 128, 256, modules=3, blocks=4)))
REAL = {
    "resnext101_32x4d": dict(type="ResNeXt", depth=101, groups=32, base_width=4),
    "res2net101": dict(type="Res2Net", depth=101, scales=4, base_width=26),
    "resnetv1d50": dict(type="ResNetV1d", depth=50),
    "hrnetv2p_w32": HRNET32,
    "mobilenetv2": dict(type="MobileNetV2", out_indices=(2, 4, 6)),
    "swin_t": dict(type="SwinTransformer"),
    "darknet53": dict(type="Darknet"),
    "yolox_s": dict(type="CSPDarknet", deepen_factor=0.33, widen_factor=0.5),
    "rtmdet_tiny": dict(type="CSPNeXt", deepen_factor=0.167, widen_factor=0.375),
    "rtmdet_x": dict(type="CSPNeXt", deepen_factor=1.33, widen_factor=1.25),
    "ssd512": dict(type="SSDVGG", depth=16),
    "efficientnet_b3": dict(type="EfficientNet", arch="b3", out_indices=(3, 4, 5)),
    "efficientnet_el": dict(type="EfficientNet", arch="el"),
    **{name: dict(type="RegNet", arch=name) for name in mmdet_backbones.RegNet.arch_settings},
}


def fingerprint(cfg):
    state = build(cfg).state_dict()
    text = "\n".join(f"{k} {list(v.shape)}".replace(" ", "") for k, v in state.items())
    return dict(cfg=cfg, entries=len(state), numbers=sum(v.numel() for v in state.values()), names=fnv(text))


def outputs_only(path, tensors, metadata):
    write_safetensors(path, {k: t for k, t in tensors.items() if k.startswith("out")}, metadata)


if __name__ == "__main__":
    wanted = sys.argv[1:]
    for name, (cfg, shape, *rules) in CASES.items():
        if not wanted or any(part in name for part in wanted):
            # Darknet has no small size: 40 million gradients are left out
            necks.write_safetensors = outputs_only if name == "darknet" else write_safetensors
            reference(f"backbone_{name}", build, cfg, [shape], *rules, single=True)
    if not wanted or "recursive" in wanted:
        cfg = CASES["detectors_plain_sac"][0]
        reference("backbone_detectors_recursive", lambda c: Recursive(build(c)), cfg, [IMAGE, *PYRAMID], CALM)
    if not wanted or "init" in wanted:
        logging.disable(logging.INFO)
        cfgs = {name: cfg for name, (cfg, *_) in CASES.items() if name not in ("darknet", "mobilenetv2_wide", "ssdvgg")}
        for one in cfgs["resnet_nonlocal"]["plugins"]:  # the reference cannot start a subsampled block
            one["cfg"].pop("sub_sample", None)
        rows = {name: dict(cfg=cfg, parameters=starting_values(build, cfg)) for name, cfg in cfgs.items()}
        (HERE / "backbone_init.json").write_text(json.dumps(rows, separators=(",", ":")) + "\n")
    if not wanted or "params" in wanted:
        rows = {name: fingerprint(cfg) for name, cfg in REAL.items()}
        (HERE / "backbone_params.json").write_text(json.dumps(rows, indent=1) + "\n")
