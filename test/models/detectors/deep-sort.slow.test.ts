// SORT, StrongSORT, ByteTrack and OC-SORT as whole models against MMDetection's.

import { beforeAll, describe, it } from 'vitest';
import { startEngine } from '../../../src/engine';
import { checkTrackingModel, trackingModels } from './check-tracking-model';

beforeAll(async () => void (await startEngine()));

describe('models that track', () => {
  const others = Object.keys(trackingModels()).filter((name) => name !== 'deepsort');
  it.each(others)("%s equals MMDetection's", (name) => checkTrackingModel(name));
});
