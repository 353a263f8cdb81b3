// A grid of images with their boxes: captions below each, a legend of the classes at the bottom.

import type { PixelImage } from '../data/types';
import { createCanvas } from './canvas';
import { type DrawnBox, type DrawnPoint, encodeCanvas, FONT, paintBoxes, type RasterFormat } from './draw-boxes';
import { colourOf } from './palette';

export interface GridImage {
  image: PixelImage;
  boxes: readonly DrawnBox[];
  points?: readonly DrawnPoint[];
  caption: string;
}

/** The grid as the bytes of a PNG or JPEG; cells are equally wide, rows as high as their tallest image. */
export async function drawGrid(
  images: readonly GridImage[],
  {
    columns = Math.min(3, Math.max(1, images.length)),
    cellWidth = 340,
    legend = [] as readonly string[],
    fontSize = 11,
    lineWidth = 2,
    format = 'png' as RasterFormat,
  } = {},
): Promise<Buffer> {
  const gap = 12;
  const captionHeight = 22;
  const width = columns * cellWidth + (columns + 1) * gap;
  const scales = images.map(({ image }) => Math.min(cellWidth / image.width, cellWidth / image.height));
  const rows = Array.from({ length: Math.ceil(images.length / columns) }, (_, row) => {
    const members = images.slice(row * columns, (row + 1) * columns);
    return Math.max(...members.map(({ image }, i) => image.height * scales[row * columns + i])) + captionHeight + gap;
  });
  const legendFont = `600 13px ${FONT}`;
  const measure = createCanvas(1, 1).getContext('2d');
  measure.font = legendFont;
  // positions of the legend entries: left to right, wrapped
  let [penX, penY] = [gap, 0];
  const entries = legend.map((name) => {
    const w = measure.measureText(name).width + 34;
    if (penX + w > width - gap && penX > gap) [penX, penY] = [gap, penY + 22];
    const entry = { name, x: penX, y: penY };
    penX += w;
    return entry;
  });
  const legendHeight = legend.length > 0 ? penY + 26 : 0;
  const height = gap + rows.reduce((a, b) => a + b, 0) + legendHeight;
  const canvas = createCanvas(Math.round(width), Math.round(height));
  const context = canvas.getContext('2d');
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, width, height);
  let top = gap;
  for (const [i, { image, boxes, caption, points }] of images.entries()) {
    const column = i % columns;
    if (i > 0 && column === 0) top += rows[Math.floor(i / columns) - 1];
    const x = gap + column * (cellWidth + gap) + (cellWidth - image.width * scales[i]) / 2;
    paintBoxes(context, image, boxes, { x, y: top, scale: scales[i], fontSize, lineWidth, points });
    context.font = `12px ${FONT}`;
    context.textBaseline = 'middle';
    context.fillStyle = '#444444';
    const left = gap + column * (cellWidth + gap);
    context.fillText(
      shortened(caption, cellWidth, (t) => context.measureText(t).width),
      left + 2,
      top + image.height * scales[i] + captionHeight / 2 + 1,
    );
  }
  top = height - legendHeight;
  context.font = legendFont;
  for (const [i, { name, x, y }] of entries.entries()) {
    context.fillStyle = colourOf(i);
    context.fillRect(x + 2, top + y + 4, 13, 13);
    context.fillStyle = '#222222';
    context.fillText(name, x + 20, top + y + 11);
  }
  return encodeCanvas(canvas, format);
}

/** Shortened at the start: the end of a path is more informative. */
function shortened(text: string, width: number, measure: (text: string) => number): string {
  if (measure(text) <= width) return text;
  let start = 1;
  while (start < text.length && measure(`…${text.slice(start)}`) > width) start++;
  return `…${text.slice(start)}`;
}
