// Students of a teacher, exported without it.

import type { ModuleConfig } from '../../src/catalogue/registry';
import { backbone, cut, fpn } from './exported';

export const RetinaNet: ModuleConfig = {
  type: 'RetinaNet',
  backbone,
  neck: fpn(),
  bbox_head: { type: 'RetinaHead', feat_channels: 32, stacked_convs: 2 },
  test_cfg: cut,
};

const distilled = (type: string): ModuleConfig => ({
  type,
  architecture: RetinaNet,
  teacher: { ...RetinaNet, bbox_head: { type: 'RetinaHead', num_classes: 9, feat_channels: 32, stacked_convs: 2 } },
  distiller: { type: 'ConfigurableDistiller' },
});

export const DISTILLED: Record<string, ModuleConfig> = {
  'RetinaNet that was distilled': distilled('FpnTeacherDistill'),
  'RetinaNet that a whole teacher was run beside': distilled('SingleTeacherDistill'),
};
