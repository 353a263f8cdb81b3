// Small detectors that have no form in ONNX: saving one says so.

import type { ModuleConfig } from '../../src/catalogue/registry';
import { TWO_STAGE } from './two-stage-detectors';

const trident = TWO_STAGE.TridentNet as Record<string, object>;

export const REFUSED: Record<string, ModuleConfig> = {
  'TridentNet, detections of all branches': {
    ...TWO_STAGE.TridentNet,
    backbone: { ...trident.backbone, test_branch_idx: -1 },
    roi_head: { ...trident.roi_head, test_branch_idx: -1 },
  },
};
