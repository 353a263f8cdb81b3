import { expect, test } from 'vitest';
import { z } from 'zod';
import { epochCount, scaleEpochs } from '../../../src/training/hooks/epoch-count';

const schema = z.strictObject({
  switch_epoch: epochCount().describe('Epochs before'),
  max_epochs: epochCount(1).default(300).describe('Epochs'),
  interval: z.int().positive().default(1).describe('Iterations'),
});

test('counts of epochs that are given are scaled with the run, down to their minimum; others stay', () => {
  const config = { type: 'Hook', switch_epoch: 280, max_epochs: 300, interval: 50 };
  expect(scaleEpochs(config, schema, 30, 300)).toEqual({ ...config, switch_epoch: 28, max_epochs: 30 });
  expect(scaleEpochs(config, schema, 1, 600)).toEqual({ ...config, switch_epoch: 0, max_epochs: 1 });
  expect(scaleEpochs({ type: 'Hook', switch_epoch: 7 }, schema, 2, 4)).toEqual({ type: 'Hook', switch_epoch: 3 });
});
