// Small whole models of many families against MMDetection's (generate/zoo.py): parameters, losses, gradients and detections.

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { goldenJson } from '../golden-data';
import { checkSmallModel, type SmallModels } from './detectors/check-small-model';

beforeAll(async () => void (await startEngine()));

// appearance-tracking-detector.test.ts and mask2former-video.test.ts
const OF_VIDEOS = ['masktrack_rcnn', 'qdtrack', 'mask2former_video'].map((family) => `zoo_${family}.json`);
// variants whose names end in _slow: detectors.slow.test.ts
const files = readdirSync(path.join(__dirname, '../golden')).filter(
  (file) => /^zoo_\w+(?<!_slow)\.json$/.test(file) && !OF_VIDEOS.includes(file),
);

describe.each(files.map((file) => path.basename(file, '.json')))('%s', (family) => {
  const golden = goldenJson<SmallModels>(family);
  test.each(Object.keys(golden.models))('%s', (name) => checkSmallModel(golden, name));
});
