// The class of every pixel, where an image is divided into segments: annotated ones, with a map of their ids, or those of a model.

import type { IdMap } from './panoptic-png';
import type { PanopticSegment, PanopticTruths } from './panoptic-segments';
import { foreground } from './rle';
import type { SemanticMap } from './semantic-map';

const IGNORED = 255;

/** The class of a pixel of no annotated segment is 255. */
export function semanticOfIds({ data, width, height }: IdMap, { ids, labels }: PanopticTruths): SemanticMap {
  const labelOf = new Map(Array.from(ids, (id, i) => [id, labels[i]]));
  // the class 255 is that of no pixel
  const wide = labels.some((label) => label >= IGNORED);
  const out = wide ? new Uint16Array(data.length) : new Uint8Array(data.length);
  let last: { id: number; label: number } = { id: -1, label: IGNORED };
  for (let i = 0; i < data.length; i++) {
    if (data[i] !== last.id) last = { id: data[i], label: labelOf.get(data[i]) ?? IGNORED };
    out[i] = last.label;
  }
  return { data: out, width, height };
}

/** @param none what pixels of no segment are */
export function semanticOfSegments(
  segments: readonly PanopticSegment[],
  { width, height }: { width: number; height: number },
  none: number,
): SemanticMap {
  const data = new Uint16Array(width * height).fill(none);
  for (const { label, mask } of segments)
    for (const [from, to] of foreground(mask))
      for (let p = from; p < to; p++) data[(p % height) * width + Math.floor(p / height)] = label;
  return { data, width, height };
}
