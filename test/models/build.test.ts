// Whole models by the names, shapes and order of their state dict (model_params.json).

import { createHash } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import type { ModuleConfig } from '../../src/catalogue/registry';
import { loadConfig } from '../../src/config';
import { startEngine } from '../../src/engine';
import { buildDetector } from '../../src/models/build';
import { torchShape } from '../../src/nn';
import { goldenJson } from '../golden-data';

beforeAll(async () => void (await startEngine()));

const models = goldenJson<Record<string, { entries: number; parameters: number; digest: string }>>('model_params');

test.each(Object.entries(models))('%s', (name, { entries, parameters, digest }) => {
  const { model } = loadConfig(name).config as { model: ModuleConfig };
  const detector = buildDetector(model);
  const listed = [...detector.named()].map(([key, p]) => [key, torchShape(p)]);
  expect(listed.length).toBe(entries);
  expect(detector.parameterCount()).toBe(parameters);
  expect(createHash('sha256').update(JSON.stringify(listed)).digest('hex').slice(0, 16)).toBe(digest);
  detector.dispose();
});
