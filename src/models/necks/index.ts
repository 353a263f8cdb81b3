// Every neck of the catalogue.

import type { AnyDefinition } from '../../catalogue/registry';
import { asff } from './asff';
import { cbam, sam } from './attention-blocks';
import { augFpn } from './augfpn';
import { bfp } from './bfp';
import { bifpn } from './bifpn';
import { channelMapper } from './channel-mapper';
import { cspnextPafpn } from './cspnext-pafpn';
import { ctResNetNeck } from './ct-resnet-neck';
import { dilatedEncoder } from './dilated-encoder';
import { dyHead } from './dyhead';
import { fpg } from './fpg';
import { fpn } from './fpn';
import { fpnCarafe } from './fpn-carafe';
import { fpnDropBlock } from './fpn-dropblock';
import { globalAveragePooling } from './global-average-pooling';
import { hrFpn } from './hr-fpn';
import { hybridEncoder } from './hybrid-encoder';
import { mmyoloCSPNeXtPafpn, mmyoloYOLOXPafpn } from './mmyolo-csp-pafpn';
import { nasFpn } from './nas-fpn';
import { nasfcosFpn } from './nasfcos-fpn';
import { pafpn } from './pafpn';
import { aspp, rfb, spp } from './pooling-blocks';
import { ppyoloeCSPPafpn } from './ppyoloe-csppan';
import { rfp } from './rfp';
import { sfam } from './sfam';
import { ssdNeck } from './ssd-neck';
import { ssh } from './ssh';
import { yolov3Neck } from './yolov3-neck';
import { yolov4Neck } from './yolov4-neck';
import { yolov5Pafpn } from './yolov5-pafpn';
import { yolov6Necks } from './yolov6-pafpn';
import { yolov7Pafpn } from './yolov7-pafpn';
import { yolov8Pafpn } from './yolov8-pafpn';
import { yoloxPafpn } from './yolox-pafpn';

export { FPN, fpn } from './fpn';
export { inferInChannels } from './infer-in-channels';
export { buildNeck, forwardNeck, NeckSequence, neckOption } from './neck-sequence';
export { PAFPN, pafpn } from './pafpn';
export type { RecursiveBackbone } from './rfp';

export const necks = [
  fpn,
  pafpn,
  fpnDropBlock,
  augFpn,
  nasFpn,
  fpg,
  bfp,
  channelMapper,
  nasfcosFpn,
  hrFpn,
  fpnCarafe,
  dilatedEncoder,
  dyHead,
  ssdNeck,
  yoloxPafpn,
  cspnextPafpn,
  yolov5Pafpn,
  ...yolov6Necks,
  yolov7Pafpn,
  mmyoloYOLOXPafpn,
  mmyoloCSPNeXtPafpn,
  ppyoloeCSPPafpn,
  yolov8Pafpn,
  yolov3Neck,
  yolov4Neck,
  ssh,
  ctResNetNeck,
  hybridEncoder,
  rfp,
  globalAveragePooling,
  bifpn,
  asff,
  sfam,
  spp,
  aspp,
  rfb,
  sam,
  cbam,
] as const satisfies readonly AnyDefinition[];
