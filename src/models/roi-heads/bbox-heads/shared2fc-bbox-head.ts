// Shared2FCBBoxHead: class scores and box deltas of RoIs after two shared fully connected layers.

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { bboxHeadInferred, bboxHeadOptions, inferBBoxHead } from './bbox-head-options';
import { ConvFCBBoxHead, type ConvFCBBoxHeadConfig, type LayerCounts, layerWidths } from './convfc-bbox-head';

const layers: LayerCounts = {
  num_shared_convs: 0,
  num_shared_fcs: 2,
  num_cls_convs: 0,
  num_cls_fcs: 0,
  num_reg_convs: 0,
  num_reg_fcs: 0,
};

export const shared2FCBBoxHeadDefinition = defineModule({
  kind: 'bbox_head',
  type: 'Shared2FCBBoxHead',
  summary: 'Class scores and box deltas of RoIs after two shared fully connected layers',
  paper: 'Lin et al., Feature Pyramid Networks, CVPR 2017',
  shapes: 'pooled RoIs [K, h, w, C] -> scores [K, classes + 1], deltas [K, classes * 4]',
  example: "{ type: 'Shared2FCBBoxHead', fc_out_channels: 1024, in_channels: 256, num_classes: 80 }",
  options: z.strictObject({ ...bboxHeadOptions, ...layerWidths }),
  inferred: bboxHeadInferred,
  infer: (given, context) => inferBBoxHead('Shared2FCBBoxHead', given, context),
  build: (given, context) => new ConvFCBBoxHead({ ...(given as ConvFCBBoxHeadConfig), ...layers }, context),
});
