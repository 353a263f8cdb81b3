import type { MetricConfig, TransformConfig } from '../../src/catalogue/config-types';
import { type DataloaderConfig, defineConfig } from '../../src/catalogue/define-config';
import { halfval } from '../_base_/datasets/mot_challenge';
import padded from '../_base_/datasets/mot_challenge_padded';
import detector from '../_base_/models/mot-yolox_x';

const img_scale = padded.img_scale;
const test_pipeline = padded.test_pipeline;
const train_pipeline: TransformConfig[] = [
  { type: 'Mosaic', img_scale, pad_val: 114, bbox_clip_border: false },
  { type: 'RandomAffine', scaling_ratio_range: [0.1, 2], border: [-720, -400], bbox_clip_border: false },
  { type: 'MixUp', img_scale, ratio_range: [0.8, 1.6], pad_val: 114, bbox_clip_border: false },
  { type: 'YOLOXHSVRandomAug' },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'Resize', scale: img_scale, keep_ratio: true, clip_object_border: false },
  { type: 'Pad', size_divisor: 32, pad_val: { img: [114, 114, 114] } },
  { type: 'FilterAnnotations', min_gt_bbox_wh: [1, 1], keep_empty: false },
  { type: 'PackDetInputs' },
];
const persons = {
  type: 'CocoDataset' as const,
  filter_cfg: { filter_empty_gt: true, min_size: 32 },
  metainfo: { classes: ['pedestrian'] },
  pipeline: [
    { type: 'LoadImageFromFile' as const, backend_args: null },
    { type: 'LoadAnnotations' as const, with_bbox: true },
  ],
};
const crowd_human = { ...persons, data_root: 'data/crowdhuman' };
const train_dataloader: DataloaderConfig = {
  batch_size: 4,
  num_workers: 4,
  persistent_workers: true,
  pin_memory: true,
  sampler: { type: 'DefaultSampler', shuffle: true },
  dataset: {
    type: 'MultiImageMixDataset',
    dataset: {
      type: 'ConcatDataset',
      datasets: [
        {
          ...persons,
          data_root: 'data/MOT17',
          ann_file: 'annotations/half-train_cocoformat.json',
          data_prefix: { img: 'train' },
        },
        { ...crowd_human, ann_file: 'annotations/crowdhuman_train.json', data_prefix: { img: 'train' } },
        { ...crowd_human, ann_file: 'annotations/crowdhuman_val.json', data_prefix: { img: 'val' } },
      ],
    },
    pipeline: train_pipeline,
  },
};
const val_dataloader: DataloaderConfig = {
  batch_size: 1,
  num_workers: 2,
  persistent_workers: true,
  pin_memory: true,
  drop_last: false,
  sampler: { type: 'TrackImgSampler' },
  dataset: { ...halfval, pipeline: test_pipeline },
};
const val_evaluator: MetricConfig = {
  type: 'MOTChallengeMetric',
  metric: ['HOTA', 'CLEAR', 'Identity'],
  postprocess_tracklet_cfg: [{ type: 'InterpolateTracklets', min_num_frames: 5, max_num_frames: 20 }],
};

export default defineConfig({
  _base_: '../_base_/default_runtime',
  train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 80, val_interval: 1, val_begin: 70 },
  val_cfg: { type: 'ValLoop' },
  test_cfg: { type: 'TestLoop' },
  param_scheduler: [
    { type: 'QuadraticWarmupLR', by_epoch: true, begin: 0, end: 1, convert_to_iter_based: true },
    {
      type: 'CosineAnnealingLR',
      eta_min: 2.5e-5,
      begin: 1,
      T_max: 70,
      end: 70,
      by_epoch: true,
      convert_to_iter_based: true,
    },
    { type: 'ConstantLR', by_epoch: true, factor: 1, begin: 70, end: 80 },
  ],
  optim_wrapper: {
    type: 'OptimWrapper',
    optimizer: { type: 'SGD', lr: 0.0005, momentum: 0.9, weight_decay: 0.0005, nesterov: true },
    paramwise_cfg: { norm_decay_mult: 0, bias_decay_mult: 0 },
  },
  auto_scale_lr: { enable: false, base_batch_size: 32 },
  default_hooks: { checkpoint: { max_keep_ckpts: 10 }, visualization: { type: 'TrackVisualizationHook', draw: false } },
  visualizer: { type: 'TrackLocalVisualizer' },
  img_scales: [
    [640, 640],
    [320, 320],
    [960, 960],
  ],
  img_scale,
  data_root: 'data/MOT17/',
  dataset_type: 'MOTChallengeDataset',
  backend_args: null,
  train_pipeline,
  test_pipeline,
  train_dataloader,
  val_dataloader,
  test_dataloader: val_dataloader,
  val_evaluator,
  test_evaluator: val_evaluator,
  max_epochs: 80,
  num_last_epochs: 10,
  interval: 5,
  base_lr: 0.0005,
  custom_hooks: [
    { type: 'YOLOXModeSwitchHook', num_last_epochs: 10, priority: 48 },
    { type: 'SyncNormHook', priority: 48 },
    { type: 'EMAHook', ema_type: 'ExpMomentumEMA', momentum: 0.0001, update_buffers: true, priority: 49 },
  ],
  batch_size: 4,
  model: {
    type: 'ByteTrack',
    data_preprocessor: {
      type: 'TrackDataPreprocessor',
      pad_size_divisor: 32,
      use_det_processor: true,
      batch_augments: [
        { type: 'BatchSyncRandomResize', random_size_range: [576, 1024], size_divisor: 32, interval: 10 },
      ],
    },
    detector,
    tracker: {
      type: 'ByteTracker',
      motion: { type: 'KalmanFilter' },
      obj_score_thrs: { high: 0.6, low: 0.1 },
      init_track_thr: 0.7,
      weight_iou_with_det_scores: true,
      match_iou_thrs: { high: 0.1, low: 0.5, tentative: 0.3 },
      num_frames_retain: 30,
    },
  },
});
