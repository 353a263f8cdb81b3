// Detectors of every family as they are trained for a test: a shipped config, narrow; with what other than its numbers must be cut
// down, and for how many iterations it is trained.

import type { ConfigObject } from '../../src/config';

export interface TrainedFamily {
  config: string;
  /** Merged into the narrow model. */
  model?: ConfigObject;
  /** The widths are the config's: of narrow ones, in_channels times widen_factor would not be the backbone's. */
  asShipped?: true;
  /** Of two images. */
  iterations?: number;
  /** Of AdamW. */
  lr?: number;
  /** The sizes of the test pipeline are the config's. */
  fullSize?: true;
  /** Those of Toytown's that it is trained on, where it does not know several. */
  classes?: readonly string[];
}

const channels = (base: number) => [base, 2 * base, 4 * base, 8 * base];
/** Of ResNet's shape with bottlenecks. */
const bottlenecks = { depth: 50, base_channels: 4, frozen_stages: -1, init_cfg: null };
const narrowResNet = (out_indices: number[]) => ({
  _delete_: true,
  type: 'ResNet',
  depth: 18,
  base_channels: 8,
  out_indices,
});

/** Channels of SABL's sides, which are those of the pyramid. */
const sides = { cls_in_channels: 32, reg_in_channels: 32, reg_cls_out_channels: 32, reg_offset_out_channels: 32 };

/** Of the networks of single masks, whose parameters are counted in another place. */
const masksOf = (channels: number) => ({
  mask_head: { num_layers: 3, feat_channels: channels, mask_feature_head: { out_channels: channels } },
});

/** The teacher of a distilled detector, as it starts. */
const teacher = {
  type: 'GFL',
  backbone: { type: 'ResNet', depth: 18, base_channels: 8 },
  neck: { type: 'FPN', out_channels: 32, start_level: 1, add_extra_convs: 'on_output', num_outs: 5 },
  bbox_head: {
    type: 'GFLHead',
    num_classes: 3,
    feat_channels: 32,
    anchor_generator: {
      type: 'AnchorGenerator',
      ratios: [1],
      octave_base_scale: 8,
      scales_per_octave: 1,
      strides: [8, 16, 32, 64, 128],
    },
    loss_cls: { type: 'QualityFocalLoss' },
  },
};

/** Of attention: at higher rates all queries become one, as do DETR's with dropout on two images. */
const TRANSFORMER = { lr: 0.001, iterations: 800 };
const layer = { self_attn_cfg: { dropout: 0 }, ffn_cfg: { ffn_drop: 0 } };
const withoutDropout = {
  encoder: { layer_cfg: layer },
  decoder: { layer_cfg: { ...layer, cross_attn_cfg: { dropout: 0 } } },
};

const withoutStuff = { num_things_classes: 80, num_stuff_classes: 0 };

/** Twenty proposals that are learned themselves. */
const LEARNED_PROPOSALS = {
  model: { rpn_head: { num_proposals: 20, proposal_feature_channel: 32 } },
  lr: 0.001,
  iterations: 400,
};

export const TRAINED: Readonly<Record<string, TrainedFamily>> = {
  'Faster R-CNN': { config: 'faster-rcnn_r50_fpn_1x_coco' },
  'Mask R-CNN': { config: 'mask-rcnn_r50_fpn_1x_coco' },
  YOLACT: { config: 'yolact_r50_1xb8-55e_coco' },
  'YOLOv5-Ins': {
    config: 'yolov5_ins_s-v61_syncbn_fast_8xb16-300e_coco_instance',
    asShipped: true,
    iterations: 500,
    lr: 0.002,
  },
  CondInst: { config: 'condinst_r50_fpn_ms-poly-90k_coco_instance', model: masksOf(8) },
  BoxInst: { config: 'boxinst_r50_fpn_ms-90k_coco', model: masksOf(16) },
  'RTMDet-Ins': { config: 'rtmdet-ins_l_8xb32-300e_coco' },
  "MMYOLO's RTMDet-Ins": { config: 'rtmdet-ins_s_syncbn_fast_8xb32-300e_coco' },
  SOLO: { config: 'solo_r50_fpn_1x_coco', model: { mask_head: { stacked_convs: 3 } } },
  'Decoupled SOLO, light': {
    config: 'decoupled-solo-light_r50_fpn_3x_coco',
    model: { mask_head: { stacked_convs: 3 } },
  },
  SOLOv2: { config: 'solov2_r50_fpn_1x_coco', model: { mask_head: { stacked_convs: 2 } } },
  'Cascade R-CNN': { config: 'cascade-rcnn_r50_fpn_1x_coco' },
  'Mask Scoring R-CNN': { config: 'ms-rcnn_r50-caffe_fpn_1x_coco' },
  PointRend: {
    config: 'point-rend_r50-caffe_fpn_ms-1x_coco',
    model: { roi_head: { point_head: { fc_channels: 32 } } },
  },
  'Double-Head R-CNN': { config: 'dh-faster-rcnn_r50_fpn_1x_coco' },
  SABL: {
    config: 'sabl-faster-rcnn_r50_fpn_1x_coco',
    model: { roi_head: { bbox_head: { ...sides, cls_out_channels: 32 } } },
  },
  'Grid R-CNN': {
    config: 'grid-rcnn_r50_fpn_gn-head_2x_coco',
    model: { roi_head: { grid_head: { num_convs: 2, point_feat_channels: 8, norm_cfg: { num_groups: 9 } } } },
  },
  'R-FCN': { config: 'rfcn_r50-caffe_1x_coco', model: { roi_head: { in_channels: 64 } } },
  'Sparse R-CNN': { config: 'sparse-rcnn_r50_fpn_1x_coco', ...LEARNED_PROPOSALS },
  QueryInst: { config: 'queryinst_r50_fpn_1x_coco', ...LEARNED_PROPOSALS },
  'Hybrid Task Cascade': { config: 'htc-without-semantic_r50_fpn_1x_coco' },
  SCNet: {
    config: 'scnet_r50_fpn_1x_coco',
    // Toytown has no semantic maps
    model: {
      roi_head: {
        semantic_head: null,
        semantic_roi_extractor: null,
        mask_head: { num_convs: 2 },
        feat_relay_head: { out_conv_channels: 32 },
      },
    },
  },
  TridentNet: {
    config: 'tridentnet_r50-caffe_1x_coco',
    model: {
      backbone: { base_channels: 4, frozen_stages: -1, init_cfg: null },
      rpn_head: { in_channels: 64 },
      roi_head: {
        shared_head: null,
        bbox_roi_extractor: { out_channels: 64 },
        bbox_head: { _delete_: true, type: 'Shared2FCBBoxHead', fc_out_channels: 32 },
      },
    },
  },
  DetectoRS: {
    config: 'detectors_cascade-rcnn_r50_1x_coco',
    lr: 0.002,
    iterations: 300,
    // filters of unit variance, whose scale is in the buffers of trained ones: without these the norms must learn it
    model: {
      backbone: { ...bottlenecks, norm_eval: false },
      neck: {
        in_channels: channels(16),
        aspp_out_channels: 8,
        rfp_backbone: { ...bottlenecks, norm_eval: false, rfp_inplanes: 32, pretrained: null },
      },
    },
  },
  'Faster R-CNN with ResNeSt': {
    config: 'faster-rcnn_s50_fpn_syncbn-backbone+head_ms-range-1x_coco',
    model: { backbone: { ...bottlenecks, base_channels: 8, stem_channels: 16 }, neck: { in_channels: channels(32) } },
  },
  'Mask R-CNN with Swin': {
    config: 'mask-rcnn_swin-t-p4-w7_fpn_1x_coco',
    model: {
      backbone: { embed_dims: 24, depths: [2, 2, 2, 2], drop_path_rate: 0, init_cfg: null },
      neck: { in_channels: channels(24) },
    },
  },
  CrowdDet: { config: 'crowddet-rcnn_r50_fpn_8xb2-30e_crowdhuman', classes: ['car'] },
  RPN: { config: 'rpn_r50_fpn_1x_coco' },
  'Cascade RPN': { config: 'cascade-rpn_faster-rcnn_r50-caffe_fpn_1x_coco' },
  'RetinaNet, SABL': { config: 'sabl-retinanet_r50_fpn_1x_coco' },
  RetinaNet: { config: 'retinanet_r50_fpn_1x_coco' },
  'RetinaNet with PVT': {
    config: 'retinanet_pvtv2-b0_fpn_1x_coco',
    model: {
      backbone: { embed_dims: 16, num_layers: [1, 1, 1, 1], init_cfg: null },
      neck: { in_channels: [16, 32, 80, 128] },
    },
  },
  'RetinaNet with NAS-FPN': {
    config: 'retinanet_r50_nasfpn_crop640-50e_coco',
    model: { neck: { stack_times: 2 } },
  },
  FreeAnchor: { config: 'freeanchor_r50_fpn_1x_coco', iterations: 500 },
  FSAF: { config: 'fsaf_r50_fpn_1x_coco' },
  SSD: {
    config: 'ssd300_coco',
    model: {
      backbone: narrowResNet([1, 2]),
      neck: { in_channels: [16, 32], out_channels: [16, 32, 32, 32, 32, 32] },
      bbox_head: { in_channels: [16, 32, 32, 32, 32, 32] },
    },
    fullSize: true,
  },
  FCOS: { config: 'fcos_r50-caffe_fpn_gn-head_1x_coco' },
  'NAS-FCOS': { config: 'nas-fcos_r50-caffe_fpn_nashead-gn-head_4xb4-1x_coco' },
  FoveaBox: { config: 'fovea_r50_fpn_4xb4-1x_coco' },
  AutoAssign: { config: 'autoassign_r50-caffe_fpn_1x_coco' },
  ATSS: { config: 'atss_r50_fpn_1x_coco' },
  GFL: { config: 'gfl_r50_fpn_1x_coco' },
  VFNet: { config: 'vfnet_r50_fpn_1x_coco' },
  DDOD: { config: 'ddod_r50_fpn_1x_coco' },
  PAA: { config: 'paa_r50_fpn_1x_coco' },
  LAD: {
    config: 'lad_r50-paa-r101_fpn_2xb8_coco_1x',
    model: { teacher_ckpt: null, teacher_bbox_head: { num_classes: 3 } },
  },
  LD: {
    config: 'ld_r18-gflv1-r101_fpn_1x_coco',
    model: {
      neck: { in_channels: channels(8) },
      teacher_config: { _delete_: true, model: teacher },
      teacher_ckpt: null,
    },
  },
  CenterNet: {
    config: 'centernet_r18-dcnv2_8xb16-crop512-140e_coco',
    model: {
      neck: { in_channels: 64, num_deconv_filters: [32, 16, 16] },
      bbox_head: { in_channels: 16, feat_channels: 16 },
    },
  },
  'CenterNet, update': { config: 'centernet-update_r50-caffe_fpn_ms-1x_coco' },
  'RetinaNet, guided anchors': { config: 'ga-retinanet_r50-caffe_fpn_1x_coco' },
  'RPN, guided anchors': { config: 'ga-rpn_r50-caffe_fpn_1x_coco' },
  TOOD: { config: 'tood_r50_fpn_1x_coco' },
  RepPoints: { config: 'reppoints-moment_r50_fpn_1x_coco' },
  YOLOF: { config: 'yolof_r50-c5_8xb8-1x_coco', model: { neck: { in_channels: 64 } } },
  YOLOv3: {
    config: 'yolov3_d53_8xb8-320-273e_coco',
    model: {
      backbone: narrowResNet([1, 2, 3]),
      neck: { in_channels: [64, 32, 16], out_channels: [32, 32, 16] },
      bbox_head: { in_channels: [32, 32, 16], out_channels: [32, 32, 32] },
    },
  },
  YOLOv4: {
    config: 'yolov4_cspd53_8xb8-mosaic-416-273e_coco',
    model: {
      backbone: { deepen_factor: 0.125, widen_factor: 0.125 },
      neck: { in_channels: [32, 64, 128], out_channels: [16, 32, 64] },
      bbox_head: { in_channels: [16, 32, 64], out_channels: [32, 32, 64] },
    },
    iterations: 400,
  },
  YOLOX: { config: 'yolox_nano_8xb8-300e_coco', model: { neck: { in_channels: [32, 64, 128] } } },
  YOLOv5: { config: 'yolov5_n-v61_syncbn_fast_8xb16-300e_coco', asShipped: true, iterations: 500, lr: 0.002 },
  YOLOv8: { config: 'yolov8_n_syncbn_fast_8xb16-500e_coco', asShipped: true, iterations: 500, lr: 0.002 },
  YOLOv6: { config: 'yolov6_n_syncbn_fast_8xb32-400e_coco', asShipped: true, iterations: 500, lr: 0.002 },
  'PP-YOLOE': { config: 'ppyoloe_plus_s_fast_8xb8-80e_coco', asShipped: true, iterations: 500, lr: 0.002 },
  YOLOv7: { config: 'yolov7_tiny_syncbn_fast_8x16b-300e_coco', asShipped: true, iterations: 500, lr: 0.002 },
  RTMDet: { config: 'rtmdet_tiny_8xb32-300e_coco', iterations: 400 },
  'RTMDet with one tower': {
    config: 'rtmdet_tiny_8xb32-300e_coco',
    model: {
      bbox_head: {
        _delete_: true,
        type: 'RTMDetHead',
        num_classes: 80,
        feat_channels: 32,
        stacked_convs: 2,
        anchor_generator: { type: 'MlvlPointGenerator', offset: 0, strides: [8, 16, 32] },
      },
    },
    iterations: 400,
  },
  MaskFormer: {
    config: 'maskformer_r50_ms-16xb1-75e_coco',
    // Toytown has no stuff
    model: {
      panoptic_head: {
        ...withoutStuff,
        pixel_decoder: { encoder: { layer_cfg: layer } },
        transformer_decoder: { layer_cfg: { ...layer, cross_attn_cfg: { dropout: 0 } } },
      },
      panoptic_fusion_head: withoutStuff,
    },
    ...TRANSFORMER,
  },
  Mask2Former: {
    config: 'mask2former_r50_8xb2-lsj-50e_coco',
    model: { train_cfg: { num_points: 1024 } },
    ...TRANSFORMER,
  },
  'RTMDet, distilled': {
    config: 'kd_tiny_rtmdet_s_neck_300e_coco',
    asShipped: true,
    model: {
      // of its three hundred boxes the faintest (0.03) differed between runtimes, presumably by NMS at its threshold
      architecture: { backbone: { init_cfg: null }, test_cfg: { score_thr: 0.05 } },
      teacher: { backbone: { init_cfg: null } },
      teacher_ckpt: null,
    },
    iterations: 300,
  },
  DETR: { config: 'detr_r50_8xb2-150e_coco', model: withoutDropout, ...TRANSFORMER },
  'Conditional DETR': { config: 'conditional-detr_r50_8xb2-50e_coco', ...TRANSFORMER },
  'DAB-DETR': { config: 'dab-detr_r50_8xb2-50e_coco', ...TRANSFORMER },
  'Deformable DETR': { config: 'deformable-detr-refine-twostage_r50_16xb2-50e_coco', ...TRANSFORMER },
  'RT-DETR': {
    config: 'rtdetr_r18vd_8xb2-72e_coco',
    model: {
      backbone: { base_channels: 8, stem_channels: 8, init_cfg: null },
      neck: { in_channels: [16, 32, 64], hidden_dim: 32, projector: { in_channels: [32, 32, 32] } },
      bbox_head: { embed_dims: 32 },
    },
    ...TRANSFORMER,
  },
  'DDQ DETR': { config: 'ddq-detr-4scale_r50_8xb2-12e_coco', ...TRANSFORMER },
  DINO: { config: 'dino-4scale_r50_8xb2-12e_coco', ...TRANSFORMER },
};
