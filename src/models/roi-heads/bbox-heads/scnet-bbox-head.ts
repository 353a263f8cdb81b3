// SCNetBBoxHead: a ConvFCBBoxHead that passes on what its shared layers give (Vu, Kang and Yoo, SCNet, AAAI 2021).

import type * as tf from '@tensorflow/tfjs';
import { type BuildContext, defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import type { BBoxOutputs } from '../types';
import { bboxHeadInferred, inferBBoxHead } from './bbox-head-options';
import { ConvFCBBoxHead, type ConvFCBBoxHeadConfig, convFCOptions } from './convfc-bbox-head';

export class SCNetBBoxHead extends ConvFCBBoxHead {
  constructor(config: ConvFCBBoxHeadConfig, context: BuildContext) {
    super(config, context);
    if (config.num_shared_fcs === 0)
      throw new DetLabError(
        `Cannot build SCNetBBoxHead at ${context.path}: it passes on the features of its shared layers, but num_shared_fcs is 0`,
      );
  }

  override forward(pooled: tf.Tensor4D): BBoxOutputs {
    const shared = this.branch('shared', pooled) as tf.Tensor2D;
    return { ...this.predict(shared), shared };
  }
}

export const scnetBBoxHeadDefinition = defineModule({
  kind: 'bbox_head',
  type: 'SCNetBBoxHead',
  summary: 'A ConvFCBBoxHead whose shared features SCNetRoIHead relays to the masks',
  paper: 'Vu, Kang and Yoo, SCNet: Training Inference Sample Consistency for Instance Segmentation, AAAI 2021',
  shapes: 'pooled RoIs [K, h, w, C] -> scores [K, classes + 1], deltas [K, classes * 4]',
  example: "{ type: 'SCNetBBoxHead', num_shared_fcs: 2, in_channels: 256, num_classes: 80 }",
  options: convFCOptions,
  inferred: bboxHeadInferred,
  infer: (given, context) => inferBBoxHead('SCNetBBoxHead', given, context),
  build: (given, context) => new SCNetBBoxHead(given as ConvFCBBoxHeadConfig, context),
});
