// Shared4Conv1FCBBoxHead: class scores and box deltas of RoIs after four convolutions and one fully connected layer.

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { bboxHeadInferred, bboxHeadOptions, inferBBoxHead } from './bbox-head-options';
import { ConvFCBBoxHead, type ConvFCBBoxHeadConfig, type LayerCounts, layerWidths } from './convfc-bbox-head';

const layers: LayerCounts = {
  num_shared_convs: 4,
  num_shared_fcs: 1,
  num_cls_convs: 0,
  num_cls_fcs: 0,
  num_reg_convs: 0,
  num_reg_fcs: 0,
};

export const shared4Conv1FCBBoxHeadDefinition = defineModule({
  kind: 'bbox_head',
  type: 'Shared4Conv1FCBBoxHead',
  summary: 'Class scores and box deltas of RoIs after four shared convolutions and one fully connected layer',
  paper: 'Wu and He, Group Normalization, ECCV 2018',
  shapes: 'pooled RoIs [K, h, w, C] -> scores [K, classes + 1], deltas [K, classes * 4]',
  example: "{ type: 'Shared4Conv1FCBBoxHead', in_channels: 256, num_classes: 80 }",
  options: z.strictObject({ ...bboxHeadOptions, ...layerWidths }),
  inferred: bboxHeadInferred,
  infer: (given, context) => inferBBoxHead('Shared4Conv1FCBBoxHead', given, context),
  build: (given, context) => new ConvFCBBoxHead({ ...(given as ConvFCBBoxHeadConfig), ...layers }, context),
});
