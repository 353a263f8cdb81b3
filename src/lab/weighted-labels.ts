// Labels whose losses have a weight each (pseudo-labels by score): which models can be trained on them. A head or loss that would not
// read the weights is refused by name, since it would train as if there were none.

import { type ConfigObject, type ConfigValue, isObject } from '../config';
import type { Dataset } from '../data';
import { DetLabError } from '../errors';
import { detectorPath, objectAt, valueAt } from './config-access';

/** Where the losses of boxes are, and which types there read the weights. */
const READERS: [path: string, types: readonly string[]][] = [
  ['bbox_head', ['RetinaHead']],
  ['rpn_head', ['RPNHead']],
  ['roi_head', ['StandardRoIHead', 'CascadeRoIHead']],
  ['roi_head.bbox_head', ['Shared2FCBBoxHead', 'Shared4Conv1FCBBoxHead', 'ConvFCBBoxHead', 'BBoxHead']],
];
const LOSSES = {
  loss_cls: ['CrossEntropyLoss', 'FocalLoss'],
  // of each coordinate; losses of overlaps are of whole boxes
  loss_bbox: ['L1Loss', 'SmoothL1Loss', 'BalancedL1Loss'],
} as const;

/**
 * @param config all of it, what was inferred included
 * @throws DetLabError naming the part that does not read weights
 */
export function checkWeightedLabels(config: ConfigObject, { name, records }: Dataset): void {
  if (!records.some(({ truths }) => truths.weights)) return;
  const at = detectorPath(config);
  const model = objectAt(config, at);
  const refuse = (path: string, part: ConfigValue | undefined, expected: readonly string[]): never => {
    const type = isObject(part) ? String(part.type) : 'none';
    throw new DetLabError(
      `Cannot train on the weighted labels of "${name}": ${at}.${path} is ${type}, which does not weigh single boxes; expected ` +
        `${expected.join(', ')}. Use such a model, or labels without weights`,
    );
  };
  let found = 0;
  for (const [path, types] of READERS)
    for (const part of [valueAt(model, path)].flat().filter(isObject)) {
      const type = String(part.type).replace(/^mmdet\./, '');
      if (!types.includes(type)) refuse(path, part, types);
      found++;
      for (const [key, losses] of Object.entries(LOSSES))
        if (
          isObject(part[key]) &&
          !(losses as readonly string[]).includes(String(part[key].type).replace(/^mmdet\./, ''))
        )
          refuse(`${path}.${key}`, part[key], losses);
    }
  for (const path of ['roi_head.mask_head', 'mask_head']) {
    const mask = valueAt(model, path);
    if (isObject(mask)) refuse(path, mask, ['a model without mask_head']);
  }
  if (found === 0) refuse('bbox_head', valueAt(model, 'bbox_head'), ['RetinaHead', 'or a two-stage detector']);
}
