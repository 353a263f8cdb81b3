// Small whole models of two stages against MMDetection's (two_stage_small.json).

import { test } from 'vitest';
import { goldenJson } from '../../golden-data';
import { checkSmallModel, type SmallModels } from './check-small-model';

const golden = goldenJson<SmallModels>('two_stage_small');

/** The models of the file by these names. */
export function testSmallModels(...names: string[]): void {
  test.each(names)('%s: parameters, losses, gradients and detections of a small model', (name) => {
    const { proposals, ...given } = golden;
    checkSmallModel(golden.models[name].config.type === 'FastRCNN' ? golden : given, name);
  });
}
