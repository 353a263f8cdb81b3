// Every part of a detector is in a graph that some test compares with the engine, or in a detector that is refused.

import { expect, test } from 'vitest';
import { catalogue } from '../../src/models/catalogue';
import { CORNERS } from './corner-detectors';
import { DENSE } from './dense-detectors';
import { REID } from './embeddings';
import { BACKBONES, NECKS, RECURSIVE, WIDE } from './feature-networks';
import { GRIDS } from './grid-detectors';
import { MASK_QUERIES } from './mask-query-detectors';
import { MASKED } from './masked-detectors';
import { PANOPTIC } from './panoptic-detectors';
import { QUERIES } from './query-detectors';
import { ON_TEXT, REFUSED } from './refused-detectors';
import { FAST_RCNN, TWO_STAGE } from './two-stage-detectors';
import { typesIn } from './types-in';

const KINDS = [
  'detector',
  'backbone',
  'neck',
  'dense_head',
  'roi_head',
  'roi_extractor',
  'roi_layer',
  'shared_head',
  'bbox_head',
  'mask_head',
  'mask_iou_head',
  'grid_head',
  'point_head',
  'semantic_head',
  'feat_relay_head',
  'glbctx_head',
  'panoptic_head',
  'pixel_decoder',
  'panoptic_fusion_head',
];

test('no part of the catalogue is left out', () => {
  const compared = new Set(
    typesIn([
      DENSE,
      MASKED,
      GRIDS,
      MASK_QUERIES,
      CORNERS,
      TWO_STAGE,
      PANOPTIC,
      FAST_RCNN,
      REID,
      QUERIES,
      BACKBONES,
      NECKS,
      RECURSIVE,
      WIDE,
      REFUSED,
    ]),
  );
  const missing = catalogue.filter(
    ({ kind, type }) => KINDS.includes(kind) && !compared.has(type) && !ON_TEXT.includes(type),
  );
  expect(missing.map(({ type }) => type)).toEqual([]);
});
