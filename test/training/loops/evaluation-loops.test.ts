import { expect, test } from 'vitest';
import { registry } from '../registry';

test.each(['ValLoop', 'TestLoop'])('%s is no training loop', (type) => {
  expect(registry.build('loop', { type }, { path: 'val_cfg' })).toEqual({ type, unit: 'image' });
});
