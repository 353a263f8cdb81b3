// What the boxes of a whole COCO file have in common when they are written in another convention: fractions of the image
// size, or two corners. Said, never acted on.

import type { CocoAnnotation, Xywh } from './annotation';
import type { Key } from './fields';
import { excess } from './ground-truth';
import type { CocoImage } from './images';
import type { CocoReport } from './report';

/** Share of the boxes that must extend beyond their images to suspect corners. */
const SHARE = 0.2;

const isFraction = ([x, y, w, h]: Xywh): boolean =>
  x >= 0 && y >= 0 && w > 0 && h > 0 && w <= 1 && h <= 1 && x <= 1 && y <= 1;

/** Notes boxes that look like fractions of the image size, or like [x1, y1, x2, y2]. */
export function noteGeometry(
  byImage: ReadonlyMap<Key, readonly CocoAnnotation[]>,
  images: ReadonlyMap<Key, CocoImage>,
  report: CocoReport,
): void {
  let [count, fractions, beyond, corners] = [0, 0, 0, 0];
  for (const [key, annotations] of byImage) {
    const size = images.get(key)?.size;
    for (const { bbox } of annotations) {
      count++;
      if (isFraction(bbox)) fractions++;
      if (!size) continue;
      const [x1, y1, x2, y2] = bbox;
      if (excess(bbox, size) > 1) beyond++;
      if (x2 > x1 && y2 > y1 && x2 <= size.width && y2 <= size.height) corners++;
    }
  }
  if (count > 0 && fractions === count)
    report.notice(
      'all boxes are at most 1 wide and high, so they may be fractions of the image size. ' +
        "COCO's boxes are in pixels: multiply them with width and height",
    );
  else if (beyond > 1 && beyond > SHARE * count && corners === count)
    report.notice(
      `${beyond} of ${count} boxes extend beyond their images, and all could be corners [x1, y1, x2, y2]. ` +
        "COCO's boxes are [x, y, width, height]",
    );
}
