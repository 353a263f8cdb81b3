import type { MetricConfig, ModuleOverride, TransformConfig } from '../../../src/catalogue/config-types';
import { type DataloaderConfig, defineConfig } from '../../../src/catalogue/define-config';

// BCCD: photographs of blood cells, 640 x 480, in Pascal VOC's format; seen here at half their size.
const dataset_type = 'VOCDataset';
const data_root = 'data/bccd/';
const metainfo = { classes: ['Platelets', 'RBC', 'WBC'] };
const backend_args = null;

const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'Resize', scale: [320, 240], keep_ratio: true },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args },
  { type: 'Resize', scale: [320, 240], keep_ratio: true },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

const evaluation_loader: DataloaderConfig = {
  batch_size: 1,
  num_workers: 2,
  persistent_workers: true,
  drop_last: false,
  sampler: { type: 'DefaultSampler', shuffle: false },
};
const evaluation_data = {
  type: dataset_type,
  data_root,
  metainfo,
  data_prefix: { sub_data_root: '' },
  test_mode: true,
  pipeline: test_pipeline,
  backend_args,
} satisfies ModuleOverride<'dataset'>;
// COCO's average precision on VOC's annotations
const val_evaluator: MetricConfig = { type: 'CocoMetric', metric: 'bbox', format_only: false, backend_args };

export default defineConfig({
  dataset_type,
  data_root,
  backend_args,
  train_pipeline,
  test_pipeline,
  train_dataloader: {
    batch_size: 4,
    num_workers: 2,
    persistent_workers: true,
    sampler: { type: 'DefaultSampler', shuffle: true },
    batch_sampler: { type: 'AspectRatioBatchSampler' },
    dataset: {
      type: dataset_type,
      data_root,
      metainfo,
      ann_file: 'ImageSets/Main/train.txt',
      data_prefix: { sub_data_root: '' },
      filter_cfg: { filter_empty_gt: true, min_size: 32 },
      pipeline: train_pipeline,
      backend_args,
    },
  },
  val_dataloader: { ...evaluation_loader, dataset: { ...evaluation_data, ann_file: 'ImageSets/Main/val.txt' } },
  test_dataloader: { ...evaluation_loader, dataset: { ...evaluation_data, ann_file: 'ImageSets/Main/test.txt' } },
  val_evaluator,
  test_evaluator: val_evaluator,
});
