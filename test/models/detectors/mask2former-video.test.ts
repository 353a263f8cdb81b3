// Mask2FormerVideo against MMDetection's, whole: parameters, losses, gradients, and the objects of a video.

import { beforeAll, it } from 'vitest';
import { startEngine } from '../../../src/engine';
import { goldenJson } from '../../golden-data';
import { checkVideoModel, type VideoModels } from './check-video-model';

beforeAll(async () => void (await startEngine()));

const golden = goldenJson<VideoModels>('zoo_mask2former_video');

it("equals MMDetection's", () => checkVideoModel(golden, 'r18'));
