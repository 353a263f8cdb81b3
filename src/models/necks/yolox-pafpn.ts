// YOLOX's neck (Ge et al., 2021): path aggregation with CSP layers of Darknet blocks, then a 1x1 convolution per level.

import { defineModule } from '../../catalogue/registry';
import type { FeatureSpec } from '../types';
import { CSPPAFPN, type CSPPAFPNOptions, cspPafpnOptions } from './csp-pafpn';
import { inferInChannels } from './infer-in-channels';

/**
 * @example new YOLOXPAFPN({ ...yoloxPafpn.options.parse({ out_channels: 128 }), in_channels: [128, 256, 512] })
 */
export class YOLOXPAFPN extends CSPPAFPN {
  constructor(options: CSPPAFPNOptions, inputs?: FeatureSpec[]) {
    super(options, {}, 1, inputs);
  }
}

export const yoloxPafpn = defineModule({
  kind: 'neck',
  type: 'YOLOXPAFPN',
  summary: "YOLOX's path aggregation: CSP layers on concatenated levels, top-down then bottom-up.",
  paper: 'Ge, Liu, Wang, Li and Sun: YOLOX: Exceeding YOLO Series in 2021',
  shapes: '[N, H/s, W/s, in_channels[i]] for each backbone level -> as many levels [N, H/s, W/s, out_channels]',
  example: "{ type: 'YOLOXPAFPN', out_channels: 128, num_csp_blocks: 1 }",
  options: cspPafpnOptions,
  inferred: { in_channels: "the backbone's channels" },
  infer: (o, context) => inferInChannels('YOLOXPAFPN', o, context),
  build: (o, { inputs }) => new YOLOXPAFPN({ ...o, in_channels: o.in_channels! }, inputs),
});
