// Selects and concatenates ground truth; nothing is changed in place.

import { takeBoxes } from '../../geometry/boxes';
import { concatMasks, takeMasks } from '../../masks';
import type { Truths } from '../types';

/** The ground truth at indices `kept`, masks included. */
export function takeTruths({ bboxes, labels, ignored, masks }: Truths, kept: readonly number[]): Truths {
  const taken: Truths = {
    bboxes: takeBoxes(bboxes, kept),
    labels: Int32Array.from(kept, (i) => labels[i]),
    ignored: Uint8Array.from(kept, (i) => ignored[i]),
  };
  if (masks) taken.masks = takeMasks(masks, kept);
  return taken;
}

/** Ground truth of several images in one frame, concatenated; masks only if every part has them. */
export function concatTruths(parts: readonly Truths[]): Truths {
  const joined: Truths = {
    bboxes: Float32Array.from(parts.flatMap((p) => [...p.bboxes])),
    labels: Int32Array.from(parts.flatMap((p) => [...p.labels])),
    ignored: Uint8Array.from(parts.flatMap((p) => [...p.ignored])),
  };
  const masks = parts.map((p) => p.masks).filter((m) => m !== undefined);
  if (parts.length > 0 && masks.length === parts.length) joined.masks = concatMasks(masks);
  return joined;
}
