import type { ConfigOf } from '../../../src/catalogue/config-types';
import { parts } from './faster-rcnn_r50_fpn';

const rpn_head = parts.rpn_head;
const roi_head = parts.roi_head;

// The detector of SORT and DeepSORT: Faster R-CNN of one class, whose boxes may reach beyond the image.
const detector: ConfigOf<'detector'> = {
  type: 'FasterRCNN',
  ...parts,
  rpn_head: { ...rpn_head, bbox_coder: { ...rpn_head.bbox_coder, clip_border: false } },
  roi_head: {
    ...roi_head,
    bbox_head: {
      ...roi_head.bbox_head,
      num_classes: 1,
      bbox_coder: { ...roi_head.bbox_head.bbox_coder, clip_border: false },
    },
  },
  init_cfg: {
    type: 'Pretrained',
    checkpoint:
      'https://download.openmmlab.com/mmtracking/mot/faster_rcnn/faster-rcnn_r50_fpn_4e_mot17-half-64ee2ed4.pth',
  },
};

export default detector;
