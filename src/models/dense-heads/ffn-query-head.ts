// What DETRHead and ConditionalDETRHead share: one linear layer for the classes of a query, a small FFN for its box.

import type { BuildContext } from '../../catalogue/registry';
import { applyInitCfg, Linear } from '../../nn';
import { FFN } from '../layers/ffn';
import type { DETRHeadConfig } from './detr-head-options';
import { QueryHead } from './query-head';

export abstract class FFNQueryHead extends QueryHead {
  protected readonly fcCls: Linear;
  protected readonly regFfn: FFN;
  protected readonly fcReg: Linear;

  constructor(config: DETRHeadConfig, context: BuildContext) {
    super(config, context);
    const { embed_dims: embedDims, num_reg_fcs: numFcs } = config;
    this.fcCls = this.addChild('fc_cls', new Linear({ inFeatures: embedDims, outFeatures: this.scoreChannels }));
    const ffn = { embedDims, feedforwardChannels: embedDims, numFcs, addIdentity: false };
    this.regFfn = this.addChild('reg_ffn', new FFN(ffn));
    this.fcReg = this.addChild('fc_reg', new Linear({ inFeatures: embedDims, outFeatures: 4 }));
    applyInitCfg(this, config.init_cfg);
  }
}
