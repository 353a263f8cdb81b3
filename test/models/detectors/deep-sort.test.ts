// Whole models that track against MMDetection's, over frames of a texture that moves: SORT, DeepSORT, StrongSORT, ByteTrack, OC-SORT.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import type { Detections, PackedSample } from '../../../src/data/types';
import { startEngine } from '../../../src/engine';
import { buildDetector } from '../../../src/models/build';
import { torchShape } from '../../../src/nn';
import { fillByFormula, goldenJson } from '../../golden-data';

beforeAll(async () => void (await startEngine()));

interface Golden {
  config: ModuleConfig & Record<'tracker' | 'reid', ModuleConfig>;
  extra_rules: [string, number][];
  params: [string, number[]][];
  frames: { bboxes: number[][]; scores: number[]; ids: number[] }[];
}
const golden = goldenJson<Record<string, Golden>>('tracking_models');
const [H, W] = [96, 128];

const texture = (x: number, y: number) =>
  127 +
  40 * Math.sin(0.11 * x + 0.05 * y) +
  30 * Math.sin(0.07 * x - 0.13 * y + 1) +
  25 * Math.cos(0.31 * x) * Math.sin(0.23 * y);

/** The texture moves left and shakes. */
function frame(t: number): PackedSample {
  const data = new Uint8Array(H * W * 3);
  for (let y = 0, at = 0; y < H; y++)
    for (let x = 0; x < W; x++) {
      const [u, v] = [x + 3 * t, y + 2 * (t % 2)];
      for (const value of [texture(u, v), texture(0.7 * v, 0.9 * u), texture(u + 40, 0.6 * v)])
        data[at++] = Math.round(value);
    }
  return {
    image: { data, width: W, height: H, order: 'bgr' },
    meta: {
      imgId: t,
      imgPath: `${t}`,
      oriShape: [2 * H, 2 * W],
      imgShape: [H, W],
      scaleFactor: [0.5, 0.5],
      flip: false,
    },
    truths: { bboxes: new Float32Array(), labels: new Int32Array(), ignored: new Uint8Array() },
  };
}

describe.each(Object.keys(golden))('%s', (name) => {
  it("equals MMDetection's", () => {
    const { config, extra_rules, params, frames } = golden[name];
    const model = buildDetector(config);
    if (params.length > 0) expect([...model.named()].map(([key, p]) => [key, torchShape(p)])).toEqual(params);
    fillByFormula(model, '', extra_rules);
    model.eval();
    const tracker = model.tracker!();
    const tracked = frames.map((_, t) => {
      const batch = model.preprocess([frame(t)]);
      const [found] = tf.tidy(() => model.predict(batch) as never) as Detections[];
      batch.inputs.dispose();
      return tracker.track(found);
    });
    for (const [t, { bboxes, scores, instanceIds }] of (model.linkTracks?.(tracked) ?? tracked).entries()) {
      expect([...instanceIds!], `frame ${t}`).toEqual(frames[t].ids);
      for (const [i, score] of frames[t].scores.entries()) {
        expect(Math.abs(scores[i] - score), `frame ${t}, score ${i}`).toBeLessThan(1e-4);
        for (const [k, v] of frames[t].bboxes[i].entries())
          expect(Math.abs(bboxes[4 * i + k] - v), `frame ${t}, box ${i}`).toBeLessThan(5e-3);
      }
    }
    model.dispose();
  });
});

describe('DeepSORT', () => {
  const { config } = golden.deepsort;

  it('is not trained as a whole', () => {
    const model = buildDetector(config);
    model.train();
    expect(() => model.preprocess([frame(0)])).toThrow(/configs of their own.*init_cfg/);
    model.dispose();
  });

  it('refuses parts that would not be used, and misses those that are needed', () => {
    expect(() => buildDetector({ ...config, reid: undefined } as never)).toThrow(/no reid.*tracker\.reid to null/);
    expect(() => buildDetector({ ...config, tracker: { ...config.tracker, reid: null } })).toThrow(/would not be used/);
    expect(() => buildDetector({ ...config, reid: golden.byte.config })).toThrow(/BaseReID/);
    const reid = { ...config.reid, data_preprocessor: { type: 'mmpretrain.ClsDataPreprocessor', to_rgb: true } };
    expect(() => buildDetector({ ...config, reid })).toThrow(/to_rgb.*img_norm_cfg/);
    expect(() => buildDetector({ ...golden.strongsort.config, tracker: config.tracker })).toThrow(/follow the camera/);
  });
});
