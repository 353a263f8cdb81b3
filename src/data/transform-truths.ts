// Ground truth of an image selected and joined; nothing is changed in place.

import { takeBoxes } from '../geometry/boxes';
import { joinMasks, takeMasks } from '../masks';
import type { Truths } from './types';

/** The truths at `kept`, with their masks. */
export function takeTruths({ bboxes, labels, ignored, masks }: Truths, kept: readonly number[]): Truths {
  const taken: Truths = {
    bboxes: takeBoxes(bboxes, kept),
    labels: Int32Array.from(kept, (i) => labels[i]),
    ignored: Uint8Array.from(kept, (i) => ignored[i]),
  };
  if (masks) taken.masks = takeMasks(masks, kept);
  return taken;
}

/** Truths of several images in one frame, one after the other. Masks join where all have them. */
export function joinTruths(parts: readonly Truths[]): Truths {
  const joined: Truths = {
    bboxes: Float32Array.from(parts.flatMap((p) => [...p.bboxes])),
    labels: Int32Array.from(parts.flatMap((p) => [...p.labels])),
    ignored: Uint8Array.from(parts.flatMap((p) => [...p.ignored])),
  };
  const masks = parts.map((p) => p.masks).filter((m) => m !== undefined);
  if (parts.length > 0 && masks.length === parts.length) joined.masks = joinMasks(masks);
  return joined;
}
