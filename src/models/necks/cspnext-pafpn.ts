// RTMDet's neck (Lyu et al., 2022): path aggregation with CSP layers of CSPNeXt blocks, then a 3x3 convolution per level.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { FeatureSpec } from '../types';
import { CSPPAFPN, cspPafpnOptions } from './csp-pafpn';
import { inferInChannels } from './infer-in-channels';

const options = cspPafpnOptions.extend({
  expand_ratio: z
    .number()
    .positive()
    .default(0.5)
    .describe('Expansion ratio: channels of each half of a CSP layer over its output channels'),
});
type Options = z.output<typeof options> & { in_channels: number[] };

/**
 * @example new CSPNeXtPAFPN({ ...cspnextPafpn.options.parse({ out_channels: 96 }), in_channels: [96, 192, 384] })
 */
export class CSPNeXtPAFPN extends CSPPAFPN {
  constructor({ expand_ratio, ...rest }: Options, inputs?: FeatureSpec[]) {
    super(rest, { useCSPNeXtBlock: true, expandRatio: expand_ratio }, 3, inputs);
  }
}

export const cspnextPafpn = defineModule({
  kind: 'neck',
  type: 'CSPNeXtPAFPN',
  summary: "RTMDet's path aggregation: CSPNeXt layers on concatenated levels, top-down then bottom-up.",
  paper: 'Lyu et al.: RTMDet: An Empirical Study of Designing Real-Time Object Detectors, 2022',
  shapes: '[N, H/s, W/s, in_channels[i]] for each backbone level -> as many levels [N, H/s, W/s, out_channels]',
  example: "{ type: 'CSPNeXtPAFPN', out_channels: 96, num_csp_blocks: 1, expand_ratio: 0.5 }",
  options,
  inferred: { in_channels: "the backbone's channels" },
  infer: (o, context) => inferInChannels('CSPNeXtPAFPN', o, context),
  build: (o, { inputs }) => new CSPNeXtPAFPN({ ...o, in_channels: o.in_channels! }, inputs),
});
