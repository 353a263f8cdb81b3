// PISASSDHead: SSD's head with Prime Sample Attention (Cao et al., CVPR 2020).

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { CrossEntropyLoss, SmoothL1Loss } from '../losses';
import { requireCfg } from '../require-cfg';
import type { Losses } from '../types';
import type { AnchorMaps } from './anchor-head';
import type { BatchTargets } from './batch-targets';
import type { DenseOutputs } from './dense-outputs';
import { trainCfgText } from './head-options';
import { primeAnchors, primeTrainCfgOptions } from './prime-anchors';
import { fixedLosses, inferSSD, SSDHead, type SSDHeadConfig, ssdOptions, ssdTrainCfg } from './ssd-head';

const options = z.strictObject({
  ...ssdOptions,
  reg_decoded_bbox: z.literal(false).default(false).describe('Must be false: CARL compares coded boxes'),
  train_cfg: ssdTrainCfg.extend(primeTrainCfgOptions).nullish().describe(trainCfgText),
});
type Config = SSDHeadConfig & Pick<z.output<typeof options>, 'train_cfg'>;

export class PISASSDHead extends SSDHead<Config> {
  protected override losses(outputs: DenseOutputs<AnchorMaps>, targets: BatchTargets): Losses {
    const fixed = { reduction: 'mean' as const, loss_weight: 1 };
    const anchors = {
      scores: outputs.flat('scores'),
      deltas: outputs.flat('deltas'),
      priors: this.priorCache.of(outputs.sizes),
      coder: this.coder,
      sigmoid: false,
      lossCls: new CrossEntropyLoss({ ...fixed, use_sigmoid: false, use_mask: false, avg_non_ignore: false }),
      lossBbox: new SmoothL1Loss({ ...fixed, beta: 1 }),
    };
    const prime = primeAnchors(anchors, targets, requireCfg(this.config.train_cfg, 'PISASSDHead', 'train_cfg'));
    return { ...super.losses(outputs, prime.targets), ...prime.losses };
  }
}

export const pisaSSDHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'PISASSDHead',
  summary: 'SSDHead whose anchors weigh by their importance, and whose scores learn from the quality of boxes',
  paper: 'Cao et al., Prime Sample Attention in Object Detection, CVPR 2020',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'PISASSDHead', num_classes: 80, anchor_generator: { type: 'SSDAnchorGenerator', min_sizes: [20, 40, 80, 160, 240], max_sizes: [40, 80, 160, 240, 300], strides: [4, 8, 16, 32, 64], ratios: [[2], [2], [2], [2], [2]] } }",
  options,
  inferred: { in_channels: "the neck's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => inferSSD('PISASSDHead', given, context),
  build: (given, context) => new PISASSDHead(fixedLosses(given) as Config, context),
});
