import type { ConfigOf } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';
import detector from '../_base_/models/mot-faster-rcnn_r50_fpn';

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
      rgb_to_bgr: false,
      pad_size_divisor: 32,
    },
    detector,
    tracker: {
      type: 'SORTTracker',
      motion: { type: 'KalmanFilter', center_only: false },
      obj_score_thr: 0.5,
      match_iou_thr: 0.5,
      reid: null,
    },
  },
  train_dataloader: null,
  train_cfg: null,
  val_cfg: { type: 'ValLoop' },
  test_cfg: { type: 'TestLoop' },
});
