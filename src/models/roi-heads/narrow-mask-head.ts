// Kind `mask_head` holds the mask heads of RoI heads and those of single-stage detectors. An RoI head takes the former.

import type { BuiltOf } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { MaskHead } from './types';

const predictsInRoIs = (head: BuiltOf<'mask_head'>): head is MaskHead =>
  typeof Reflect.get(head, 'classLogits') === 'function';

/** @throws DetLabError for a mask head of a single-stage detector */
export function roiMaskHead(head: BuiltOf<'mask_head'>, { path, type }: { path: string; type: string }): MaskHead {
  if (predictsInRoIs(head)) return head;
  throw new DetLabError(
    `Cannot build the RoI head: ${path} must be a mask head on pooled RoIs, received "${type}", which predicts masks of ` +
      'the whole image. Use one such as FCNMaskHead',
  );
}
