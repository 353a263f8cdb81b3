// A small whole model of videos against MMDetection's (generate/zoo_videos.py): parameters, losses and gradients of two clips, and what
// is found and tracked in the frames of a video.

import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import type { Detections, PackedSample } from '../../../src/data/types';
import { countsFromString, decodeRle, polygonsToRle } from '../../../src/masks';
import { buildDetector } from '../../../src/models/build';
import { torchShape } from '../../../src/nn';
import { fillByFormula, image } from '../../golden-data';
import { checkTraining } from './check-small-model';

interface Frame {
  roll: number;
  bboxes: number[][];
  labels: number[];
  ids: number[];
}
interface Found {
  bboxes: number[][];
  scores: number[];
  labels: number[];
  ids: number[];
  masks?: string[];
  mask_size?: [number, number];
}
interface Expected {
  config: ModuleConfig;
  extra_rules: [string, number][];
  /** The class of all boxes, in place of the file's. */
  label: number | null;
  params: [string, number[]][];
  losses: Record<string, number>;
  grad_norms: Record<string, number>;
  detections: Found[];
}
export interface VideoModels {
  clips: { turned: boolean; key: number; frames: Frame[] }[];
  outlines: number[][][][];
  /** How far each frame of the video is rolled. */
  video: number[];
  models: Record<string, Expected>;
}
const [H, W] = [96, 128];

/** The formula image or the same upside down, rolled to the right, and half as far down. */
function pixels(turned: boolean, roll: number): Uint8Array {
  const data = image(H, W);
  const rolled = new Uint8Array(data.length);
  for (let y = 0; y < H; y++)
    for (let x = 0; x < W; x++) {
      const from = ((turned ? H - 1 - y : y) * W + x) * 3;
      const to = (((y + (roll >> 1)) % H) * W + ((x + roll) % W)) * 3;
      rolled.set(data.subarray(from, from + 3), to);
    }
  return rolled;
}

function sample(frame: Frame, turned: boolean, outlines: number[][], i: number, label: number | null): PackedSample {
  return {
    image: { data: pixels(turned, frame.roll), width: W, height: H, order: 'bgr' },
    meta: {
      imgId: i,
      imgPath: `frame ${i}`,
      oriShape: [2 * H, W],
      imgShape: [H, W],
      scaleFactor: [1, 0.5],
      flip: false,
    },
    truths: {
      bboxes: Float32Array.from(frame.bboxes.flat()),
      labels: Int32Array.from(frame.labels, (one) => label ?? one),
      ignored: new Uint8Array(frame.labels.length),
      masks: { kind: 'bitmap', height: H, width: W, masks: outlines.map((outline) => polygonsToRle([outline], H, W)) },
      instanceIds: Int32Array.from(frame.ids),
    },
  };
}

export function checkVideoModel(golden: VideoModels, name: string): void {
  const expected = golden.models[name];
  const model = buildDetector(expected.config);
  expect([...model.named()].map(([key, p]) => [key, torchShape(p)])).toEqual(expected.params);
  fillByFormula(model, '', expected.extra_rules);
  model.train();
  const clips = golden.clips.map(({ turned, key, frames }, c): PackedSample => {
    const all = frames.map((frame, i) => sample(frame, turned, golden.outlines[c][i], i, expected.label));
    const [own] = all.splice(key, 1);
    return { ...own, clip: { others: all, before: key } };
  });
  const batch = model.preprocess(clips);
  expect(batch.inputs.shape).toEqual([4, H, W, 3]);
  checkTraining(model, batch, expected);
  batch.inputs.dispose();
  model.eval();
  const none = { bboxes: [], labels: [], ids: [] };
  const frames = golden.video.map((roll, i) => sample({ roll, ...none }, false, [], i, null));
  const video = model.preprocess(frames);
  let found: Detections[] = [];
  tf.tidy(() => {
    found = model.predict(video);
  });
  const tracker = model.tracker?.();
  for (const [f, wanted] of expected.detections.entries())
    checkFrame(tracker ? tracker.track(found[f]) : found[f], wanted, `frame ${f}`);
  video.inputs.dispose();
  model.dispose();
}

/** In any order: neighbours in score may change places where they differ by rounding alone. */
function checkFrame(own: Detections, given: Found, frame: string): void {
  // what the reference gives one id, it means the last of; what has no pixels it finds nowhere
  const empty = (i: number) => given.masks !== undefined && given.bboxes[i].every((v) => v === 0);
  const kept = [...given.ids.keys()].filter((i) => !given.ids.includes(given.ids[i], i + 1) && !empty(i));
  expect(own.scores.length, frame).toBe(kept.length);
  for (let k = 0; k < own.scores.length; k++) {
    const box = own.bboxes.subarray(4 * k, 4 * k + 4);
    const match = kept.find(
      (j) =>
        given.ids[j] === own.instanceIds![k] &&
        given.labels[j] === own.labels[k] &&
        Math.abs(given.scores[j] - own.scores[k]) < 1e-4 &&
        given.bboxes[j].every((v, c) => Math.abs(v - box[c]) < 5e-3),
    );
    expect(match, `${frame}: ${own.instanceIds![k]} ${own.labels[k]} ${own.scores[k]} ${[...box]}`).toBeDefined();
    if (!given.masks) continue;
    const [height, width] = given.mask_size!;
    const mask = own.masks![k];
    expect([mask.height, mask.width]).toEqual(given.mask_size);
    const wanted = decodeRle({ height, width, counts: countsFromString(given.masks[match!]) });
    const differing = decodeRle(mask).reduce((n, v, p) => n + (v === wanted[p] ? 0 : 1), 0);
    // a pixel whose probability is one half but for rounding
    expect(differing, `${frame}, mask of ${own.instanceIds![k]}`).toBeLessThanOrEqual(2);
  }
}
