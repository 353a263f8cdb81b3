// DoubleHeadRoIHead: classes from an RoI, boxes from the RoI enlarged (Wu et al., Double-Head RCNN, CVPR 2020). What is pooled of
// both is joined along channels on its way to the head, the RoI's first.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { type PoolSource, RoIPooler } from './roi-pooler';
import { StandardRoIHead, standardOptions } from './standard-roi-head';
import type { RoIExtractor, SharedHead } from './types';

const options = z.strictObject({
  ...standardOptions,
  reg_roi_scale_factor: z.number().positive().describe('Factor on the size of the RoIs that boxes are predicted from'),
});
type Options = z.output<typeof options>;

class DoublePooler extends RoIPooler {
  constructor(
    extractor: RoIExtractor,
    shared: SharedHead | undefined,
    private readonly scale: number,
  ) {
    super(extractor, shared);
  }

  override forward(features: tf.Tensor4D[], rois: Float32Array): tf.Tensor4D {
    const large = this.extractor.forward(features.slice(0, this.extractor.numInputs), rois, { scale: this.scale });
    return tf.concat([super.forward(features, rois), this.shared ? this.shared.forward(large) : large], 3);
  }

  override get sources(): readonly PoolSource[] {
    return [...super.sources, { extractor: this.extractor, scale: this.scale }];
  }

  override combine([own, large]: readonly tf.Tensor4D[][]): tf.Tensor4D {
    return tf.concat([super.combine([own]), super.combine([large])], 3);
  }
}

export class DoubleHeadRoIHead extends StandardRoIHead<Options> {
  protected override createPooler(extractor: RoIExtractor, shared: SharedHead | undefined): RoIPooler {
    return new DoublePooler(extractor, shared, this.config.reg_roi_scale_factor);
  }
}

export const doubleHeadRoIHeadDefinition = defineModule({
  kind: 'roi_head',
  type: 'DoubleHeadRoIHead',
  summary:
    'Second stage of Double-Head R-CNN: classes by fully connected layers, boxes by convolutions on enlarged RoIs',
  paper: 'Wu et al., Rethinking Classification and Localization for Object Detection, CVPR 2020',
  shapes: 'feature levels [N, H, W, C] and proposals -> detections of each image',
  example: `{
  type: 'DoubleHeadRoIHead',
  reg_roi_scale_factor: 1.3,
  bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7 } },
  bbox_head: { type: 'DoubleConvFCBBoxHead', num_convs: 4, num_fcs: 2 },
}`,
  options,
  build: (given, context) => new DoubleHeadRoIHead(given, context),
});
