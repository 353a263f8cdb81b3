// Images with boxes as CSV, a row for each box, and as JSON; numbers in full precision.

import type { LiveImage } from './live-image';
import { csvText } from './savable';

export function boxesCsv(images: readonly LiveImage[], classes: readonly string[]): string {
  const isTracked = images.some(({ boxes }) => boxes.some(({ id }) => id !== undefined));
  const isRotated = images.some(({ boxes }) => boxes.some(({ rbox }) => rbox));
  const columns = ['image', 'class', 'score', 'x1', 'y1', 'x2', 'y2', 'state', 'iou', 'met'];
  return csvText(
    [...columns, ...(isTracked ? ['id'] : []), ...(isRotated ? ['cx', 'cy', 'width', 'height', 'angle'] : [])],
    images.flatMap(({ source, boxes }) =>
      boxes.map(({ bbox, rbox, label, score, state, iou, met, id }) => [
        source,
        classes[label] ?? label,
        score ?? '',
        ...bbox,
        state ?? '',
        iou ?? '',
        met ?? '',
        ...(isTracked ? [id ?? ''] : []),
        ...(isRotated ? (rbox ?? ['', '', '', '', '']) : []),
      ]),
    ),
  );
}

/** Masks are uncompressed run lengths as in COCO's files: { size: [height, width], counts }. */
export function boxesJson(images: readonly LiveImage[], classes: readonly string[]): object {
  return {
    classes,
    images: images.map(({ source, width, height, caption, values, boxes }) => ({
      source,
      width,
      height,
      ...(caption === undefined ? {} : { caption }),
      ...(values === undefined ? {} : { values }),
      boxes: boxes.map(({ label, mask, ...box }) => ({
        class: classes[label] ?? label,
        ...box,
        ...(mask ? { mask: { size: [mask.height, mask.width], counts: [...mask.counts] } } : {}),
      })),
    })),
  };
}
