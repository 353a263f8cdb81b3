// MaskTrackRCNN and QDTrack against MMDetection's, whole: parameters, losses, gradients, and what is tracked in a video.

import { beforeAll, describe, it } from 'vitest';
import { startEngine } from '../../../src/engine';
import { goldenJson } from '../../golden-data';
import { checkVideoModel, type VideoModels } from './check-video-model';

beforeAll(async () => void (await startEngine()));

describe('MaskTrackRCNN', () => {
  it("equals MMDetection's", () => checkVideoModel(goldenJson<VideoModels>('zoo_masktrack_rcnn'), 'r18'));
});

describe('QDTrack', () => {
  it("equals MMDetection's", () => checkVideoModel(goldenJson<VideoModels>('zoo_qdtrack'), 'r18'));
});
