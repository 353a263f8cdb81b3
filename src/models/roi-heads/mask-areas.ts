// Which share of an object's mask is inside each box.

import { cropRle, type InstanceMasks, rleArea, toRles } from '../../masks';

/** The boxes' corners are cut down to whole pixels, and a box has at least one; polygons are counted in pixels. */
export function sharesInside(masks: InstanceMasks, boxes: Float32Array, objects: Int32Array): Float32Array {
  const { height, width } = masks;
  const rles = toRles(masks);
  const areas = rles.map(rleArea);
  return Float32Array.from(objects, (object, i) => {
    const [x1, y1, x2, y2] = boxes
      .subarray(4 * i, 4 * i + 4)
      .map((v, k) => Math.min(Math.max(Math.trunc(v), 0), k % 2 === 0 ? width : height));
    const window = { left: x1, top: y1, width: Math.max(x2 - x1, 1), height: Math.max(y2 - y1, 1) };
    return rleArea(cropRle(rles[object], window)) / (areas[object] + 1e-7);
  });
}
