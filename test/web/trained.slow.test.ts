// A trained detector of each family ships as ONNX and as a page: the same image has the same detections in Node, ONNX Runtime and
// Chromium. (`test/lab/demo.test.ts` has one of them in every run.)

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LabDataset, startEngine } from '../../src';
import { catalogue } from '../../src/models/catalogue';
import { packageRoot } from '../../src/paths';
import { browser } from '../frontends/browser';
import { CORNERS } from '../onnx/corner-detectors';
import { DENSE } from '../onnx/dense-detectors';
import { GRIDS } from '../onnx/grid-detectors';
import { MASK_QUERIES } from '../onnx/mask-query-detectors';
import { MASKED } from '../onnx/masked-detectors';
import { PANOPTIC } from '../onnx/panoptic-detectors';
import { QUERIES } from '../onnx/query-detectors';
import { ON_TEXT, REFUSED } from '../onnx/refused-detectors';
import { TWO_STAGE } from '../onnx/two-stage-detectors';
import { typesIn } from '../onnx/types-in';
import { bundled } from './bundled';
import { expectSameEverywhere } from './same-everywhere';
import { fewScenes, trainedConfig, trainedModel } from './trained';
import { TRAINED } from './trained-families';

const dir = mkdtempSync(join(tmpdir(), 'detlab-trained-'));
let data: LabDataset;
beforeAll(async () => {
  bundled();
  await startEngine();
  data = await fewScenes(dir);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Types in the text of the shipped configs. */
const shipped = readdirSync(join(packageRoot, 'configs'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(join(packageRoot, 'configs', file), 'utf8'))
  .join('\n');
const exported = new Set(typesIn([DENSE, CORNERS, MASKED, GRIDS, TWO_STAGE, PANOPTIC, QUERIES, MASK_QUERIES]));
/**
 * They learn from what Toytown has not: rotated boxes, keypoints, identities, images without labels, crops with a border around them,
 * semantic maps.
 */
const OTHER_DATA = [
  'RTMDetRotatedHead',
  'YOLOXPoseHead',
  'BaseReID',
  'SemiBaseDetector',
  'SoftTeacher',
  ...typesIn(CORNERS),
  'PanopticFPN',
];
/** Proposals that come with the data, which a photograph has none of; and what saving refuses, as `test/onnx` says of each. */
const WITHOUT = ['FastRCNN', ...OTHER_DATA, ...ON_TEXT, ...typesIn(REFUSED).filter((type) => !exported.has(type))];

test('every detector and every dense head of the shipped configs is among them', () => {
  const models = Object.keys(TRAINED).map((family) => JSON.stringify(trainedConfig(family, 1).model));
  const missing = catalogue
    .filter(({ kind, type }) => (kind === 'detector' || kind === 'dense_head') && shipped.includes(`'${type}'`))
    .filter(({ type }) => !WITHOUT.includes(type) && !models.some((model) => model.includes(`"${type}"`)));
  expect(missing.map(({ type }) => type)).toEqual([]);
});

describe.skipIf(!browser)('the same image has the same detections everywhere', () => {
  test.each(Object.keys(TRAINED))(
    '%s, trained',
    async (family) => {
      const model = await trainedModel(family, data);
      await expectSameEverywhere(model, data.train.records[0], dir);
      model.dispose();
    },
    900_000,
  );
});
