import type { DatasetConfig, TransformConfig } from '../../../src/catalogue/config-types';
import { type DataloaderConfig, defineConfig } from '../../../src/catalogue/define-config';
import { val_dataloader as coco_val, val_evaluator, val_images } from './coco_detection';

const dataset_type = 'CocoDataset';
const data_root = 'data/coco/';
const backend_args = null;

const color_space: TransformConfig[][] = [
  [{ type: 'ColorTransform' }],
  [{ type: 'AutoContrast' }],
  [{ type: 'Equalize' }],
  [{ type: 'Sharpness' }],
  [{ type: 'Posterize' }],
  [{ type: 'Solarize' }],
  [{ type: 'Color' }],
  [{ type: 'Contrast' }],
  [{ type: 'Brightness' }],
];
const geometric: TransformConfig[][] = [
  [{ type: 'Rotate' }],
  [{ type: 'ShearX' }],
  [{ type: 'ShearY' }],
  [{ type: 'TranslateX' }],
  [{ type: 'TranslateY' }],
];
const scale: [[number, number], [number, number]] = [
  [1333, 400],
  [1333, 1200],
];
const branch_field: ('sup' | 'unsup_teacher' | 'unsup_student')[] = ['sup', 'unsup_teacher', 'unsup_student'];

/** Images with labels, for the student. */
const sup_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'RandomResize', scale, keep_ratio: true },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'RandAugment', aug_space: color_space, aug_num: 1 },
  { type: 'FilterAnnotations', min_gt_bbox_wh: [1e-2, 1e-2] },
  { type: 'MultiBranch', branch_field, sup: { type: 'PackDetInputs' } },
];

/** What takes boxes from one view to the other. */
const pack_view: TransformConfig = {
  type: 'PackDetInputs',
  meta_keys: [
    'img_id',
    'img_path',
    'ori_shape',
    'img_shape',
    'scale_factor',
    'flip',
    'flip_direction',
    'homography_matrix',
  ],
};
/** Images without, as the teacher sees them. */
const weak_pipeline: TransformConfig[] = [
  { type: 'RandomResize', scale, keep_ratio: true },
  { type: 'RandomFlip', prob: 0.5 },
  pack_view,
];
/** The same, as the student sees them. */
const strong_pipeline: TransformConfig[] = [
  { type: 'RandomResize', scale, keep_ratio: true },
  { type: 'RandomFlip', prob: 0.5 },
  {
    type: 'RandomOrder',
    transforms: [
      { type: 'RandAugment', aug_space: color_space, aug_num: 1 },
      { type: 'RandAugment', aug_space: geometric, aug_num: 1 },
    ],
  },
  { type: 'RandomErasing', n_patches: [1, 5], ratio: [0, 0.2] },
  { type: 'FilterAnnotations', min_gt_bbox_wh: [1e-2, 1e-2] },
  pack_view,
];
const unsup_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args },
  { type: 'LoadEmptyAnnotations' },
  { type: 'MultiBranch', branch_field, unsup_teacher: weak_pipeline, unsup_student: strong_pipeline },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args },
  { type: 'Resize', scale: [1333, 800], keep_ratio: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

const batch_size = 5;
const num_workers = 5;

/** train2017 and unlabeled2017; or a share of train2017 and the rest of it, `instances_train2017.{fold}@{percent}`. */
export const labeled_dataset: DatasetConfig = {
  type: dataset_type,
  data_root,
  ann_file: 'annotations/instances_train2017.json',
  data_prefix: { img: 'train2017/' },
  filter_cfg: { filter_empty_gt: true, min_size: 32 },
  pipeline: sup_pipeline,
  backend_args,
};
export const unlabeled_dataset: DatasetConfig = {
  type: dataset_type,
  data_root,
  ann_file: 'annotations/instances_unlabeled2017.json',
  data_prefix: { img: 'unlabeled2017/' },
  filter_cfg: { filter_empty_gt: false },
  pipeline: unsup_pipeline,
  backend_args,
};

// without the truths that the reference leaves out here
const val_dataloader: DataloaderConfig = {
  ...coco_val,
  dataset: { ...val_images, pipeline: test_pipeline },
};

export default defineConfig({
  dataset_type,
  data_root,
  backend_args,
  color_space,
  geometric,
  scale,
  branch_field,
  sup_pipeline,
  weak_pipeline,
  strong_pipeline,
  unsup_pipeline,
  test_pipeline,
  batch_size,
  num_workers,
  labeled_dataset,
  unlabeled_dataset,
  train_dataloader: {
    batch_size,
    num_workers,
    persistent_workers: true,
    sampler: { type: 'GroupMultiSourceSampler', batch_size, source_ratio: [1, 4] },
    dataset: { type: 'ConcatDataset', datasets: [labeled_dataset, unlabeled_dataset] },
  },
  val_dataloader,
  test_dataloader: val_dataloader,
  val_evaluator,
  test_evaluator: val_evaluator,
});
