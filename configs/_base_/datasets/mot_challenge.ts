import type { MetricConfig, TransformConfig } from '../../../src/catalogue/config-types';
import { type DataloaderConfig, defineConfig } from '../../../src/catalogue/define-config';

const train_pipeline: TransformConfig[] = [
  {
    type: 'UniformRefFrameSample',
    num_ref_imgs: 1,
    frame_range: 10,
    filter_key_img: true,
  },
  {
    type: 'TransformBroadcaster',
    share_random_params: true,
    transforms: [
      {
        type: 'LoadImageFromFile',
        backend_args: null,
      },
      {
        type: 'LoadTrackAnnotations',
      },
      {
        type: 'RandomResize',
        scale: [1088, 1088],
        ratio_range: [0.8, 1.2],
        keep_ratio: true,
        clip_object_border: false,
      },
      {
        type: 'PhotoMetricDistortion',
      },
    ],
  },
  {
    type: 'TransformBroadcaster',
    share_random_params: false,
    transforms: [
      {
        type: 'RandomCrop',
        crop_size: [1088, 1088],
        bbox_clip_border: false,
      },
    ],
  },
  {
    type: 'TransformBroadcaster',
    share_random_params: true,
    transforms: [
      {
        type: 'RandomFlip',
        prob: 0.5,
      },
    ],
  },
  {
    type: 'PackTrackInputs',
  },
];
const test_pipeline: TransformConfig[] = [
  {
    type: 'TransformBroadcaster',
    transforms: [
      {
        type: 'LoadImageFromFile',
        backend_args: null,
      },
      {
        type: 'Resize',
        scale: [1088, 1088],
        keep_ratio: true,
      },
      {
        type: 'LoadTrackAnnotations',
      },
    ],
  },
  {
    type: 'PackTrackInputs',
  },
];
/** The second halves of MOT17's videos. */
export const halfval = {
  type: 'MOTChallengeDataset' as const,
  data_root: 'data/MOT17/',
  ann_file: 'annotations/half-val_cocoformat.json',
  data_prefix: {
    img_path: 'train',
  },
  test_mode: true,
};
const val_dataloader: DataloaderConfig = {
  batch_size: 1,
  num_workers: 2,
  persistent_workers: true,
  sampler: {
    type: 'TrackImgSampler',
  },
  dataset: { ...halfval, pipeline: test_pipeline },
};
const val_evaluator: MetricConfig = {
  type: 'MOTChallengeMetric',
  metric: ['HOTA', 'CLEAR', 'Identity'],
};

export default defineConfig({
  dataset_type: 'MOTChallengeDataset',
  data_root: 'data/MOT17/',
  img_scale: [1088, 1088],
  backend_args: null,
  train_pipeline: train_pipeline,
  test_pipeline: test_pipeline,
  train_dataloader: {
    batch_size: 2,
    num_workers: 2,
    persistent_workers: true,
    sampler: {
      type: 'TrackImgSampler',
    },
    dataset: {
      type: 'MOTChallengeDataset',
      data_root: 'data/MOT17/',
      visibility_thr: -1,
      ann_file: 'annotations/half-train_cocoformat.json',
      data_prefix: {
        img_path: 'train',
      },
      metainfo: {
        classes: ['pedestrian'],
      },
      pipeline: train_pipeline,
    },
  },
  val_dataloader: val_dataloader,
  test_dataloader: val_dataloader,
  val_evaluator: val_evaluator,
  test_evaluator: val_evaluator,
});
