import { ema_hook_rtmdet } from '../../_base_/mmyolo/yolo_coco';

const norm_cfg = { type: 'BN', affine: false, track_running_stats: false };
const teacher_ckpt =
  'https://download.openmmlab.com/mmyolo/v0/rtmdet/rtmdet_s_syncbn_fast_8xb32-300e_coco/rtmdet_s_syncbn_fast_8xb32-300e_coco_20221230_182329-0a8c901a.pth';

const recorders = {
  fpn0: { type: 'ModuleOutputs', source: 'neck.out_layers.0.conv' },
  fpn1: { type: 'ModuleOutputs', source: 'neck.out_layers.1.conv' },
  fpn2: { type: 'ModuleOutputs', source: 'neck.out_layers.2.conv' },
};
const ofStudent = {
  type: 'ConvModuleConnector',
  in_channel: 96,
  out_channel: 128,
  bias: false,
  norm_cfg,
  act_cfg: null,
};
const ofTeacher = { type: 'NormConnector', in_channels: 128, norm_cfg };
const loss = { type: 'ChannelWiseDivergence', loss_weight: 1 };

export default {
  _base_: '../rtmdet_tiny_syncbn_fast_8xb32-300e_coco',
  teacher_ckpt,
  norm_cfg,
  model: {
    _delete_: true,
    _scope_: 'mmrazor',
    type: 'FpnTeacherDistill',
    architecture: { cfg_path: 'mmyolo::rtmdet/rtmdet_tiny_syncbn_fast_8xb32-300e_coco.py' },
    teacher: { cfg_path: 'mmyolo::rtmdet/rtmdet_s_syncbn_fast_8xb32-300e_coco.py' },
    teacher_ckpt,
    distiller: {
      type: 'ConfigurableDistiller',
      student_recorders: recorders,
      teacher_recorders: recorders,
      connectors: {
        fpn0_s: ofStudent,
        fpn0_t: ofTeacher,
        fpn1_s: ofStudent,
        fpn1_t: ofTeacher,
        fpn2_s: ofStudent,
        fpn2_t: ofTeacher,
      },
      distill_losses: { loss_fpn0: loss, loss_fpn1: loss, loss_fpn2: loss },
      loss_forward_mappings: {
        loss_fpn0: {
          preds_S: { from_student: true, recorder: 'fpn0', connector: 'fpn0_s' },
          preds_T: { from_student: false, recorder: 'fpn0', connector: 'fpn0_t' },
        },
        loss_fpn1: {
          preds_S: { from_student: true, recorder: 'fpn1', connector: 'fpn1_s' },
          preds_T: { from_student: false, recorder: 'fpn1', connector: 'fpn1_t' },
        },
        loss_fpn2: {
          preds_S: { from_student: true, recorder: 'fpn2', connector: 'fpn2_s' },
          preds_T: { from_student: false, recorder: 'fpn2', connector: 'fpn2_t' },
        },
      },
    },
  },
  find_unused_parameters: true,
  custom_hooks: [
    ema_hook_rtmdet,
    {
      type: 'mmdet.PipelineSwitchHook',
      switch_epoch: 280,
      switch_pipeline: [
        { type: 'LoadImageFromFile', backend_args: null },
        { type: 'LoadAnnotations', with_bbox: true },
        {
          type: 'mmdet.RandomResize',
          scale: [640, 640],
          ratio_range: [0.5, 2],
          resize_type: 'mmdet.Resize',
          keep_ratio: true,
        },
        { type: 'mmdet.RandomCrop', crop_size: [640, 640] },
        { type: 'mmdet.YOLOXHSVRandomAug' },
        { type: 'mmdet.RandomFlip', prob: 0.5 },
        { type: 'mmdet.Pad', size: [640, 640], pad_val: { img: [114, 114, 114] } },
        { type: 'mmdet.PackDetInputs' },
      ],
    },
    { type: 'mmrazor.StopDistillHook', stop_epoch: 280 },
  ],
};
