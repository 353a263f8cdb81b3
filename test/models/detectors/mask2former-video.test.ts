// Mask2FormerVideo against MMDetection's, whole: parameters, losses, gradients, and the objects of a video.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { fitNames } from '../../../src/checkpoints/rename';
import { startEngine } from '../../../src/engine';
import { buildDetector } from '../../../src/models/build';
import type { Mask2FormerVideo } from '../../../src/models/detectors';
import { goldenJson } from '../../golden-data';
import { checkVideoModel, type VideoModels } from './check-video-model';

beforeAll(async () => void (await startEngine()));

const golden = goldenJson<VideoModels>('zoo_mask2former_video');

it("equals MMDetection's", () => checkVideoModel(golden, 'r18'));

it('starts from Mask2Former of images', () => {
  const model = buildDetector(golden.models.r18.config);
  const known = new Set([...model.named()].map(([name]) => name));
  const of = (name: string) => ({ shape: [1], dtype: 'float32' as const, bytes: new Uint8Array(4), name });
  const image = [...known].map((name) => [name.replace('track_head', 'panoptic_head'), of(name)] as const);
  const { tensors } = fitNames(new Map(image) as never, known, []);
  expect([...tensors.keys()].sort()).toEqual([...known].sort());
  model.dispose();
});

it('refuses clips of another length than num_frames, and an encoding of images', () => {
  const { config } = golden.models.r18;
  const head = config.track_head as object;
  const three = buildDetector({ ...config, track_head: { ...head, num_frames: 3 } });
  const levels = [1, 2, 4, 8].map((s, i) => tf.zeros([2, 24 / s, 32 / s, 8 * 2 ** i]) as tf.Tensor4D);
  const batch = { clips: { length: 2, keys: [0] }, samples: [], batchShape: [96, 128] } as never;
  expect(() => tf.tidy(() => void (three as Mask2FormerVideo).trackHead.forward(levels, batch))).toThrow(
    /num_frames is 3, but clips have 2 frames. Set num_ref_imgs .* to 2/,
  );
  tf.dispose(levels);
  three.dispose();
  const positional_encoding = { type: 'SinePositionalEncoding', num_feats: 8 };
  expect(() => buildDetector({ ...config, track_head: { ...head, positional_encoding } })).toThrow(
    /must be a SinePositionalEncoding3D/,
  );
});
