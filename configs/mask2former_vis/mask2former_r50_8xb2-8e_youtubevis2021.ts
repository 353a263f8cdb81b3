import { type DataloaderConfig, defineConfig } from '../../src/catalogue/define-config';

const val_dataloader: DataloaderConfig = {
  dataset: {
    data_root: 'data/youtube_vis_2021/',
    dataset_version: '2021',
    ann_file: 'annotations/youtube_vis_2021_valid.json',
  },
};

export default defineConfig({
  _base_: './mask2former_r50_8xb2-8e_youtubevis2019',
  data_root: 'data/youtube_vis_2021/',
  dataset_version: '2021',
  train_dataloader: {
    dataset: {
      data_root: 'data/youtube_vis_2021/',
      dataset_version: '2021',
      ann_file: 'annotations/youtube_vis_2021_train.json',
    },
  },
  val_dataloader: val_dataloader,
  test_dataloader: val_dataloader,
  default_hooks: {
    checkpoint: {
      interval: 500,
    },
  },
  max_iters: 8000,
  param_scheduler: {
    type: 'MultiStepLR',
    begin: 0,
    end: 8000,
    by_epoch: false,
    milestones: [5500],
    gamma: 0.1,
  },
  train_cfg: {
    max_iters: 8000,
    val_interval: 8001,
  },
});
