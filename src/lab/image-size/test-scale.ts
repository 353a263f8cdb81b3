// The scale of a config's test images: that of the first resize of its test pipeline.

import { type ConfigObject, type ConfigValue, isObject } from '../../config';
import { valueAt } from '../config-access';
import { isPair, type Scale } from './size-scaling';

const PIPELINES = ['test_dataloader.dataset.pipeline', 'val_dataloader.dataset.pipeline', 'test_pipeline'];

/** [width, height], or undefined where no test image is resized. */
export function testScale(config: ConfigObject): Scale | undefined {
  for (const path of PIPELINES) {
    const scale = scaleIn(valueAt(config, path));
    if (scale) return scale;
  }
  return undefined;
}

/** Also of transforms within transforms (ProposalBroadcaster). */
function scaleIn(steps: ConfigValue | undefined): Scale | undefined {
  if (Array.isArray(steps)) return steps.map(scaleIn).find((scale) => scale !== undefined);
  if (!isObject(steps)) return undefined;
  const { type, scale, transforms } = steps;
  if (String(type).endsWith('Resize')) {
    if (isPair(scale)) return [scale[0], scale[1]];
    if (typeof scale === 'number') return [scale, scale];
  }
  return scaleIn(transforms);
}
