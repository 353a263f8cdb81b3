// Images, their objects and the compressed masks that were found in them, in columns of shared memory: what several threads match
// without copies.

import type { Segmentation } from '../../masks';
import { CompressedRle } from '../../masks/compressed-rle';
import { polygonsToRle } from '../../masks/instance-masks';
import { boxToRle } from '../../masks/polygon-rle';
import type { Rle } from '../../masks/rle';
import type { ImageTruths } from '../image-truths';
import type { BoxDetections } from '../report';

export interface FoundInImage {
  truths: ImageTruths;
  detections: BoxDetections;
}

export interface PackedImages {
  count: number;
  ids: Float64Array;
  /** 1: is matched by the thread that has the image, because its objects are not in the columns. */
  apart: Uint8Array;
  /** Of image i, detections [starts[i], starts[i + 1]). */
  starts: Int32Array;
  scores: Float64Array;
  labels: Int32Array;
  /** [detections, 2]: height and width of each mask. */
  sizes: Int32Array;
  /** [detections, 2]: the characters of each mask among `texts`. */
  spans: Uint32Array;
  texts: Uint8Array;
  /** Of image i, objects [objectStarts[i], objectStarts[i + 1]). */
  objectStarts: Int32Array;
  objectLabels: Int32Array;
  boxes: Float64Array;
  areas: Float64Array;
  ignored: Uint8Array;
  /**
   * Of object g, numbers [outlineStarts[g], outlineStarts[g + 1]): of run lengths -1, height, width and the runs; of polygons their
   * number, then each with the number of its coordinates in front; nothing: it has a box alone.
   */
  outlines: Float64Array;
  outlineStarts: Int32Array;
}

type Constructor<A> = { readonly BYTES_PER_ELEMENT: number; new (buffer: SharedArrayBuffer): A };

export const shared = <A>(Column: Constructor<A>, length: number): A =>
  new Column(new SharedArrayBuffer(length * Column.BYTES_PER_ELEMENT));

/**
 * The bytes that all masks of some images are read from; undefined where they have no such bytes in common.
 * @returns them, and how many the masks take
 */
export function commonTexts(
  images: readonly Pick<FoundInImage, 'detections'>[],
): { texts: Uint8Array; length: number } | undefined {
  let texts: Uint8Array | undefined;
  let length = 0;
  for (const { detections } of images) {
    const { areas, masks, scores } = detections;
    if (areas || (masks?.length ?? 0) !== scores.length) return undefined;
    for (const mask of masks ?? []) {
      if (!(mask instanceof CompressedRle)) return undefined;
      texts ??= mask.bytes;
      if (texts !== mask.bytes) return undefined;
      length += mask.maxLength;
    }
  }
  return texts?.buffer instanceof SharedArrayBuffer ? { texts, length } : undefined;
}

/** @param texts those of `commonTexts` */
export function packImages(images: readonly FoundInImage[], texts: Uint8Array): PackedImages {
  const count = images.length;
  const [starts, objectStarts] = [shared(Int32Array, count + 1), shared(Int32Array, count + 1)];
  for (const [i, { truths, detections }] of images.entries()) {
    starts[i + 1] = starts[i] + detections.scores.length;
    objectStarts[i + 1] = objectStarts[i] + truths.labels.length;
  }
  const [detections, objects] = [starts[count], objectStarts[count]];
  const columns = {
    count,
    ids: Float64Array.from(images, ({ truths }) => truths.imageId),
    apart: shared(Uint8Array, count),
    starts,
    scores: shared(Float64Array, detections),
    labels: shared(Int32Array, detections),
    sizes: shared(Int32Array, 2 * detections),
    spans: shared(Uint32Array, 2 * detections),
    texts: new Uint8Array(texts.buffer, texts.byteOffset, texts.length),
    objectStarts,
    objectLabels: shared(Int32Array, objects),
    boxes: shared(Float64Array, 4 * objects),
    areas: shared(Float64Array, objects),
    ignored: shared(Uint8Array, objects),
  };
  const outlines: (Segmentation | Rle | undefined)[] = [];
  for (const [i, { truths, detections: found }] of images.entries()) {
    packDetections(columns, starts[i], found);
    const first = objectStarts[i];
    columns.objectLabels.set(truths.labels, first);
    columns.boxes.set(truths.boxes, 4 * first);
    columns.areas.set(truths.areas, first);
    columns.ignored.set(truths.ignored, first);
    const own = outlinesOf(truths);
    if (!own) columns.apart[i] = 1;
    for (let g = 0; g < truths.labels.length; g++) outlines.push(own?.[g]);
  }
  return { ...columns, ...packOutlines(outlines) };
}

function packDetections(
  columns: Pick<PackedImages, 'scores' | 'labels' | 'sizes' | 'spans'>,
  first: number,
  { scores, labels, masks }: BoxDetections,
): void {
  columns.scores.set(scores, first);
  columns.labels.set(labels, first);
  const { sizes, spans } = columns;
  for (let d = 0, at = 2 * first; d < scores.length; d++, at += 2) {
    const { height, width, from, to } = masks![d] as CompressedRle;
    sizes[at] = height;
    sizes[at + 1] = width;
    spans[at] = from;
    spans[at + 1] = to;
  }
}

/** Polygons, or masks of run lengths; undefined where the image has no outlines, or one that cannot be read. */
function outlinesOf({ outline, mask, labels }: ImageTruths): (Segmentation | Rle | undefined)[] | undefined {
  if (labels.length > 0 && (!outline || !mask)) return undefined;
  try {
    return Array.from(labels, (_, g) => {
      const own = outline!(g);
      return own && !Array.isArray(own) ? mask!(g) : own;
    });
  } catch {
    return undefined; // the thread that has the image says why, if the object is met at all
  }
}

function packOutlines(
  list: readonly (Segmentation | Rle | undefined)[],
): Pick<PackedImages, 'outlines' | 'outlineStarts'> {
  const outlineStarts = shared(Int32Array, list.length + 1);
  for (const [g, outline] of list.entries()) {
    let length = 0;
    if (Array.isArray(outline)) for (const part of outline) length += 1 + part.length;
    else if (outline) length = 2 + outline.counts.length;
    outlineStarts[g + 1] = outlineStarts[g] + length + (outline ? 1 : 0);
  }
  const outlines = shared(Float64Array, outlineStarts[list.length]);
  for (const [g, outline] of list.entries()) {
    let at = outlineStarts[g];
    if (Array.isArray(outline)) {
      outlines[at++] = outline.length;
      for (const part of outline) {
        outlines[at++] = part.length;
        outlines.set(part, at);
        at += part.length;
      }
    } else if (outline) {
      const { height, width, counts } = outline as Rle;
      outlines.set([-1, height, width], at);
      outlines.set(counts, at + 3);
    }
  }
  return { outlines, outlineStarts };
}

/** Image i as it was packed. */
export function imageAt(packed: PackedImages, i: number): FoundInImage {
  const { boxes, starts, objectStarts, texts, sizes, spans } = packed;
  const [first, end] = [starts[i], starts[i + 1]];
  const [firstObject, lastObject] = [objectStarts[i], objectStarts[i + 1]];
  const masks = Array.from({ length: end - first }, (_, d) => {
    const at = 2 * (first + d);
    return new CompressedRle(sizes[at], sizes[at + 1], texts, spans[at], spans[at + 1]);
  });
  return {
    detections: {
      bboxes: [],
      scores: packed.scores.subarray(first, end),
      labels: packed.labels.subarray(first, end),
      masks,
    },
    truths: {
      imageId: packed.ids[i],
      boxes: boxes.subarray(4 * firstObject, 4 * lastObject),
      labels: packed.objectLabels.subarray(firstObject, lastObject),
      areas: packed.areas.subarray(firstObject, lastObject),
      ignored: packed.ignored.subarray(firstObject, lastObject),
      mask: (g, frame) => maskAt(packed, firstObject + g, frame!),
    },
  };
}

function maskAt(packed: PackedImages, object: number, { height, width }: { height: number; width: number }): Rle {
  const { boxes, outlines, outlineStarts } = packed;
  const [from, to] = [outlineStarts[object], outlineStarts[object + 1]];
  if (from === to) return boxToRle(Array.from(boxes.subarray(4 * object, 4 * object + 4)), height, width);
  const parts = outlines[from];
  if (parts < 0)
    return {
      height: outlines[from + 1],
      width: outlines[from + 2],
      counts: Uint32Array.from(outlines.subarray(from + 3, to)),
    };
  const polygons: Float64Array[] = [];
  for (let at = from + 1; at < to; at += 1 + outlines[at])
    polygons.push(outlines.subarray(at + 1, at + 1 + outlines[at]));
  return polygonsToRle(polygons, height, width);
}
