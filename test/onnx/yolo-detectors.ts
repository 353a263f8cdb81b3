// MMYOLO's small detectors.

import type { ModuleConfig } from '../../src/catalogue/registry';

export const yolo = { nms_pre: 300, score_thr: 0.3, nms: { type: 'nms', iou_threshold: 0.6 }, max_per_img: 20 };

/** A small detector of MMYOLO: an eighth of the channels. With SiLU many scores would be equal but for rounding. */
function mmyolo(backbone: object, neck: object, bbox_head: object, more: object = {}): ModuleConfig {
  const scale = { deepen_factor: 0.1, widen_factor: 0.125, act_cfg: { type: 'LeakyReLU' } };
  const parts = { backbone: { ...scale, ...backbone }, neck: { ...scale, ...neck }, bbox_head };
  return { type: 'YOLODetector', ...parts, test_cfg: { ...yolo, ...more } };
}
const wide = [256, 512, 1024];
const eighth = { widen_factor: 0.125 };
export const rotated = (more: object = {}): ModuleConfig => {
  const { decode_with_angle } = more as { decode_with_angle?: boolean };
  return mmyolo(
    { type: 'mmyolo.CSPNeXt' },
    { type: 'mmyolo.CSPNeXtPAFPN', in_channels: wide, out_channels: 256, num_csp_blocks: 1 },
    {
      type: 'RTMDetRotatedHead',
      head_module: { type: 'RTMDetRotatedSepBNHeadModule', in_channels: 256, feat_channels: 256, ...eighth },
      prior_generator: { type: 'MlvlPointGenerator', offset: 0, strides: [8, 16, 32] },
      ...(decode_with_angle === false && { bbox_coder: { type: 'DistancePointBBoxCoder' } }),
    },
    { nms: { type: 'nms_rotated', iou_threshold: 0.1 }, ...more },
  );
};
/** Of scores that are a class times an object. */
const product = { score_thr: 0.15 };

export const YOLO: Record<string, ModuleConfig> = {
  YOLOv5: mmyolo(
    { type: 'YOLOv5CSPDarknet' },
    { type: 'YOLOv5PAFPN', in_channels: wide, out_channels: wide, num_csp_blocks: 1 },
    { type: 'YOLOv5Head', head_module: { type: 'YOLOv5HeadModule', in_channels: wide, ...eighth } },
    product,
  ),
  YOLOv7: mmyolo(
    { type: 'YOLOv7Backbone', arch: 'Tiny' },
    {
      type: 'YOLOv7PAFPN',
      is_tiny_version: true,
      in_channels: [128, 256, 512],
      out_channels: [64, 128, 256],
      block_cfg: { type: 'TinyDownSampleBlock', middle_ratio: 0.25 },
    },
    { type: 'YOLOv7Head', head_module: { type: 'YOLOv7HeadModule', in_channels: [128, 256, 512], ...eighth } },
    product,
  ),
  YOLOv6: mmyolo(
    { type: 'YOLOv6EfficientRep' },
    { type: 'YOLOv6RepPAFPN', in_channels: wide, out_channels: [128, 256, 512], num_csp_blocks: 6 },
    { type: 'YOLOv6Head', head_module: { type: 'YOLOv6HeadModule', in_channels: [128, 256, 512], ...eighth } },
  ),
  'YOLOv6, distributions of distances': mmyolo(
    { type: 'YOLOv6CSPBep', use_cspsppf: true },
    { type: 'YOLOv6CSPRepPAFPN', in_channels: wide, out_channels: [128, 256, 512], num_csp_blocks: 6 },
    {
      type: 'YOLOv6Head',
      head_module: { type: 'YOLOv6HeadModule', in_channels: [128, 256, 512], reg_max: 16, ...eighth },
    },
  ),
  'PP-YOLOE': mmyolo(
    { type: 'PPYOLOECSPResNet', use_large_stem: true },
    { type: 'PPYOLOECSPPAFPN', in_channels: wide, out_channels: [192, 384, 768], use_spp: true },
    { type: 'PPYOLOEHead', head_module: { type: 'PPYOLOEHeadModule', in_channels: [192, 384, 768], ...eighth } },
  ),
  "MMYOLO's YOLOX": mmyolo(
    { type: 'YOLOXCSPDarknet' },
    { type: 'mmyolo.YOLOXPAFPN', in_channels: wide, out_channels: 256 },
    {
      type: 'mmyolo.YOLOXHead',
      head_module: { type: 'YOLOXHeadModule', in_channels: 256, feat_channels: 256, ...eighth },
    },
    { ...product, yolox_style: true },
  ),
  'YOLOX with keypoints': mmyolo(
    { type: 'YOLOXCSPDarknet' },
    { type: 'mmyolo.YOLOXPAFPN', in_channels: wide, out_channels: 256 },
    {
      type: 'YOLOXPoseHead',
      head_module: { type: 'YOLOXPoseHeadModule', num_keypoints: 3, in_channels: 256, feat_channels: 256, ...eighth },
      loss_pose: { type: 'OksLoss' },
    },
    product,
  ),
  'RTMDet of rotated boxes': rotated(),
  "MMYOLO's RTMDet": mmyolo(
    { type: 'mmyolo.CSPNeXt' },
    { type: 'mmyolo.CSPNeXtPAFPN', in_channels: wide, out_channels: 256, num_csp_blocks: 1 },
    {
      type: 'mmyolo.RTMDetHead',
      head_module: { type: 'RTMDetSepBNHeadModule', in_channels: 256, feat_channels: 256, ...eighth },
    },
  ),
};
