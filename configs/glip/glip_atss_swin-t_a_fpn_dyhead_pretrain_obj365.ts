import type { TransformConfig } from '../../src/catalogue/config-types';
import { type DataloaderConfig, defineConfig } from '../../src/catalogue/define-config';
import { test_cfg } from '../_base_/models/dense';
import backbone from '../_base_/models/swin-t_text';

const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null, imdecode_backend: 'pillow' },
  { type: 'FixScaleResize', scale: [800, 1333], keep_ratio: true, backend: 'pillow' },
  { type: 'LoadAnnotations', with_bbox: true },
  {
    type: 'PackDetInputs',
    meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'text', 'custom_entities'],
  },
];
const val_dataloader: DataloaderConfig = { dataset: { pipeline: test_pipeline, return_classes: true } };

export default defineConfig({
  _base_: ['../_base_/datasets/coco_detection', '../_base_/schedules/schedule_1x', '../_base_/default_runtime'],
  test_pipeline,
  val_dataloader,
  test_dataloader: val_dataloader,
  lang_model_name: 'bert-base-uncased',
  model: {
    type: 'GLIP',
    data_preprocessor: {
      type: 'DetDataPreprocessor',
      mean: [103.53, 116.28, 123.675],
      std: [57.375, 57.12, 58.395],
      bgr_to_rgb: false,
      pad_size_divisor: 32,
    },
    backbone,
    neck: {
      type: 'FPN',
      in_channels: [192, 384, 768],
      out_channels: 256,
      start_level: 0,
      relu_before_extra_convs: true,
      add_extra_convs: 'on_output',
      num_outs: 5,
    },
    bbox_head: {
      type: 'ATSSVLFusionHead',
      lang_model_name: 'bert-base-uncased',
      num_classes: 80,
      in_channels: 256,
      feat_channels: 256,
      anchor_generator: {
        type: 'AnchorGenerator',
        ratios: [1],
        octave_base_scale: 8,
        scales_per_octave: 1,
        strides: [8, 16, 32, 64, 128],
        center_offset: 0.5,
      },
      bbox_coder: { type: 'DeltaXYWHBBoxCoderForGLIP', target_means: [0, 0, 0, 0], target_stds: [0.1, 0.1, 0.2, 0.2] },
    },
    language_model: { type: 'BertModel', name: 'bert-base-uncased' },
    train_cfg: { assigner: { type: 'ATSSAssigner', topk: 9 }, allowed_border: -1, pos_weight: -1, debug: false },
    test_cfg,
  },
});
