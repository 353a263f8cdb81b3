import type { DatasetConfig, DetectorConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';
import { resnet50_caffe } from '../_base_/backbones/resnet50';
import { labeled_dataset as labeled, unlabeled_dataset as unlabeled } from '../_base_/datasets/semi_coco_detection';
import fasterRCNN from '../_base_/models/faster-rcnn_r50_fpn';
import { caffe_pixels } from '../_base_/pixels';

const detector = { ...fasterRCNN.model, data_preprocessor: caffe_pixels, backbone: resnet50_caffe } as DetectorConfig;
// 10% of train2017 with labels, the rest without
const labeled_dataset = { ...labeled, ann_file: 'semi_anns/instances_train2017.1@10.json' };
const unlabeled_dataset: DatasetConfig = {
  ...(unlabeled as Extract<DatasetConfig, { type: 'CocoDataset' }>),
  ann_file: 'semi_anns/instances_train2017.1@10-unlabeled.json',
  data_prefix: { img: 'train2017/' },
};

// Soft Teacher (Xu et al., 2021): Faster R-CNN that also learns from what its moving average finds.
export default defineConfig({
  _base_: [
    '../_base_/models/faster-rcnn_r50_fpn',
    '../_base_/default_runtime',
    '../_base_/datasets/semi_coco_detection',
  ],
  detector,
  model: {
    _delete_: true,
    type: 'SoftTeacher',
    detector,
    data_preprocessor: { type: 'MultiBranchDataPreprocessor', data_preprocessor: caffe_pixels },
    semi_train_cfg: {
      freeze_teacher: true,
      sup_weight: 1,
      unsup_weight: 4,
      pseudo_label_initial_score_thr: 0.5,
      rpn_pseudo_thr: 0.9,
      cls_pseudo_thr: 0.9,
      reg_pseudo_thr: 0.02,
      jitter_times: 10,
      jitter_scale: 0.06,
      min_pseudo_bbox_wh: [1e-2, 1e-2],
    },
    semi_test_cfg: { predict_on: 'teacher' },
  },
  labeled_dataset,
  unlabeled_dataset,
  train_dataloader: { dataset: { datasets: [labeled_dataset, unlabeled_dataset] } },
  train_cfg: { type: 'IterBasedTrainLoop', max_iters: 180_000, val_interval: 5000 },
  val_cfg: { type: 'TeacherStudentValLoop' },
  test_cfg: { type: 'TestLoop' },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: 180_000, by_epoch: false, milestones: [120_000, 160_000], gamma: 0.1 },
  ],
  optim_wrapper: { type: 'OptimWrapper', optimizer: { type: 'SGD', lr: 0.01, momentum: 0.9, weight_decay: 0.0001 } },
  default_hooks: { checkpoint: { by_epoch: false, interval: 10_000, max_keep_ckpts: 2 } },
  log_processor: { by_epoch: false },
  custom_hooks: [{ type: 'MeanTeacherHook' }],
});
