// Images with captions in rows: HTML for notebooks, one SVG or its bytes for files.

import sharp from 'sharp';
import type { PixelImage } from '../data/types';
import { escapeHtml } from './escape';
import { storedImage } from './stored-image';

export interface ImageFigure {
  image: PixelImage;
  caption: string;
}

/** Longest side that is stored. */
const STORED = 720;
const QUALITY = 78;

const n = (value: number): string => String(Math.round(value * 10) / 10);

async function jpegAddress({ image }: ImageFigure): Promise<string> {
  return `data:image/jpeg;base64,${(await storedImage(image, STORED, QUALITY)).jpeg}`;
}

const FONT = 'font-family="DejaVu Sans, Segoe UI, Helvetica, Arial, sans-serif"';

/** Figures for a notebook, captions in the colour of the page; undefined leaves a place empty. Right without scripts and styles. */
export async function figuresHtml(figures: readonly (ImageFigure | undefined)[], columns: number): Promise<string> {
  const cells = await Promise.all(
    figures.map(async (figure) => {
      if (figure === undefined) return '<td></td>';
      const caption = escapeHtml(figure.caption);
      const style = 'display:block;width:100%;height:auto;margin:0';
      return (
        `<td style="text-align:left;vertical-align:top;padding:0 12px 12px 0;background:transparent">` +
        `<img alt="${caption}" width="${figure.image.width}" style="${style}" src="${await jpegAddress(figure)}">` +
        `<small style="overflow-wrap:anywhere">${caption}</small></td>`
      );
    }),
  );
  const rows: string[] = [];
  for (let i = 0; i < cells.length; i += columns)
    rows.push(`<tr style="background:transparent">${cells.slice(i, i + columns).join('')}</tr>`);
  return `<table style="width:100%;table-layout:fixed;border-collapse:collapse;border:none">${rows.join('')}</table>`;
}

/** Figures with captions as one SVG document, on white. */
export async function sheetSvg(figures: readonly (ImageFigure | undefined)[], columns: number): Promise<string> {
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
        `<image x="${left}" y="${n(top)}" width="${n(w * scale)}" height="${n(h * scale)}" preserveAspectRatio="none" ` +
          `href="${await jpegAddress(figure)}"/>`,
        `<text x="${left}" y="${n(top + h * scale + 15)}" font-size="12" fill="#444">${escapeHtml(shortened(figure.caption))}</text>`,
      );
      tallest = Math.max(tallest, h * scale);
    }
    top += tallest + captionHeight + gap;
  }
  const height = Math.ceil(top);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ${FONT}>` +
    `<rect width="${width}" height="${height}" fill="#fff"/>${parts.join('')}</svg>`
  );
}

/** What fits below a figure of a sheet. */
const shortened = (caption: string): string => (caption.length > 56 ? `${caption.slice(0, 55)}…` : caption);

/** A small PNG of a sheet, for what shows no HTML. */
export const sheetFallback = async (svg: string): Promise<string> =>
  (
    await sharp(Buffer.from(svg), { unlimited: true })
      .resize({ width: 480, withoutEnlargement: true })
      .png({ palette: true, colours: 32, dither: 0, effort: 1 })
      .toBuffer()
  ).toString('base64');

/** A sheet as PNG or JPEG bytes, at twice its size. */
export async function sheetBytes(svg: string, format: 'png' | 'jpeg'): Promise<Buffer> {
  const drawn = sharp(Buffer.from(svg), { density: 144, unlimited: true }).flatten({ background: 'white' });
  return format === 'png' ? drawn.png().toBuffer() : drawn.jpeg({ quality: 88 }).toBuffer();
}
