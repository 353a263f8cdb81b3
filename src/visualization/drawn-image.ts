// An image with its boxes as one SVG: the JPEG and the drawing over it. As the source of an <img> it is right wherever images
// are, also where scripts and inline SVG are removed; the live display reads the JPEG back from it.

import { createCanvas } from './canvas';
import { FONT } from './draw-boxes';
import { browserFunction } from './interactive';
import type { LiveFrame, LiveImageData, LiveItem, LiveLegend, LiveView } from './live-image-data';
import type { StoredImage } from './stored-image';

const SCRIPT = 'box-drawing';
type Size = { width: number; height: number };
const liveFrame = () =>
  browserFunction<(size: Size, shownWidth: number, fontSize: number, lineWidth: number) => LiveFrame>(
    SCRIPT,
    'liveFrame',
  );
const liveDrawing = () =>
  browserFunction<(items: readonly LiveItem[], frame: LiveFrame, measure: (text: string) => number) => string>(
    SCRIPT,
    'liveDrawing',
  );
const livePoints = () =>
  browserFunction<(image: LiveImageData, legend: LiveLegend, view: LiveView, frame: LiveFrame) => string>(
    SCRIPT,
    'livePoints',
  );

/** Decimals of positions in the pixels of an image of this size, where it is about 1000 pixels long on the screen. */
export const decimalsOf = ({ width, height }: Size): number =>
  browserFunction<(unit: number) => number>(SCRIPT, 'liveDecimals')(Math.max(width, height) / 1000);

/** The boxes of a view with what is drawn of each, the highest score last. */
export function liveItems(image: LiveImageData, legend: LiveLegend, view: LiveView): LiveItem[] {
  type Items = (image: LiveImageData, legend: LiveLegend, view: LiveView) => LiveItem[];
  return browserFunction<Items>(SCRIPT, 'liveItems')(image, legend, view);
}

export interface DrawnSize {
  /** Width of one image on the screen. */
  shownWidth: number;
  fontSize: number;
  lineWidth: number;
}

/**
 * SVG of an image with the boxes of a view; with several views the image is shown once for each, side by side.
 *
 * @returns the SVG and its size on the screen
 */
export function drawnImage(
  image: LiveImageData,
  { jpeg }: StoredImage,
  legend: LiveLegend,
  views: readonly LiveView[],
  { shownWidth, fontSize, lineWidth }: DrawnSize,
): { svg: string; width: number; height: number } {
  const context = createCanvas(1, 1).getContext('2d');
  context.font = `600 ${fontSize}px ${FONT}`;
  const measure = (text: string) => context.measureText(text).width;
  const frame = liveFrame()(image, shownWidth, fontSize, lineWidth);
  const [draw, points] = [liveDrawing(), livePoints()];
  const gap = 8 * frame.unit;
  const step = frame.width + gap;
  const panes = views.map((view, i) => {
    const pixels =
      i === 0
        ? `<image id='i' width='${image.width}' height='${image.height}' preserveAspectRatio='none' href='data:image/jpeg;base64,${jpeg}'/>`
        : "<use href='#i'/>";
    const drawing = draw(liveItems(image, legend, view), frame, measure) + points(image, legend, view, frame);
    return i === 0 ? pixels + drawing : `<g transform='translate(${step * i} 0)'>${pixels}${drawing}</g>`;
  });
  const whole = { width: frame.width + step * (views.length - 1), height: frame.height };
  const [width, height] = [whole.width / frame.unit, whole.height / frame.unit].map(Math.round);
  const box = [frame.x, frame.y, whole.width, whole.height].map((v) => Number(v.toFixed(decimalsOf(image)))).join(' ');
  const svg = `<svg xmlns='http://www.w3.org/2000/svg' width='${width}' height='${height}' viewBox='${box}'>${panes.join('')}</svg>`;
  return { svg, width, height };
}

/** SVG as the address of an image; the base64 of what it embeds stays as it is. */
export const svgAddress = (svg: string): string =>
  `data:image/svg+xml,${encodeURIComponent(svg).replace(/%(?:2F|2B|3D|3A|3B|2C)/g, decodeURIComponent)}`;
