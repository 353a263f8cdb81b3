// StrongSORTTracker against MMDetection's, frame by frame, also where the camera moves.

import { describe, expect, it } from 'vitest';
import { goldenJson } from '../../golden-data';
import { buildTracker, checkTracker, type GoldenVideo } from './golden-videos';

describe('StrongSORTTracker', () => {
  const golden = goldenJson<GoldenVideo[]>('strongsort_tracker');
  it.each(golden.map((one, i) => [i, one] as const))("equals MMDetection's: video %i", (_, video) =>
    checkTracker('StrongSORTTracker', video),
  );

  it('refuses options by name', () => {
    expect(() => buildTracker('StrongSORTTracker', { reid: { motion_weight: 2 } })).toThrow(/motion_weight/);
    expect(() => buildTracker('StrongSORTTracker', { momentums: { boxes: 0.1 } })).toThrow(/boxes/);
  });
});
