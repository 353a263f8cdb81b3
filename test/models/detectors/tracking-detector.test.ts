// ByteTrack and OCSORT: the detector within, with a tracker for every video.

import { describe, expect, it } from 'vitest';
import { buildDetector } from '../../../src/models/build';
import { Random } from '../../../src/random';
import { sample, tidy } from './whole-models';

const detector = {
  type: 'YOLOX',
  backbone: { type: 'CSPDarknet', deepen_factor: 0.1, widen_factor: 0.125, out_indices: [2, 3, 4] },
  neck: { type: 'YOLOXPAFPN', in_channels: [32, 64, 128], out_channels: 16, num_csp_blocks: 1 },
  bbox_head: { type: 'YOLOXHead', num_classes: 1, in_channels: 16, feat_channels: 16, stacked_convs: 1 },
  test_cfg: { score_thr: 0, nms: { type: 'nms', iou_threshold: 0.5 } },
};
const preprocessor = { type: 'TrackDataPreprocessor', pad_size_divisor: 32 };
const config = (given: object = {}) => ({
  type: 'ByteTrack',
  data_preprocessor: preprocessor,
  detector,
  tracker: { type: 'ByteTracker', init_track_thr: 0 },
  ...given,
});

describe('ByteTrack', () => {
  it('detects as its detector, whose weights are under "detector", and has a tracker for each video', () => {
    const [model, alone] = [
      buildDetector(config()),
      buildDetector({ ...detector, data_preprocessor: preprocessor } as never),
    ];
    for (const one of [model, alone]) {
      one.initWeights(Random.seeded(3));
      one.eval();
    }
    expect([...model.named()].map(([name]) => name)).toEqual([...alone.named()].map(([name]) => `detector.${name}`));
    const found = [model, alone].map((one) => tidy(() => one.predict(one.preprocess([sample()]))[0]));
    expect(found[0].scores.length).toBeGreaterThan(0);
    expect(found[0]).toEqual(found[1]);
    const [first, second] = [model.tracker!(), model.tracker!()];
    expect(first.track(found[0]).instanceIds?.[0]).toBe(0);
    expect(second.track(found[0]).instanceIds?.[0]).toBe(0);
    model.dispose();
    alone.dispose();
  });

  it('refuses two preprocessors, and to train on several frames at once', () => {
    expect(() => buildDetector(config({ detector: { ...detector, data_preprocessor: preprocessor } }))).toThrow(
      /model\.detector another.*Remove one/,
    );
    const model = buildDetector(config({ type: 'OCSORT', tracker: { type: 'OCSORTTracker' } }));
    model.train();
    expect(() => model.preprocess([sample()])).toThrow(/use_det_processor/);
    model.dispose();
  });
});
