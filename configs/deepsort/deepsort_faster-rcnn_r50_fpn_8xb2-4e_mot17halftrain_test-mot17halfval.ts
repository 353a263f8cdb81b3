import type { ConfigOf } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';
import detector from '../_base_/models/mot-faster-rcnn_r50_fpn';
import reid from '../_base_/models/reid_r50';

const vis_backends: ConfigOf<'vis_backend'>[] = [{ type: 'LocalVisBackend' }];

export default defineConfig({
  _base_: ['../_base_/datasets/mot_challenge', '../_base_/default_runtime'],
  default_hooks: {
    logger: { type: 'LoggerHook', interval: 1 },
    visualization: { type: 'TrackVisualizationHook', draw: false },
  },
  vis_backends,
  visualizer: { type: 'TrackLocalVisualizer', vis_backends, name: 'visualizer' },
  custom_hooks: [{ type: 'SyncBuffersHook' }],
  detector,
  model: {
    type: 'DeepSORT',
    data_preprocessor: {
      type: 'TrackDataPreprocessor',
      mean: [123.675, 116.28, 103.53],
      std: [58.395, 57.12, 57.375],
      bgr_to_rgb: true,
      pad_size_divisor: 32,
    },
    detector,
    reid: {
      ...reid,
      init_cfg: {
        type: 'Pretrained',
        checkpoint: 'https://download.openmmlab.com/mmtracking/mot/reid/tracktor_reid_r50_iter25245-a452f51f.pth',
      },
    },
    tracker: {
      type: 'SORTTracker',
      motion: { type: 'KalmanFilter', center_only: false },
      obj_score_thr: 0.5,
      reid: { num_samples: 10, img_scale: [256, 128], img_norm_cfg: null, match_score_thr: 2.0 },
      match_iou_thr: 0.5,
      momentums: null,
      num_tentatives: 2,
      num_frames_retain: 100,
    },
  },
  train_dataloader: null,
  train_cfg: null,
  val_cfg: { type: 'ValLoop' },
  test_cfg: { type: 'TestLoop' },
});
