// Draws boxes, labels, masks and keypoints on an image. Small images are enlarged so that the labels are legible; a label is above its
// box, or inside or below it where it would leave the image or cover another label.

import type { PixelImage } from '../data/types';
import type { Rle } from '../masks';
import { type Canvas, createCanvas, type SKRSContext2D } from './canvas';
import { paintMask } from './paint-mask';
import { colourOf, inkOn } from './palette';
import type { Stroke } from './pose-strokes';

/** A box to draw, in image pixels. */
export interface DrawnBox {
  /** x1, y1, x2, y2. */
  bbox: readonly [number, number, number, number] | readonly number[];
  /** x, y, x, y, ... of a box that is not upright, drawn in place of `bbox`. */
  corners?: readonly number[];
  /** Determines the colour, unless `color` does. */
  classIndex: number;
  /** #rrggbb. */
  color?: string;
  /** Label text, optional. */
  text?: string;
  /** Dashed: ignore regions. */
  dashed?: boolean;
  /** A thin line. */
  minor?: boolean;
  /** No line: mask and label alone. */
  region?: boolean;
  /** Drawn translucent in the box's colour. */
  mask?: Rle;
  /** Of its keypoints. */
  strokes?: readonly Stroke[];
}

/** A filled circle, in image pixels. */
export interface DrawnPoint {
  x: number;
  y: number;
  radius: number;
  /** #rrggbb. */
  color: string;
  opacity?: number;
}

export const FONT = '"DejaVu Sans", "Segoe UI", "Helvetica Neue", Arial, sans-serif';

/** The image as a canvas of its size. */
export function canvasOf(image: PixelImage): Canvas {
  const canvas = createCanvas(image.width, image.height);
  const context = canvas.getContext('2d');
  const out = context.createImageData(image.width, image.height);
  const [r, b] = image.order === 'rgb' ? [0, 2] : [2, 0];
  for (let i = 0, j = 0; i < image.data.length; i += 3, j += 4) {
    out.data[j] = image.data[i + r];
    out.data[j + 1] = image.data[i + 1];
    out.data[j + 2] = image.data[i + b];
    out.data[j + 3] = 255;
  }
  context.putImageData(out, 0, 0);
  return canvas;
}

/** A rectangle of a context. */
interface Frame {
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Placement {
  x: number;
  y: number;
  scale: number;
  fontSize: number;
  lineWidth: number;
  /** Where lines and labels may be; default: where the image is. */
  frame?: Frame;
  /** Over the boxes. */
  points?: readonly DrawnPoint[];
}

const colorOfBox = ({ color, classIndex }: DrawnBox): string => color ?? colourOf(classIndex);

/** Draws image and boxes into a rectangle of a context. Lines and letters keep their size at any scale. */
export function paintBoxes(
  context: SKRSContext2D,
  image: PixelImage,
  boxes: readonly DrawnBox[],
  { x, y, scale, fontSize, lineWidth, frame, points = [] }: Placement,
): void {
  const place = { x, y, width: image.width * scale, height: image.height * scale };
  context.imageSmoothingQuality = 'high';
  context.drawImage(canvasOf(image), x, y, place.width, place.height);
  const bounds = frame ?? place;
  context.save();
  context.beginPath();
  context.rect(bounds.x, bounds.y, bounds.width, bounds.height);
  context.clip();
  for (const box of boxes) if (box.mask) paintMask(context, box.mask, colorOfBox(box), { x, y, scale });
  const toContext = (points: readonly number[]) => points.map((v, i) => v * scale + (i % 2 === 0 ? x : y));
  const placed = boxes.map(({ bbox }) => toContext(bbox));
  const cornered = boxes.map(({ corners }) => corners && toContext(corners));
  for (const [i, box] of boxes.entries()) {
    if (box.region) continue;
    const [x1, y1, x2, y2] = placed[i];
    // a dark line under the coloured one keeps it visible on any background
    const line = box.minor ? lineWidth / 2 : lineWidth;
    for (const [colour, thickness] of [
      ['rgba(0,0,0,0.45)', box.minor ? 0 : line + 1.5],
      [colorOfBox(box), line],
    ] as const) {
      if (thickness === 0) continue;
      context.strokeStyle = colour;
      context.lineWidth = thickness;
      context.setLineDash(box.dashed ? [lineWidth * 3, lineWidth * 2] : []);
      const corners = cornered[i];
      if (corners) strokePolygon(context, corners);
      else context.strokeRect(x1, y1, x2 - x1, y2 - y1);
    }
  }
  context.setLineDash([]);
  for (const { strokes = [] } of boxes) paintStrokes(context, strokes, { x, y, scale, lineWidth });
  context.font = `600 ${fontSize}px ${FONT}`;
  context.textBaseline = 'middle';
  const occupied: number[][] = [];
  for (const [i, box] of boxes.entries()) {
    if (!box.text) continue;
    const [x1, y1, x2, y2] = placed[i];
    const w = context.measureText(box.text).width + fontSize * 0.6;
    const h = fontSize * 1.35;
    const corners = cornered[i];
    const start = corners ? labelStart(corners, x1, x2, w) : x1 - lineWidth / 2;
    const left = Math.min(Math.max(start, bounds.x), Math.max(bounds.x, bounds.x + bounds.width - w));
    const spots = [y1 - h, y1, y2 - h, y2].filter((top) => top >= bounds.y && top + h <= bounds.y + bounds.height);
    const isFree = (top: number) =>
      occupied.every(([l, t, r, b]) => left >= r || left + w <= l || top >= b || top + h <= t);
    const top = spots.find(isFree) ?? spots[0] ?? Math.max(bounds.y, y1 - h);
    occupied.push([left, top, left + w, top + h]);
    const colour = colorOfBox(box);
    context.globalAlpha = 0.88;
    context.fillStyle = colour;
    context.fillRect(left, top, w, h);
    context.globalAlpha = 1;
    context.fillStyle = inkOn(colour);
    context.fillText(box.text, left + fontSize * 0.3, top + h / 2 + fontSize * 0.04);
  }
  for (const point of points) paintPoint(context, point, { x, y, scale });
  context.restore();
}

/** Dots are wider than lines; a dark line under each keeps it visible. */
function paintStrokes(
  context: SKRSContext2D,
  strokes: readonly Stroke[],
  { x, y, scale, lineWidth }: Pick<Placement, 'x' | 'y' | 'scale' | 'lineWidth'>,
): void {
  context.lineCap = 'round';
  for (const [x1, y1, x2, y2, color] of strokes) {
    const isDot = x1 === x2 && y1 === y2;
    const width = (isDot ? 2.5 : 1) * lineWidth;
    for (const [colour, thickness] of [
      ['rgba(0,0,0,0.45)', width + 1.5],
      [color, width],
    ] as const) {
      context.strokeStyle = colour;
      context.lineWidth = thickness;
      context.beginPath();
      context.moveTo(x + x1 * scale, y + y1 * scale);
      context.lineTo(x + x2 * scale + (isDot ? 0.01 : 0), y + y2 * scale);
      context.stroke();
    }
  }
  context.lineCap = 'butt';
}

function strokePolygon(context: SKRSContext2D, points: readonly number[]): void {
  context.beginPath();
  for (let i = 0; i < points.length; i += 2) context.lineTo(points[i], points[i + 1]);
  context.closePath();
  context.stroke();
}

/** Where the label of a rotated box begins: over its topmost corner, and over the box where it is wide enough. */
function labelStart(points: readonly number[], x1: number, x2: number, width: number): number {
  let at = 1;
  for (let i = 3; i < points.length; i += 2) if (points[i] < points[at]) at = i;
  return Math.max(x1, Math.min(points[at - 1] - width / 2, x2 - width));
}

function paintPoint(
  context: SKRSContext2D,
  point: DrawnPoint,
  { x, y, scale }: Pick<Placement, 'x' | 'y' | 'scale'>,
): void {
  context.globalAlpha = point.opacity ?? 0.85;
  context.beginPath();
  context.arc(x + point.x * scale, y + point.y * scale, point.radius * scale, 0, 2 * Math.PI);
  context.fillStyle = point.color;
  context.fill();
  context.strokeStyle = 'rgba(0,0,0,0.5)';
  context.lineWidth = 0.5;
  context.stroke();
  context.globalAlpha = 1;
}

export interface DrawBoxesOptions {
  /** Length of the longer side in pixels: at least `minSize` (by enlarging), at most `maxSize`. */
  minSize?: number;
  maxSize?: number;
  /** Width in pixels, instead. */
  width?: number;
  /** Default: by the size. */
  fontSize?: number;
  lineWidth?: number;
  format?: RasterFormat;
  points?: readonly DrawnPoint[];
}

/** A photograph is several times smaller as a JPEG. */
export type RasterFormat = 'png' | 'jpeg';

const JPEG_QUALITY = 85;

export const encodeCanvas = (canvas: Canvas, format: RasterFormat): Promise<Buffer> =>
  format === 'png' ? canvas.encode('png') : canvas.encode('jpeg', JPEG_QUALITY);

/** The drawing as the bytes of a PNG or JPEG. */
export async function drawBoxes(
  image: PixelImage,
  boxes: readonly DrawnBox[],
  { minSize = 720, maxSize = 1400, width, format = 'png', points, ...sizes }: DrawBoxesOptions = {},
): Promise<Buffer> {
  const long = Math.max(image.width, image.height);
  const scale = width === undefined ? Math.min(Math.max(1, minSize / long), maxSize / long) : width / image.width;
  const size = long * scale;
  const fontSize = sizes.fontSize ?? Math.round(Math.min(20, Math.max(12, size / 52)));
  // beside an image that is thinner than its labels there is room for them
  const side = (pixels: number) => Math.max(Math.round(pixels * scale), 4 * fontSize);
  const frame = { x: 0, y: 0, width: side(image.width), height: side(image.height) };
  const canvas = createCanvas(frame.width, frame.height);
  const context = canvas.getContext('2d');
  if (format === 'jpeg') {
    context.fillStyle = '#ffffff'; // JPEG has no transparency
    context.fillRect(0, 0, frame.width, frame.height);
  }
  paintBoxes(context, image, boxes, {
    x: Math.floor((frame.width - Math.round(image.width * scale)) / 2),
    y: Math.floor((frame.height - Math.round(image.height * scale)) / 2),
    scale,
    fontSize,
    lineWidth: sizes.lineWidth ?? Math.max(2, size / 340),
    frame,
    points,
  });
  return encodeCanvas(canvas, format);
}

/** The image at its own size with the boxes on it, as RGBA. */
export function paintedFrame(
  image: PixelImage,
  boxes: readonly DrawnBox[],
  sizes: Pick<DrawBoxesOptions, 'fontSize' | 'lineWidth'> = {},
): { data: Uint8Array; width: number; height: number } {
  const { width, height } = image;
  const long = Math.max(width, height);
  const canvas = createCanvas(width, height);
  const context = canvas.getContext('2d');
  paintBoxes(context, image, boxes, {
    x: 0,
    y: 0,
    scale: 1,
    fontSize: sizes.fontSize ?? Math.round(Math.max(10, long / 60)),
    lineWidth: sizes.lineWidth ?? Math.max(1.5, long / 400),
  });
  return { data: new Uint8Array(context.getImageData(0, 0, width, height).data.buffer), width, height };
}
