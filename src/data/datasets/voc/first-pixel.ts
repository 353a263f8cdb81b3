// Whether the coordinates of a VOC folder count pixels from 1, as VOC does, or from 0, as many tools do. The whole folder is
// of one kind, so that its splits agree.

import type { VocAnnotation } from './annotation';
import type { Corners } from './object-box';

export type FirstPixel = 0 | 1;

/** The official datasets count from 1; a few boxes of VOC2012 have fractions all the same. */
export const isOfficial = ({ database }: VocAnnotation) => /^the voc20\d\d database$/i.test(database);

/** Tools that are known to count from 0, by <owner><name>. */
const ZERO_BASED_OWNERS = ['Label Studio', 'DetLab'];

/** Words for what proves that an annotation counts from 0; undefined when nothing does. */
export function zeroBased(annotation: VocAnnotation): string | undefined {
  if (isOfficial(annotation)) return undefined;
  for (const [i, { corners, counts }] of annotation.objects.entries()) {
    const at = corners && counts === 'pixels' ? proofIn(corners) : -1;
    if (corners && at >= 0)
      return `${['xmin', 'ymin', 'xmax', 'ymax'][at]} ${corners[at]} of object ${i + 1} in "${annotation.file}"`;
  }
  const tool = annotation.objects.length > 0 && ZERO_BASED_OWNERS.find((name) => name === annotation.owner);
  return tool ? `"${annotation.file}" was written by ${tool}` : undefined;
}

/** The index of a coordinate that does not count pixels from 1: the pixel 0, or a position between pixels. */
function proofIn(corners: Corners): number {
  const zero = corners.findIndex((value, i) => value === 0 && i < 2);
  return zero >= 0 ? zero : corners.findIndex((value) => !Number.isInteger(value));
}

/**
 * The first annotation that counts from 0, in words. Annotations that are still to be read are asked for only when those at
 * hand prove nothing.
 */
export async function findZeroBased(
  split: readonly VocAnnotation[],
  others: () => Promise<readonly VocAnnotation[]>,
): Promise<string | undefined> {
  const own = split.map(zeroBased).find((proof) => proof !== undefined);
  if (own !== undefined || (split.length > 0 && split.every(isOfficial))) return own;
  return (await others()).map(zeroBased).find((proof) => proof !== undefined);
}

/** Corners in pixels from 0. Counted from 1 they are cut to integers, as by MMDetection. */
export function fromZero(corners: Corners, counts: 'pixels' | 'positions', firstPixel: FirstPixel): Corners {
  if (counts === 'positions' || firstPixel === 0) return corners;
  return corners.map((value) => Math.trunc(value) - 1) as Corners;
}
