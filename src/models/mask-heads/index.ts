// Mask heads of single-stage detectors.

import type { AnyDefinition } from '../../catalogue/registry';
import { boxInstMaskHeadDefinition } from './boxinst-mask-head';
import { condInstMaskHeadDefinition } from './condinst-mask-head';
import { decoupledSOLOHeadDefinition, decoupledSOLOLightHeadDefinition } from './decoupled-solo-head';
import { soloHeadDefinition } from './solo-head';
import { solov2HeadDefinition } from './solov2-head';
import { yolactProtonetDefinition } from './yolact-protonet';

export { BoxInstMaskHead } from './boxinst-mask-head';
export { CondInstMaskHead } from './condinst-mask-head';
export { DecoupledSOLOHead, DecoupledSOLOLightHead } from './decoupled-solo-head';
export { SOLOHead } from './solo-head';
export { SOLOV2Head } from './solov2-head';
export { YOLACTProtonet } from './yolact-protonet';

export const maskHeads = [
  soloHeadDefinition,
  decoupledSOLOHeadDefinition,
  decoupledSOLOLightHeadDefinition,
  solov2HeadDefinition,
  yolactProtonetDefinition,
  condInstMaskHeadDefinition,
  boxInstMaskHeadDefinition,
] as const satisfies readonly AnyDefinition[];
