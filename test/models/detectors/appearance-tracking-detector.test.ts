// MaskTrackRCNN and QDTrack against MMDetection's, whole: parameters, losses, gradients, and what is tracked in a video.

import { beforeAll, describe, expect, it } from 'vitest';
import type { PackedSample } from '../../../src/data/types';
import { startEngine } from '../../../src/engine';
import { buildDetector } from '../../../src/models/build';
import { Random } from '../../../src/random';
import { goldenJson } from '../../golden-data';
import { checkVideoModel, type VideoModels } from './check-video-model';

beforeAll(async () => void (await startEngine()));

describe('MaskTrackRCNN', () => {
  it("equals MMDetection's", () => checkVideoModel(goldenJson<VideoModels>('zoo_masktrack_rcnn'), 'r18'));
});

describe('QDTrack', () => {
  it("equals MMDetection's", () => checkVideoModel(goldenJson<VideoModels>('zoo_qdtrack'), 'r18'));
});

it('refuses detectors of one stage, heads without vectors, images in place of pairs, and clips of another length', () => {
  const { config } = goldenJson<VideoModels>('zoo_qdtrack').models.r18;
  const retina = {
    type: 'RetinaNet',
    backbone: { type: 'ResNet', depth: 18, base_channels: 8 },
    neck: { type: 'FPN', out_channels: 16, num_outs: 5 },
    bbox_head: { type: 'RetinaHead', num_classes: 1, feat_channels: 8, stacked_convs: 1 },
  };
  expect(() => buildDetector({ ...config, detector: retina })).toThrow(/two-stage detector, such as FasterRCNN/);
  const model = buildDetector({ ...config, freeze_detector: true });
  model.train();
  expect(model.trainable().every(([name]) => name.startsWith('track_head.'))).toBe(true);
  const image = { data: new Uint8Array(32 * 32 * 3), width: 32, height: 32, order: 'bgr' as const };
  const meta = { imgPath: 'a.jpg', imgShape: [32, 32], oriShape: [32, 32], scaleFactor: [1, 1] };
  const sample = {
    image,
    meta,
    truths: { bboxes: new Float32Array(0), labels: new Int32Array(0), ignored: new Uint8Array(0) },
  };
  const frame = sample as unknown as PackedSample;
  expect(() => model.preprocess([frame])).toThrow(/"a.jpg" alone.*UniformRefFrameSample/);
  const batch = model.preprocess([{ ...frame, clip: { others: [frame, frame], before: 1 } }]);
  expect(batch.clips).toEqual({ length: 3, keys: [1] });
  expect(() => model.loss(batch, { random: Random.seeded(0), epoch: 0, iteration: 0 })).toThrow(/num_ref_imgs: 1/);
  batch.inputs.dispose();
  model.dispose();
});
