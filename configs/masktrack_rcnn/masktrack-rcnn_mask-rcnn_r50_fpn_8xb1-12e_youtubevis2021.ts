import { type DataloaderConfig, defineConfig } from '../../src/catalogue/define-config';

const val_dataloader: DataloaderConfig = {
  dataset: {
    data_root: 'data/youtube_vis_2021/',
    dataset_version: '2021',
    ann_file: 'annotations/youtube_vis_2021_valid.json',
  },
};

export default defineConfig({
  _base_: './masktrack-rcnn_mask-rcnn_r50_fpn_8xb1-12e_youtubevis2019',
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
});
