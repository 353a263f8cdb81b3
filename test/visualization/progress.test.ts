// Progress as a line and a bar.

import { expect, test } from 'vitest';
import { progressBundle, progressText } from '../../src/visualization/progress';

test('progress is a line and a bar', () => {
  const state = { label: 'epoch 3/12', done: 60, total: 120, eta: 190, details: ['loss 0.53'] };
  expect(progressText(state, 4)).toBe('epoch 3/12  ━━──  60/120  ETA 0:03:10  loss 0.53');
  expect(progressBundle(state)['text/html']).toContain('width:50.0%');
});

test('what is done has no time left to say', () => {
  expect(progressText({ label: 'evaluating', done: 20, total: 20, eta: 0 }, 4)).toBe('evaluating  ━━━━  20/20');
});
