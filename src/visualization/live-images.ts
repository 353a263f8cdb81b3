// Images with boxes as data: each image is stored once, as a JPEG, and the boxes are drawn over it, so that a score slider,
// switches of classes and states, and what the pointer is on work in a notebook, an exported page and a saved one.

import sharp from 'sharp';
import type { PixelImage } from '../data/types';
import { DetLabError, didYouMean } from '../errors';
import type { Rle } from '../masks';
import { BOX_STATES, type BoxState } from './box-states';
import type { MimeBundle } from './display';
import { type DrawnBox, drawBoxes, type RasterFormat } from './draw-boxes';
import { checkDrawing, type DrawingOptions } from './drawing-options';
import { drawnImage, type LiveImageData, type LiveLegend, type LiveView, liveItems, svgAddress } from './drawn-image';
import { escapeHtml } from './escape';
import { drawGrid } from './image-grid';
import { interactiveHtml } from './interactive';
import { maskOutline } from './mask-outline';
import { colourOf } from './palette';
import { csvText, type Formats, SavableDisplay } from './savable';
import { type StoredImage, storedImage } from './stored-image';
import { tableText } from './table';

/** A box of an image. One without a score is a truth. */
export interface LiveBox {
  /** x1, y1, x2, y2 in pixels of the image. */
  bbox: readonly number[];
  /** Index of the class. */
  label: number;
  score?: number;
  state?: BoxState;
  /** IoU with the truth it met. */
  iou?: number;
  /** Which truth it met, in words. */
  met?: string;
  mask?: Rle;
  /** Of a truth: the highest threshold at which it is found; above it the truth is missed. */
  foundUpTo?: number;
}

export interface LiveImage {
  /** Path or name. */
  source: string;
  /** The pixels, or how to read them: it is called only for images that are shown. */
  pixels: PixelImage | (() => Promise<PixelImage>);
  /** Of the pixels to which the boxes belong. */
  width: number;
  height: number;
  boxes: readonly LiveBox[];
  /** A line below the image; default: its source. */
  caption?: string;
  /** What a gallery can be sorted by: AP, loss, ...; NaN where there is none. */
  values?: Readonly<Record<string, number>>;
}

export interface LiveImagesOptions extends DrawingOptions {
  classes: readonly string[];
  /** What it is, for titles and errors; default "images". */
  title?: string;
}

/** Longest side of a stored image in pixels: of one image, of the images of a gallery. */
const STORED_SIDE = { one: 1000, gallery: 480 };
const QUALITY = 82;
const SHOWN_SIDE = { one: 720, gallery: 340 };
const LIMIT = 48;
const FALLBACK = { width: 400, images: 6 };
const MAX_LISTED = 50;

/**
 * One image or a gallery. Where scripts run there are a score slider, switches, sorting and a tooltip for every box; elsewhere
 * the boxes at the threshold.
 *
 * @example new LiveImages([{ source: 'a.jpg', pixels, width: 640, height: 480, boxes }], { classes: ['car'] }).save('a.html')
 */
export class LiveImages extends SavableDisplay {
  protected readonly what: string;
  private readonly options: LiveImagesOptions;
  private readonly order: readonly LiveImage[];

  /** @throws DetLabError for an unknown option or a value to sort by that no image has */
  constructor(
    readonly images: readonly LiveImage[],
    { classes, title = 'images', ...drawing }: LiveImagesOptions,
  ) {
    super();
    this.what = title;
    this.options = { classes, title, ...checkDrawing(drawing, `show ${title}`, classes) };
    this.order = ordered(images, this.options.sortBy, title);
  }

  /** The same images with other options; what is undefined stays as it is. */
  with(drawing: DrawingOptions): LiveImages {
    const given = Object.fromEntries(Object.entries(drawing).filter(([, value]) => value !== undefined));
    return new LiveImages(this.images, { ...this.options, ...given });
  }

  /** The images that are shown, in the order in which they are at first. */
  get shown(): readonly LiveImage[] {
    return this.order.slice(0, this.options.limit ?? LIMIT);
  }

  get threshold(): number {
    return this.options.threshold ?? 0.3;
  }

  /**
   * Body and data of the display, for one that contains it: `scripts` and then `showLiveImages(root, data)` bring to life the
   * element of the class `detlab-live` inside of `root`.
   */
  async part(): Promise<{ body: string; data: unknown; scripts: string[] }> {
    const { shown } = this;
    const stored = await Promise.all(shown.map((image) => this.stored(image)));
    const { body, images } = this.staticBody(shown, stored);
    const { sortBy, columns, width, sideBySide = false } = this.options;
    const hidden = this.images.length - shown.length;
    const data = {
      ...this.legend(),
      ...this.view(),
      ...this.lineSizes(),
      sideBySide,
      sortBy,
      columns,
      width,
      note:
        hidden > 0 ? `${shown.length} of ${this.images.length} images; { limit: ${this.images.length} } shows all` : '',
      images,
    };
    return { body, data, scripts: ['box-drawing', 'live-controls', 'live-images'] };
  }

  async html(): Promise<string> {
    return interactiveHtml({ ...(await this.part()), entry: 'showLiveImages' });
  }

  /** PNG of the image, or of a grid of all that are shown. */
  async png(): Promise<Buffer> {
    return this.raster('png');
  }

  protected formats(): Formats {
    return {
      png: () => this.raster('png'),
      jpg: () => this.raster('jpeg'),
      svg: () => this.svg(),
      html: () => this.html(),
      csv: () => this.csv(),
      json: () => this.json(),
    };
  }

  protected async bundle(): Promise<MimeBundle> {
    const [html, png] = await Promise.all([this.html(), this.fallback()]);
    return { 'text/html': html, 'image/png': png.toString('base64'), 'text/plain': this.toString() };
  }

  toString(): string {
    const { classes } = this.options;
    const count = ({ boxes }: LiveImage) => boxes.filter(({ score = 1 }) => score >= this.threshold).length;
    const names = [...new Set(this.images.flatMap(({ values }) => Object.keys(values ?? {})))];
    return tableText({
      title: this.what,
      columns: [{ title: 'image' }, ...['boxes', ...names].map((title) => ({ title, align: 'right' as const }))],
      rows: this.order
        .slice(0, MAX_LISTED)
        .map((image) => [
          image.caption ?? image.source,
          String(count(image)),
          ...names.map((name) => numberText(image.values?.[name])),
        ]),
      note: `${this.images.length} images, ${classes.length} classes, boxes with a score of at least ${this.threshold}`,
    });
  }

  private legend(): LiveLegend {
    const { classes, palette } = this.options;
    const colorOf = (name: string, i: number) =>
      Array.isArray(palette) ? palette[i % palette.length] : (palette?.[name] ?? colourOf(i));
    return {
      classes,
      colors: classes.map(colorOf),
      states: Object.keys(BOX_STATES),
      stateColors: Object.values(BOX_STATES),
    };
  }

  private view(side: LiveView['side'] = 'all'): LiveView {
    const { labels = true } = this.options;
    const hasStates = this.images.some(({ boxes }) => boxes.some(({ state }) => state !== undefined));
    return {
      threshold: this.threshold,
      color: this.options.color ?? (hasStates ? 'state' : 'class'),
      labels: labels === true ? 'all' : labels === false ? 'none' : labels,
      hiddenClasses: [],
      hiddenStates: [],
      side,
    };
  }

  private lineSizes(): { fontSize: number; lineWidth: number } {
    const single = this.images.length === 1;
    return { fontSize: this.options.fontSize ?? (single ? 13 : 11), lineWidth: this.options.lineWidth ?? 2 };
  }

  private async stored(image: LiveImage): Promise<StoredImage> {
    return storedImage(
      await pixelsOf(image),
      this.images.length === 1 ? STORED_SIDE.one : STORED_SIDE.gallery,
      QUALITY,
    );
  }

  private drawn(image: LiveImageData, stored: StoredImage) {
    const shownSide = this.images.length === 1 ? SHOWN_SIDE.one : SHOWN_SIDE.gallery;
    const shownWidth = this.options.width ?? shownSide * Math.min(1, image.width / image.height);
    const views = this.options.sideBySide ? [this.view('truths'), this.view('predictions')] : [this.view()];
    return drawnImage(image, stored, this.legend(), views, { shownWidth, ...this.lineSizes() });
  }

  private staticBody(shown: readonly LiveImage[], stored: readonly StoredImage[]) {
    const images = shown.map(liveData);
    const figures = images.map((image, i) => {
      const { svg, width } = this.drawn(image, stored[i]);
      const caption = escapeHtml(image.caption ?? image.name);
      const alt = escapeHtml(this.description(shown[i]));
      return `<div style="display:inline-block;vertical-align:top;margin:0 8px 8px 0;max-width:100%"><img alt="${alt}" title="${caption}" width="${width}" style="max-width:100%;height:auto" src="${svgAddress(svg)}"><br><small>${caption}</small></div>`;
    });
    return { images, body: `<div class="detlab-live">${figures.join('\n')}</div>` };
  }

  /** What is on an image, for those who do not see it. */
  private description({ source, boxes }: LiveImage): string {
    const found = boxes.filter(({ score = 1 }) => score >= this.threshold);
    const counts = new Map<string, number>();
    for (const { label } of found) {
      const name = this.options.classes[label] ?? String(label);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const parts = [...counts].map(([name, n]) => `${n} ${name}`);
    return `${source}: ${parts.length > 0 ? parts.join(', ') : 'no boxes'}`;
  }

  private async svg(): Promise<string> {
    const drawn = await Promise.all(
      this.shown.map(async (image) => this.drawn(liveData(image), await this.stored(image))),
    );
    if (drawn.length === 1) return drawn[0].svg;
    const gap = 12;
    const columns = this.options.columns ?? Math.min(3, drawn.length);
    const width = Math.max(...drawn.map((d) => d.width));
    let [bottom, rowHeight] = [0, 0];
    const cells = drawn.map(({ svg, height }, i) => {
      if (i % columns === 0) [bottom, rowHeight] = [bottom + (i > 0 ? rowHeight + gap : 0), 0];
      rowHeight = Math.max(rowHeight, height);
      // ids are of the whole document
      const own = svg.replace('id="i"', `id="i${i}"`).replaceAll('"#i"', `"#i${i}"`);
      return own.replace('<svg ', `<svg x="${(i % columns) * (width + gap)}" y="${bottom}" `);
    });
    const whole = [columns * (width + gap) - gap, bottom + rowHeight];
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${whole[0]}" height="${whole[1]}">${cells.join('\n')}</svg>`;
  }

  private async raster(format: RasterFormat): Promise<Buffer> {
    const { width, fontSize, lineWidth, columns, sideBySide } = this.options;
    const sides = sideBySide ? (['truths', 'predictions'] as const) : (['all'] as const);
    const cells = await Promise.all(
      this.shown.map(async (image) => {
        const pixels = await pixelsOf(image);
        return sides.map((side) => ({
          image: pixels,
          boxes: this.drawnBoxes(image, side),
          caption: `${image.caption ?? image.source}${side === 'all' ? '' : `: ${side}`}`,
        }));
      }),
    );
    const grid = cells.flat();
    if (grid.length === 1) return drawBoxes(grid[0].image, grid[0].boxes, { width, fontSize, lineWidth, format });
    const across = sideBySide ? 2 * (columns ?? 1) : columns;
    return drawGrid(grid, { columns: across, cellWidth: width, fontSize, lineWidth, format });
  }

  /**
   * A small PNG of few colours. JupyterLab, GitHub and exports as HTML take the HTML, whose images are right without scripts too;
   * this is for what knows no HTML, as LaTeX and terminals.
   */
  private async fallback(): Promise<Buffer> {
    const few = this.with({ limit: Math.min(this.shown.length || 1, FALLBACK.images) });
    const png = await few.png();
    return sharp(png)
      .resize({ width: FALLBACK.width, withoutEnlargement: true })
      .png({ palette: true, colours: 16, dither: 0 })
      .toBuffer();
  }

  private drawnBoxes(image: LiveImage, side: LiveView['side']): DrawnBox[] {
    return liveItems(liveData(image), this.legend(), this.view(side)).map(({ index, color, text, dashed }) => {
      const { bbox, label, mask } = image.boxes[index];
      return { bbox, mask, classIndex: label, color, text, dashed };
    });
  }

  private csv(): string {
    const { classes } = this.options;
    const columns = ['image', 'class', 'score', 'x1', 'y1', 'x2', 'y2', 'state', 'iou', 'met'];
    return csvText(
      columns,
      this.order.flatMap(({ source, boxes }) =>
        boxes.map(({ bbox, label, score, state, iou, met }) => [
          source,
          classes[label] ?? label,
          score ?? '',
          ...bbox,
          state ?? '',
          iou ?? '',
          met ?? '',
        ]),
      ),
    );
  }

  private json(): unknown {
    const { classes } = this.options;
    return {
      classes,
      threshold: this.threshold,
      images: this.order.map(({ source, width, height, caption, values, boxes }) => ({
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
}

const pixelsOf = async ({ pixels }: LiveImage): Promise<PixelImage> =>
  typeof pixels === 'function' ? pixels() : pixels;

/** The data of an image as the scripts read it. */
function liveData({ source, width, height, caption, values = {}, boxes }: LiveImage): LiveImageData {
  const states = Object.keys(BOX_STATES);
  const tenth = (v: number) => Math.round(v * 10) / 10;
  const places = (v: number | undefined, n: number) =>
    v === undefined || !Number.isFinite(v) ? null : Number(v.toFixed(n));
  return {
    name: source,
    width,
    height,
    caption,
    values: Object.fromEntries(Object.entries(values).map(([name, v]) => [name, places(v, 6)])),
    boxes: boxes.map(({ bbox, label, score, state, iou, met, mask, foundUpTo }) => {
      const [x1, y1, x2, y2] = bbox;
      const rest = [
        places(score, 5),
        state === undefined ? null : states.indexOf(state),
        places(iou, 3),
        met ?? null,
        mask ? maskOutline(mask) : null,
        places(foundUpTo, 5),
      ];
      while (rest.length > 0 && rest[rest.length - 1] === null) rest.pop();
      return [...[x1, y1, x2, y2].map(tenth), label, ...rest] as LiveImageData['boxes'][number];
    }),
  };
}

/** @param sortBy name of a value, with a minus for the largest first; images without it come last */
function ordered(images: readonly LiveImage[], sortBy: string | undefined, title: string): readonly LiveImage[] {
  if (sortBy === undefined) return images;
  const names = [...new Set(images.flatMap(({ values }) => Object.keys(values ?? {})))];
  const name = sortBy.replace(/^-/, '');
  if (!names.includes(name))
    throw new DetLabError(
      `Cannot show ${title}: sortBy: no image has a value "${name}"; ` +
        `${names.length > 0 ? `there are ${names.join(', ')}` : 'there are none'}.${didYouMean(name, names)}`,
    );
  const sign = sortBy.startsWith('-') ? -1 : 1;
  const rank = ({ values }: LiveImage) => {
    const value = values?.[name];
    return value === undefined || Number.isNaN(value) ? Number.POSITIVE_INFINITY : sign * value;
  };
  return [...images].sort((a, b) => {
    const [p, q] = [rank(a), rank(b)];
    return p === q ? 0 : p - q;
  });
}

const numberText = (value: number | undefined): string =>
  value === undefined || Number.isNaN(value) ? '-' : Number.isInteger(value) ? String(value) : value.toFixed(3);
