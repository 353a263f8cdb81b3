// PISARetinaHead: RetinaNet's head with Prime Sample Attention (Cao et al., CVPR 2020).

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { requireCfg } from '../require-cfg';
import type { LossContext, Losses } from '../types';
import type { AnchorMaps } from './anchor-head';
import { anchorTrainCfg } from './anchor-head-options';
import type { BatchTargets } from './batch-targets';
import type { DenseOutputs } from './dense-outputs';
import { trainCfgText } from './head-options';
import { primeAnchors, primeTrainCfgOptions } from './prime-anchors';
import { RetinaHead, type RetinaHeadConfig, retinaOptions } from './retina-head';

const options = z.strictObject({
  ...retinaOptions,
  reg_decoded_bbox: z.literal(false).default(false).describe('Must be false: CARL compares coded boxes'),
  train_cfg: anchorTrainCfg.extend(primeTrainCfgOptions).nullish().describe(trainCfgText),
});
type Config = RetinaHeadConfig & Pick<z.output<typeof options>, 'train_cfg'>;

export class PISARetinaHead extends RetinaHead<Config> {
  protected override losses(outputs: DenseOutputs<AnchorMaps>, targets: BatchTargets, context: LossContext): Losses {
    const anchors = {
      scores: outputs.flat('scores'),
      deltas: outputs.flat('deltas'),
      priors: this.priorCache.of(outputs.sizes),
      coder: this.coder,
      // the reference reads the scores as sigmoids whatever the loss
      sigmoid: true,
      lossCls: this.lossCls,
      lossBbox: this.lossBbox,
    };
    const prime = primeAnchors(anchors, targets, requireCfg(this.config.train_cfg, 'PISARetinaHead', 'train_cfg'));
    return { ...super.losses(outputs, prime.targets, context), ...prime.losses };
  }
}

export const pisaRetinaHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'PISARetinaHead',
  summary: 'RetinaHead whose anchors weigh by their importance, and whose scores learn from the quality of boxes',
  paper: 'Cao et al., Prime Sample Attention in Object Detection, CVPR 2020',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'PISARetinaHead', num_classes: 80, loss_cls: { type: 'FocalLoss' } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('PISARetinaHead', given, context),
  build: (given, context) => new PISARetinaHead(given as Config, context),
});
