// The ground truth of a window of an image: what MinIoURandomCrop and PPYOLOERandomCrop do with the objects that they keep.

import { clipBoxes, shiftBoxes } from '../../geometry/boxes';
import { cropMasks } from '../../masks';
import { takeInstances } from '../instances';
import type { Window } from '../pixels/pixel-image';
import type { Truths } from '../types';

/** The `kept` objects in the frame of a window; boxes beyond it are cut with `clip`. */
export function croppedTruths(truths: Truths, window: Window, kept: readonly number[], clip = true): Truths {
  const cropped = takeInstances(truths, kept);
  cropped.bboxes = shiftBoxes(cropped.bboxes, -window.left, -window.top);
  if (clip) cropped.bboxes = clipBoxes(cropped.bboxes, [window.height, window.width]);
  if (cropped.masks) cropped.masks = cropMasks(cropped.masks, window);
  return cropped;
}
