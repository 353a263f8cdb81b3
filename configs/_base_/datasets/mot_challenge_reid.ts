import type { MetricConfig, TransformConfig } from '../../../src/catalogue/config-types';
import { type DataloaderConfig, defineConfig } from '../../../src/catalogue/define-config';

// Images of one person each, cut out of MOTChallenge's videos; a batch has eight persons, four images of each.
const train_pipeline: TransformConfig[] = [
  {
    type: 'TransformBroadcaster',
    share_random_params: false,
    transforms: [
      { type: 'LoadImageFromFile', backend_args: null, to_float32: true },
      { type: 'Resize', scale: [128, 256], keep_ratio: false, clip_object_border: false },
      { type: 'RandomFlip', prob: 0.5, direction: 'horizontal' },
    ],
  },
  { type: 'PackReIDInputs', meta_keys: ['flip', 'flip_direction'] },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null, to_float32: true },
  { type: 'Resize', scale: [128, 256], keep_ratio: false },
  { type: 'PackReIDInputs' },
];
const val_dataloader: DataloaderConfig = {
  batch_size: 1,
  num_workers: 2,
  persistent_workers: true,
  drop_last: false,
  sampler: { type: 'DefaultSampler', shuffle: false },
  dataset: {
    type: 'ReIDDataset',
    data_root: 'data/MOT17/',
    triplet_sampler: null,
    data_prefix: { img_path: 'reid/imgs' },
    ann_file: 'reid/meta/val_20.txt',
    pipeline: test_pipeline,
  },
};
const val_evaluator: MetricConfig = { type: 'ReIDMetrics', metric: ['mAP', 'CMC'] };

export default defineConfig({
  dataset_type: 'ReIDDataset',
  data_root: 'data/MOT17/',
  backend_args: null,
  train_pipeline,
  test_pipeline,
  train_dataloader: {
    batch_size: 1,
    num_workers: 2,
    persistent_workers: true,
    sampler: { type: 'DefaultSampler', shuffle: true },
    dataset: {
      type: 'ReIDDataset',
      data_root: 'data/MOT17/',
      triplet_sampler: { num_ids: 8, ins_per_id: 4 },
      data_prefix: { img_path: 'reid/imgs' },
      ann_file: 'reid/meta/train_80.txt',
      pipeline: train_pipeline,
    },
  },
  val_dataloader,
  test_dataloader: val_dataloader,
  val_evaluator,
  test_evaluator: val_evaluator,
});
