import type { TransformConfig } from '../../../src/catalogue/config-types';
import { type DataloaderConfig, defineConfig } from '../../../src/catalogue/define-config';

const train_pipeline: TransformConfig[] = [
  {
    type: 'UniformRefFrameSample',
    num_ref_imgs: 1,
    frame_range: 100,
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
        with_mask: true,
      },
      {
        type: 'Resize',
        scale: [640, 360],
        keep_ratio: true,
      },
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
        scale: [640, 360],
        keep_ratio: true,
      },
      {
        type: 'LoadTrackAnnotations',
        with_mask: true,
      },
    ],
  },
  {
    type: 'PackTrackInputs',
  },
];
const val_dataloader: DataloaderConfig = {
  batch_size: 1,
  num_workers: 2,
  persistent_workers: true,
  drop_last: false,
  sampler: {
    type: 'DefaultSampler',
    shuffle: false,
    round_up: false,
  },
  dataset: {
    type: 'YouTubeVISDataset',
    data_root: 'data/youtube_vis_2019/',
    dataset_version: '2019',
    ann_file: 'annotations/youtube_vis_2019_valid.json',
    data_prefix: {
      img_path: 'valid/JPEGImages',
    },
    test_mode: true,
    pipeline: test_pipeline,
  },
};

export default defineConfig({
  dataset_type: 'YouTubeVISDataset',
  data_root: 'data/youtube_vis_2019/',
  dataset_version: '2019',
  backend_args: null,
  train_pipeline: train_pipeline,
  test_pipeline: test_pipeline,
  train_dataloader: {
    batch_size: 2,
    num_workers: 2,
    persistent_workers: true,
    sampler: {
      type: 'DefaultSampler',
      shuffle: true,
    },
    batch_sampler: {
      type: 'TrackAspectRatioBatchSampler',
    },
    dataset: {
      type: 'YouTubeVISDataset',
      data_root: 'data/youtube_vis_2019/',
      dataset_version: '2019',
      ann_file: 'annotations/youtube_vis_2019_train.json',
      data_prefix: {
        img_path: 'train/JPEGImages',
      },
      pipeline: train_pipeline,
    },
  },
  val_dataloader: val_dataloader,
  test_dataloader: val_dataloader,
});
