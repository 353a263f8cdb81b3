import type { MetricConfig } from '../../src/catalogue/config-types';
import { type DataloaderConfig, defineConfig } from '../../src/catalogue/define-config';
import { halfval } from '../_base_/datasets/mot_challenge';
import padded from '../_base_/datasets/mot_challenge_padded';
import detector from '../_base_/models/mot-yolox_x';
import reid from '../_base_/models/reid_r50';

const img_scale = padded.img_scale;
const test_pipeline = padded.test_pipeline;
const val_dataloader: DataloaderConfig = {
  batch_size: 1,
  num_workers: 2,
  persistent_workers: true,
  drop_last: false,
  sampler: { type: 'DefaultSampler', shuffle: false, round_up: false },
  dataset: { ...halfval, pipeline: test_pipeline },
};
const val_evaluator: MetricConfig = {
  type: 'MOTChallengeMetric',
  metric: ['HOTA', 'CLEAR', 'Identity'],
  use_postprocess: true,
  postprocess_tracklet_cfg: [
    { type: 'InterpolateTracklets', min_num_frames: 5, max_num_frames: 20, use_gsi: true, smooth_tau: 10 },
  ],
};

export default defineConfig({
  _base_: '../_base_/default_runtime',
  default_hooks: {
    logger: { type: 'LoggerHook', interval: 1 },
    checkpoint: { type: 'CheckpointHook', interval: 1, max_keep_ckpts: 5 },
  },
  img_scales: [
    [640, 640],
    [320, 320],
    [960, 960],
  ],
  img_scale,
  data_root: 'data/MOT17/',
  dataset_type: 'MOTChallengeDataset',
  backend_args: null,
  detector,
  model: {
    type: 'StrongSORT',
    data_preprocessor: {
      type: 'TrackDataPreprocessor',
      pad_size_divisor: 32,
      batch_augments: [
        { type: 'BatchSyncRandomResize', random_size_range: [576, 1024], size_divisor: 32, interval: 10 },
      ],
    },
    detector,
    reid,
    cmc: {
      type: 'CameraMotionCompensation',
      warp_mode: 'cv2.MOTION_EUCLIDEAN',
      num_iters: 100,
      stop_eps: 0.00001,
    },
    tracker: {
      type: 'StrongSORTTracker',
      motion: { type: 'KalmanFilter', center_only: false, use_nsa: true },
      obj_score_thr: 0.6,
      reid: {
        num_samples: null,
        img_scale: [256, 128],
        img_norm_cfg: { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375], to_rgb: true },
        match_score_thr: 0.3,
        motion_weight: 0.02,
      },
      match_iou_thr: 0.7,
      momentums: { embeds: 0.1 },
      num_tentatives: 2,
      num_frames_retain: 100,
    },
    postprocess_model: {
      type: 'AppearanceFreeLink',
      checkpoint:
        'https://download.openmmlab.com/mmtracking/mot/strongsort/mot_dataset/aflink_motchallenge_20220812_190310-a7578ad3.pth',
      temporal_threshold: [0, 30],
      spatial_threshold: 50,
      confidence_threshold: 0.95,
    },
  },
  train_pipeline: null,
  test_pipeline,
  train_dataloader: null,
  val_dataloader,
  test_dataloader: val_dataloader,
  val_evaluator,
  test_evaluator: val_evaluator,
  max_epochs: 80,
  num_last_epochs: 10,
  interval: 5,
  base_lr: 0.0005,
  batch_size: 4,
  train_cfg: null,
  val_cfg: { type: 'ValLoop' },
  test_cfg: { type: 'TestLoop' },
  optim_wrapper: null,
  auto_scale_lr: { enable: false, base_batch_size: 64 },
});
