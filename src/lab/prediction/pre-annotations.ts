// ImagePredictions as annotations for a person to correct: YOLO's text files and labelme's JSON files.

import path from 'node:path';
import sharp from 'sharp';
import { rotatedCorners } from '../../geometry/rotated-boxes';
import type { Rle } from '../../masks';
import { maskOutline } from '../../visualization/mask-outline';
import { stemOf } from './file-names';
import type { ImagePredictions, Prediction } from './image-predictions';

/**
 * A line `class center-x center-y width height` for each box, in shares of the image's size; of rotated boxes a line `class x1 y1 .. x4 y4`
 * of their corners, as YOLO OBB has it. Readers take nothing beyond an image. An empty text for no boxes.
 */
export function yoloLabels({ width, height, classes }: ImagePredictions, boxes: readonly Prediction[]): string {
  const share = (value: number) => Number(value.toFixed(6));
  return boxes
    .map(({ label, bbox, rbox }) => {
      const [x1, y1, x2, y2] = clipped(bbox, width, height);
      const corners = rbox && cornerPoints(rbox).flatMap(([x, y]) => [x / width, y / height]);
      const numbers = corners
        ? corners.map((v) => Math.min(1, Math.max(0, v)))
        : [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height];
      return `${classes.indexOf(label)} ${numbers.map(share).join(' ')}\n`;
    })
    .join('');
}

function clipped([x1, y1, x2, y2]: Prediction['bbox'], width: number, height: number): number[] {
  const within = (v: number, end: number) => Math.min(end, Math.max(0, v));
  return [within(x1, width), within(y1, height), within(x2, width), within(y2, height)];
}

/** Of the labelme whose files these are. */
const LABELME_VERSION = '5.5.0';

/**
 * The file of one image. A mask is the polygons of its parts, which share a group; scores are descriptions.
 *
 * @param folder of the file: the image is named relative to it, or is in the file where it has no file of its own
 */
export async function labelmeFile(
  predictions: ImagePredictions,
  boxes: readonly Prediction[],
  folder: string,
): Promise<object> {
  const { width, height, source } = predictions;
  const { file } = predictions.from;
  const imagePath =
    file === undefined ? `${stemOf(source)}.png` : path.relative(folder, file).split(path.sep).join('/');
  const imageData = file === undefined ? (await pngOf(predictions)).toString('base64') : null;
  const shapes = boxes.flatMap(({ label, score, bbox, rbox, mask }, i) => {
    const parts = mask ? maskPolygons(mask) : rbox ? [cornerPoints(rbox)] : [];
    const [x1, y1, x2, y2] = clipped(bbox, width, height);
    const shape = (points: number[][], type: string, group: number | null) => ({
      label,
      points,
      group_id: group,
      description: `score ${score.toFixed(3)}`,
      shape_type: type,
      flags: {},
      mask: null,
    });
    const corners = [
      [x1, y1],
      [x2, y2],
    ];
    if (parts.length === 0) return [shape(corners, 'rectangle', null)];
    return parts.map((points) => shape(points, 'polygon', parts.length > 1 ? i : null));
  });
  return { version: LABELME_VERSION, flags: {}, shapes, imagePath, imageData, imageHeight: height, imageWidth: width };
}

/** The corners of a rotated box. */
const cornerPoints = (rbox: readonly number[]): number[][] => {
  const corners = rotatedCorners(Float32Array.from(rbox));
  return [0, 2, 4, 6].map((i) => [corners[i], corners[i + 1]]);
};

/** The outer outlines of a mask; labelme's polygons have no holes. */
export function maskPolygons(mask: Rle): number[][][] {
  const loops = maskOutline(mask)
    .split('z')
    .filter((loop) => loop !== '')
    .map((loop) =>
      loop
        .slice(1)
        .split('L')
        .map((point) => point.split(' ').map(Number)),
    );
  // the foreground is on the right-hand side of an edge: holes turn the other way
  return loops.filter((points) => signedArea(points) > 0);
}

function signedArea(points: readonly number[][]): number {
  let sum = 0;
  for (const [i, [x, y]] of points.entries()) {
    const [nextX, nextY] = points[(i + 1) % points.length];
    sum += x * nextY - nextX * y;
  }
  return sum / 2;
}

/** The image as a PNG. */
export async function pngOf(predictions: ImagePredictions): Promise<Buffer> {
  const { data, width, height, order } = await predictions.pixels();
  const rgb = order === 'rgb' ? data : Uint8Array.from(data, (_, i) => data[i - (i % 3) + 2 - (i % 3)]);
  return sharp(rgb, { raw: { width, height, channels: 3 }, limitInputPixels: false })
    .png()
    .toBuffer();
}
