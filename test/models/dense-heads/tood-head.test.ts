// TOODHead beside its reference files: how its weights start.

import { beforeAll, describe, test } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { createRegistry } from '../../../src/models/catalogue';
import type { DetectionHead } from '../../../src/models/types';
import { goldenJson } from '../../golden-data';
import { expectStartingValues, type Start } from '../../starting-values';

beforeAll(async () => void (await startEngine()));

describe('weights start as in the reference', () => {
  const starts = goldenJson<Record<string, { cfg: ModuleConfig; values: Record<string, Start> }>>('tood_init');
  test.each(Object.entries(starts))('%s', (_, { cfg, values }) => {
    const head = createRegistry().build('dense_head', cfg, { path: 'bbox_head' }) as DetectionHead;
    expectStartingValues(head, values);
    head.dispose();
  });
});
