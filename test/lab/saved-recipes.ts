// Recipes whose saved configs MMDetection has built (golden/generate/saved_configs.py): other necks, classes, sizes, backbones.

import { detector, type Recipe } from '../../src';

const cells = ['red cell', 'white cell', 'platelet'];

export const savedRecipes: Record<string, () => Recipe> = {
  'faster-pafpn-128': () =>
    detector('faster-rcnn_r50_fpn_1x_coco').neck({ type: 'PAFPN', out_channels: 128 }).classes(cells),
  'retinanet-nasfpn': () =>
    detector('retinanet_r50_fpn_1x_coco')
      .neck({ type: 'NASFPN', stack_times: 2, out_channels: 64, start_level: 1 })
      .imageSize([512, 384]),
  'mask-rcnn-r18': () => detector('mask-rcnn_r50_fpn_1x_coco').backbone({ depth: 18 }).classes(cells),
  'cascade-mask-96': () =>
    detector('cascade-mask-rcnn_r50_fpn_1x_coco').neck({ type: 'FPN', out_channels: 96 }).classes(cells),
  'fcos-classes': () => detector('fcos_r50-caffe_fpn_gn-head_1x_coco').classes(cells),
  'atss-dyhead': () =>
    detector('atss_r50_fpn_dyhead_1x_coco').neck([
      { type: 'FPN', start_level: 1, add_extra_convs: 'on_output', out_channels: 128, num_outs: 5 },
      { type: 'DyHead', out_channels: 128, num_blocks: 2 },
    ]),
  'yolox-320': () => detector('yolox_s_8xb8-300e_coco').imageSize(320).classes(cells),
  'rtmdet-channel-mapper': () =>
    detector('rtmdet_s_8xb32-300e_coco').neck({ type: 'ChannelMapper', out_channels: 96, num_outs: 3 }).imageSize(320),
  'detr-classes': () => detector('detr_r50_8xb2-150e_coco').imageSize([640, 480]).classes(cells),
  'dino-r18': () => detector('dino-4scale_r50_8xb2-12e_coco').backbone({ depth: 18 }).classes(cells),
  'yolov8-classes': () => detector('yolov8_s_syncbn_fast_8xb16-500e_coco').classes(cells),
  'libra-neck-sequence': () =>
    detector('faster-rcnn_r50_fpn_1x_coco').neck([{ type: 'FPN', out_channels: 128 }, { type: 'BFP' }]),
  bccd: () => detector('faster-rcnn_r18_fpn_bccd').set({ 'train_dataloader.dataset.absent_classes': 'note' }),
};
