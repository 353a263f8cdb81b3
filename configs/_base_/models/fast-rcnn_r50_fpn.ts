import { defineConfig } from '../../../src/catalogue/define-config';
import { data_preprocessor, parts } from './faster-rcnn_r50_fpn';

// Fast R-CNN with ResNet-50 and FPN (Girshick, 2015): its proposals come with the data.
export default defineConfig({
  model: {
    type: 'FastRCNN',
    data_preprocessor,
    backbone: parts.backbone,
    neck: parts.neck,
    roi_head: parts.roi_head,
    train_cfg: { rcnn: parts.train_cfg.rcnn },
    test_cfg: { rcnn: parts.test_cfg.rcnn },
  },
});
