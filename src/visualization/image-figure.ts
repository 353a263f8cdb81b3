// An image with boxes, points and its padding as SVG: the pixels as a JPEG inside, everything else as shapes over it, so that
// it stays sharp and light. One figure, or a sheet of several with captions; HTML for notebooks, bytes for files.

import sharp from 'sharp';
import type { AnyImage, PixelImage } from '../data/types';
import type { DrawnBox } from './draw-boxes';
import { escapeHtml } from './escape';
import { colourOf } from './palette';
import { storedImage } from './stored-image';

/** A point in image pixels; a filled circle. */
export interface DrawnPoint {
  x: number;
  y: number;
  /** In image pixels. */
  radius: number;
  colour: string;
  text?: string;
  opacity?: number;
}

/** A box in a colour of its own rather than that of its class. */
export interface FigureBox extends Omit<DrawnBox, 'classIndex' | 'mask'> {
  colour: string;
  /** Width of the line relative to the others; 1 by default. */
  weight?: number;
  /** Shown on hover. */
  hint?: string;
}

export interface ImageFigure {
  image: AnyImage;
  caption: string;
  boxes?: readonly FigureBox[];
  points?: readonly DrawnPoint[];
  /** [height, width] of what is image; the rest is padding and hatched. */
  content?: readonly [number, number];
}

/** Longest side that is stored: boxes are shapes and do not depend on it. */
const STORED = 720;
const QUALITY = 78;

/** The pixels as bytes: transforms may make floats. */
const bytesOf = ({ data, ...image }: AnyImage): PixelImage => ({
  ...image,
  data: data instanceof Uint8Array ? data : new Uint8Array(Uint8ClampedArray.from(data).buffer),
});

const n = (value: number): string => String(Math.round(value * 10) / 10);

/** Figures under one legend of classes; `columns` of a sheet. */
export interface SheetOptions {
  columns?: number;
  legend?: readonly { text: string; colour: string }[];
}

/** The inside of a figure's SVG, in image pixels. */
async function shapesOf({ image, boxes = [], points = [], content }: ImageFigure, id: string): Promise<string> {
  const { width, height } = image;
  const unit = Math.max(width, height) / 360; // a line of 1 px where the figure is 360 px long
  const { jpeg } = await storedImage(bytesOf(image), STORED, QUALITY);
  const href = `data:image/jpeg;base64,${jpeg}`;
  const parts = [`<image href="${href}" width="${width}" height="${height}" preserveAspectRatio="none"/>`];
  if (content && (content[0] < height || content[1] < width)) parts.push(paddingShape(content, image, id, unit));
  for (const { x, y, radius, colour, text, opacity = 1 } of points)
    parts.push(
      `<circle cx="${n(x)}" cy="${n(y)}" r="${n(radius)}" fill="${colour}" fill-opacity="${opacity}" stroke="#000" ` +
        `stroke-opacity="${0.5 * opacity}" stroke-width="${n(unit * 0.4)}">${title(text)}</circle>`,
    );
  for (const box of boxes) parts.push(boxShape(box, unit));
  for (const box of boxes) if (box.text) parts.push(labelShape(box, unit));
  return parts.join('');
}

const title = (text: string | undefined) => (text ? `<title>${escapeHtml(text)}</title>` : '');

function boxShape({ bbox: [x1, y1, x2, y2], colour, dashed, weight = 1, hint, text }: FigureBox, unit: number): string {
  const rect = (stroke: string, width: number) =>
    `<rect x="${n(x1)}" y="${n(y1)}" width="${n(x2 - x1)}" height="${n(y2 - y1)}" fill="none" pointer-events="all" ` +
    `stroke="${stroke}" stroke-width="${n(width)}"${dashed ? ` stroke-dasharray="${n(4 * unit)} ${n(3 * unit)}"` : ''}>` +
    `${title(hint ?? text)}</rect>`;
  const line = 1.7 * unit * weight;
  // a dark line under the coloured one keeps it visible on any background
  return (weight >= 1 ? rect('rgba(0,0,0,0.45)', line + unit) : '') + rect(colour, line);
}

function labelShape({ bbox: [x1, y1], text = '' }: FigureBox, unit: number): string {
  const size = 8 * unit;
  const top = Math.max(y1 - 1.5 * unit, size);
  return (
    `<text x="${n(Math.max(x1, unit))}" y="${n(top)}" font-size="${n(size)}" font-weight="600" fill="#fff" ` +
    `stroke="#000" stroke-opacity="0.6" stroke-width="${n(1.2 * unit)}" paint-order="stroke" pointer-events="none">` +
    `${escapeHtml(text)}</text>`
  );
}

/** Hatching over the part of the image below and right of its content, with a line around that. */
function paddingShape(
  [h, w]: readonly [number, number],
  { width, height }: AnyImage,
  id: string,
  unit: number,
): string {
  const step = 8 * unit;
  const pattern =
    `<pattern id="${id}" width="${n(step)}" height="${n(step)}" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">` +
    `<rect width="${n(step)}" height="${n(step)}" fill="#888"/><rect width="${n(step / 2)}" height="${n(step)}" fill="#aaa"/></pattern>`;
  const rest = `M0 0H${width}V${height}H0ZM0 0V${h}H${w}V0Z`;
  return (
    `<defs>${pattern}</defs><path d="${rest}" fill="url(#${id})" fill-opacity="0.75" fill-rule="evenodd">` +
    `<title>padding</title></path>`
  );
}

const FONT = 'font-family="DejaVu Sans, Segoe UI, Helvetica, Arial, sans-serif"';
const newId = () => `p${crypto.randomUUID().slice(0, 8)}`;

/** The figure as an SVG document of its own. */
export async function figureSvg(figure: ImageFigure): Promise<string> {
  const { width, height } = figure.image;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ${FONT} ` +
    `style="display:block;width:100%;height:auto">${await shapesOf(figure, newId())}</svg>`
  );
}

/** Figures for a notebook: as many in a row as fit, captions in the colour of the page; undefined leaves a place empty. */
export async function figuresHtml(
  figures: readonly (ImageFigure | undefined)[],
  { columns, legend = [] }: SheetOptions = {},
): Promise<string> {
  const grid = columns
    ? `repeat(${columns},minmax(0,1fr))`
    : `repeat(auto-fill,minmax(min(100%,${figures.length > 4 ? 220 : 300}px),1fr))`;
  const cells = await Promise.all(
    figures.map(async (figure) =>
      figure === undefined
        ? '<span></span>'
        : `<figure style="margin:0;min-width:0">${await figureSvg(figure)}<figcaption style="padding:4px 0;font-size:12px;` +
          `overflow-wrap:anywhere">${escapeHtml(figure.caption)}</figcaption></figure>`,
    ),
  );
  const keys = legend.map(
    ({ text, colour }) =>
      `<span style="white-space:nowrap"><span style="display:inline-block;width:.8em;height:.8em;background:${colour};` +
      `margin-right:.4em"></span>${escapeHtml(text)}</span>`,
  );
  const key =
    keys.length > 0
      ? `<div style="display:flex;flex-wrap:wrap;gap:4px 14px;font-size:13px">${keys.join('')}</div>`
      : '';
  return `<div style="display:grid;grid-template-columns:${grid};gap:12px;align-items:start">${cells.join('')}</div>${key}`;
}

/** Colours of classes for a legend. */
export const classLegend = (
  classes: readonly string[],
  palette?: readonly string[],
): { text: string; colour: string }[] => classes.map((text, i) => ({ text, colour: colourOf(i, palette) }));

/** Figures with captions and legend as one SVG document, on white. */
export async function sheetSvg(
  figures: readonly (ImageFigure | undefined)[],
  { columns = Math.min(3, Math.max(1, figures.length)), legend = [] }: SheetOptions = {},
): Promise<string> {
  const [cell, gap, captionHeight] = [360, 14, 22];
  const width = columns * cell + (columns + 1) * gap;
  const parts: string[] = [];
  let top = gap;
  for (let row = 0; row * columns < figures.length; row++) {
    let tallest = 0;
    for (const [i, figure] of figures.slice(row * columns, (row + 1) * columns).entries()) {
      if (!figure) continue;
      const { width: w, height: h } = figure.image;
      const scale = cell / Math.max(w, h);
      const left = gap + i * (cell + gap);
      parts.push(
        `<svg x="${left}" y="${n(top)}" width="${n(w * scale)}" height="${n(h * scale)}" viewBox="0 0 ${w} ${h}">` +
          `${await shapesOf(figure, newId())}</svg>`,
        `<text x="${left}" y="${n(top + h * scale + 15)}" font-size="12" fill="#444">${escapeHtml(shortened(figure.caption))}</text>`,
      );
      tallest = Math.max(tallest, h * scale);
    }
    top += tallest + captionHeight + gap;
  }
  let [x, y] = [gap, top];
  for (const { text, colour } of legend) {
    const w = 30 + 7.5 * text.length;
    if (x + w > width && x > gap) [x, y] = [gap, y + 20];
    parts.push(
      `<rect x="${x}" y="${n(y)}" width="12" height="12" fill="${colour}"/>`,
      `<text x="${x + 17}" y="${n(y + 11)}" font-size="13" fill="#222">${escapeHtml(text)}</text>`,
    );
    x += w;
  }
  const height = Math.ceil(legend.length > 0 ? y + 26 : top);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ${FONT}>` +
    `<rect width="${width}" height="${height}" fill="#fff"/>${parts.join('')}</svg>`
  );
}

/** What fits below a figure of a sheet. */
const shortened = (caption: string): string => (caption.length > 56 ? `${caption.slice(0, 55)}…` : caption);

/** A sheet as PNG or JPEG bytes, at twice its size. */
export async function sheetBytes(svg: string, format: 'png' | 'jpeg'): Promise<Buffer> {
  const drawn = sharp(Buffer.from(svg), { density: 144, unlimited: true }).flatten({ background: 'white' });
  return format === 'png' ? drawn.png().toBuffer() : drawn.jpeg({ quality: 88 }).toBuffer();
}
