// DeepSORT against MMDetection's, and what it refuses.

import { beforeAll, describe, expect, it } from 'vitest';
import { startEngine } from '../../../src/engine';
import { buildDetector } from '../../../src/models/build';
import { checkTrackingModel, frame, trackingModels } from './check-tracking-model';

beforeAll(async () => void (await startEngine()));

describe('DeepSORT', () => {
  const golden = trackingModels();
  const { config } = golden.deepsort;

  it("equals MMDetection's", () => checkTrackingModel('deepsort'));

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
