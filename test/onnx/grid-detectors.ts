// Small detectors whose instances are cells of grids (SOLO), with weights that find something.

import type { ModuleConfig } from '../../src/catalogue/registry';
import { backbone, fpn } from './exported';

const segmentor = (type: string, mask_head: object, cfg: object = {}): ModuleConfig => ({
  type,
  backbone,
  neck: fpn({ num_outs: 3, end_level: 2 }),
  mask_head,
  test_cfg: { score_thr: 0.5, max_per_img: 12, ...cfg },
});
const grids = {
  feat_channels: 8,
  stacked_convs: 1,
  norm_cfg: null,
  strides: [8, 8, 8],
  num_grids: [4, 3, 2],
  scale_ranges: [
    [1, 40],
    [20, 80],
    [40, 200],
  ],
};

export const GRIDS: Record<string, ModuleConfig> = {
  'SOLO, one branch': segmentor('SOLO', { type: 'SOLOHead', ...grids }),
  'a mask head alone': segmentor(
    'SingleStageInstanceSegmentor',
    { type: 'SOLOHead', ...grids },
    { kernel: 'linear', filter_thr: -1, nms_pre: 15, max_per_img: -1 },
  ),
  SOLO: segmentor('SOLO', { type: 'DecoupledSOLOHead', ...grids }, { score_thr: 0.3, mask_thr: 0.3 }),
  'SOLO, light': segmentor('SOLO', { type: 'DecoupledSOLOLightHead', ...grids }, { score_thr: 0.3, mask_thr: 0.3 }),
  SOLOv2: segmentor('SOLOv2', {
    type: 'SOLOV2Head',
    ...grids,
    mask_feature_head: { feat_channels: 8, start_level: 0, end_level: 1, out_channels: 8 },
  }),
};
