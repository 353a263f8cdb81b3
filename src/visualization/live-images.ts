// Images with boxes as data: each image is stored once, as a JPEG, and the boxes are drawn over it, so that a score slider,
// switches of classes and states, and what the pointer is on work in a notebook, an exported page and a saved one.

import sharp from 'sharp';
import type { PixelImage } from '../data/types';
import { DetLabError } from '../errors';
import { boxesCsv, boxesJson } from './box-records';
import { BOX_STATES } from './box-states';
import type { MimeBundle } from './display';
import { type DrawnBox, type DrawnPoint, drawBoxes, paintedFrame, type RasterFormat } from './draw-boxes';
import { checkDrawing, type DrawingOptions } from './drawing-options';
import { decimalsOf, drawnImage, liveItems, svgAddress } from './drawn-image';
import { escapeHtml } from './escape';
import { drawGrid } from './image-grid';
import { interactiveHtml } from './interactive';
import { cornersOf, type LiveImage, liveData, orderedImages } from './live-image';
import type { LiveImageData, LiveLegend, LiveView } from './live-image-data';
import { colourOf } from './palette';
import { type Formats, SavableDisplay } from './savable';
import { shortScore } from './short-score';
import { type StoredImage, storedImage } from './stored-image';
import { tableText } from './table';

export type { LiveBox, LiveImage, LivePoint } from './live-image';

/** Which boxes and switches live images start with, and how they are drawn. */
export interface LiveImagesOptions extends DrawingOptions {
  classes: readonly string[];
  /** What it is, for titles and errors; default "images". */
  title?: string;
  /** Names of the left and the right side, where they are not truths and predictions. */
  sides?: readonly [left: string, right: string];
  /** Longest side of a stored image in pixels; by default 1000 of one, 480 of each of several. */
  storedSide?: number;
  /** Lines below the images. */
  notes?: readonly string[];
}

/** The views of images side by side. */
const SIDES = ['truths', 'predictions'] as const;

/** Longest side of a stored image in pixels: of one image, of the images of a gallery. */
const STORED_SIDE = { one: 1000, gallery: 480 };
const QUALITY = { one: 82, gallery: 75 };
const SHOWN_SIDE = { one: 720, gallery: 340 };
const LIMIT = 48;
const FALLBACK = { width: 400, images: 6 };
const MAX_LISTED = 50;
const READ_AT_ONCE = 4;

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
    { classes, title = 'images', sides, storedSide, notes, ...drawing }: LiveImagesOptions,
  ) {
    super();
    this.what = title;
    this.options = { classes, title, sides, storedSide, notes, ...checkDrawing(drawing, `show ${title}`, classes) };
    this.order = orderedImages(images, this.options.sortBy, `show ${title}`);
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
   * element of the class `detlab-live` inside of `root`. `images` is the number of those that could be read.
   */
  async part(): Promise<{ body: string; data: unknown; scripts: string[]; images: readonly LiveImage[] }> {
    const { readable, unreadable } = await this.read((pixels) => this.stored(pixels));
    const { sortBy, columns, width, sideBySide = false } = this.options;
    const hidden = this.images.length - this.shown.length;
    const notes = [
      ...(hidden > 0
        ? [`${this.shown.length} of ${this.images.length} images; { limit: ${this.images.length} } shows all`]
        : []),
      ...unreadable,
      ...(this.options.notes ?? []),
    ];
    const { body, images } = this.staticBody(readable, notes);
    const data = {
      ...this.legend(),
      ...this.view(),
      ...this.lineSizes(),
      sideBySide,
      sides: this.options.sides ?? SIDES,
      sortBy,
      columns,
      width,
      note: notes.join('\n'),
      images,
    };
    const drawn = readable.map(({ image }) => image);
    return { body, data, scripts: ['box-drawing', 'live-controls', 'live-images'], images: drawn };
  }

  async html(): Promise<string> {
    return interactiveHtml({ ...(await this.part()), entry: 'showLiveImages' });
  }

  /** PNG of the image, or of a grid of all that are shown. */
  async png(): Promise<Buffer> {
    return this.bytes('png');
  }

  protected formats(): Formats {
    return {
      png: () => this.bytes('png'),
      jpg: () => this.bytes('jpeg'),
      svg: () => this.svg(),
      html: () => this.html(),
      csv: () => boxesCsv(this.order, this.options.classes),
      json: () => ({ threshold: this.threshold, ...boxesJson(this.order, this.options.classes) }),
    };
  }

  protected async bundle(): Promise<MimeBundle> {
    const { images, ...part } = await this.part();
    return {
      'text/html': interactiveHtml({ ...part, entry: 'showLiveImages' }),
      ...(images.length > 0 && (await this.fallback())),
      'text/plain': this.toString(),
    };
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
      note: `${this.images.length} images, ${classes.length} classes, boxes with a score of at least ${shortScore(this.threshold)}`,
    });
  }

  /** Legend and view, for another display with the same options. */
  look(): { legend: LiveLegend; view: LiveView } {
    return { legend: this.legend(), view: this.view() };
  }

  /** RGBA of the first image with its boxes, at its own size: a frame of a video. */
  async frame(): Promise<{ data: Uint8Array; width: number; height: number }> {
    const { fontSize, lineWidth } = this.options;
    const [{ image, made }] = await this.drawable((pixels) => pixels);
    return paintedFrame(made, this.drawnBoxes(image, 'all'), { fontSize, lineWidth });
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

  private stored(pixels: PixelImage): Promise<StoredImage> {
    const kind = this.images.length === 1 ? 'one' : 'gallery';
    return storedImage(pixels, this.options.storedSide ?? STORED_SIDE[kind], QUALITY[kind]);
  }

  /**
   * What `of` makes of the pixels of each image that is shown; those that cannot be read are left out and named. A few at a time,
   * so that the pixels of many are never in memory together.
   */
  private async read<T>(
    of: (pixels: PixelImage) => T | Promise<T>,
  ): Promise<{ readable: { image: LiveImage; made: T }[]; unreadable: string[] }> {
    const readable: { image: LiveImage; made: T }[] = [];
    const unreadable: string[] = [];
    for (let first = 0; first < this.shown.length; first += READ_AT_ONCE) {
      const some = this.shown.slice(first, first + READ_AT_ONCE);
      const made = await Promise.all(
        some.map(async ({ pixels }) => {
          const read = await Promise.resolve(typeof pixels === 'function' ? pixels() : pixels).catch(
            (error: Error) => error,
          );
          return read instanceof Error ? read : { made: await of(read) };
        }),
      );
      for (const [i, one] of made.entries())
        if (one instanceof Error) unreadable.push(one.message);
        else readable.push({ image: some[i], made: one.made });
    }
    return { readable, unreadable };
  }

  /** @throws DetLabError when there are images, but none can be read */
  private async drawable<T>(of: (pixels: PixelImage) => T | Promise<T>): Promise<{ image: LiveImage; made: T }[]> {
    const { readable, unreadable } = await this.read(of);
    if (readable.length === 0 && unreadable.length > 0)
      throw new DetLabError(`Cannot draw ${this.what}: ${unreadable[0]}`);
    return readable;
  }

  private drawn(image: LiveImageData, stored: StoredImage) {
    const shownSide = this.images.length === 1 ? SHOWN_SIDE.one : SHOWN_SIDE.gallery;
    const shownWidth = this.options.width ?? shownSide * Math.min(1, image.width / image.height);
    const views = this.options.sideBySide ? SIDES.map((side) => this.view(side)) : [this.view()];
    return drawnImage(image, stored, this.legend(), views, { shownWidth, ...this.lineSizes() });
  }

  private staticBody(readable: readonly { image: LiveImage; made: StoredImage }[], notes: readonly string[]) {
    const images = readable.map(({ image }) => liveData(image, decimalsOf(image)));
    const figures = readable.map(({ image: given, made }, i) => {
      const image = images[i];
      const { svg, width } = this.drawn(image, made);
      const caption = escapeHtml(captionOf(given));
      const alt = escapeHtml(this.description(given));
      return `<div style="display:inline-block;vertical-align:top;margin:0 8px 8px 0;max-width:100%"><img alt="${alt}" title="${caption}" width="${width}" style="max-width:100%;height:auto" src="${svgAddress(svg)}"><br><small>${caption}</small></div>`;
    });
    const below = notes.map((note) => `<p><small>${escapeHtml(note)}</small></p>`);
    return { images, body: `<div class="detlab-live">${[...figures, ...below].join('\n')}</div>` };
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

  /** One SVG, of the image or of a grid of all that are shown. */
  async svg(): Promise<string> {
    const readable = await this.drawable((pixels) => this.stored(pixels));
    const drawn = readable.map(({ image, made }) => this.drawn(liveData(image, decimalsOf(image)), made));
    if (drawn.length === 1) return drawn[0].svg;
    const gap = 12;
    const columns = this.options.columns ?? Math.min(3, drawn.length);
    const width = Math.max(...drawn.map((d) => d.width));
    let [bottom, rowHeight] = [0, 0];
    const cells = drawn.map(({ svg, height }, i) => {
      if (i % columns === 0) [bottom, rowHeight] = [bottom + (i > 0 ? rowHeight + gap : 0), 0];
      rowHeight = Math.max(rowHeight, height);
      // ids are of the whole document
      const own = svg.replace("id='i'", `id='i${i}'`).replaceAll("'#i'", `'#i${i}'`);
      return own.replace('<svg ', `<svg x="${(i % columns) * (width + gap)}" y="${bottom}" `);
    });
    const whole = [columns * (width + gap) - gap, bottom + rowHeight];
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${whole[0]}" height="${whole[1]}">${cells.join('\n')}</svg>`;
  }

  /** PNG or JPEG. */
  async bytes(format: RasterFormat): Promise<Buffer> {
    const { width, fontSize, lineWidth, columns, sideBySide } = this.options;
    const sides = sideBySide ? SIDES : (['all'] as const);
    const names = this.options.sides ?? SIDES;
    const readable = await this.drawable((pixels) => pixels);
    const grid = readable.flatMap(({ image, made }) =>
      sides.map((side, s) => ({
        image: made,
        boxes: this.drawnBoxes(image, side),
        points: this.drawnPoints(image),
        caption: `${captionOf(image)}${side === 'all' ? '' : `: ${names[s]}`}`,
      })),
    );
    if (grid.length === 1)
      return drawBoxes(grid[0].image, grid[0].boxes, { width, fontSize, lineWidth, format, points: grid[0].points });
    const across = sideBySide ? 2 * (columns ?? 1) : columns;
    return drawGrid(grid, { columns: across, cellWidth: width, fontSize, lineWidth, format });
  }

  /**
   * A small PNG of few colours. JupyterLab, GitHub and exports as HTML take the HTML, whose images are right without scripts too;
   * this is for what knows no HTML, as LaTeX and terminals.
   */
  async fallback(): Promise<MimeBundle> {
    const images = this.options.sideBySide ? FALLBACK.images / 2 : FALLBACK.images;
    const few = this.with({ limit: Math.min(this.shown.length || 1, images) });
    // by way of a JPEG: a PNG takes ten times as long to write
    const png = await sharp(await few.bytes('jpeg'))
      .resize({ width: FALLBACK.width, withoutEnlargement: true })
      .png({ palette: true, colours: 16, dither: 0, effort: 1 })
      .toBuffer();
    return { 'image/png': png.toString('base64') };
  }

  private drawnBoxes(image: LiveImage, side: LiveView['side']): DrawnBox[] {
    return liveItems(liveData(image, decimalsOf(image), { outlines: false }), this.legend(), this.view(side)).map(
      ({ index, color, text, dashed, minor, region, strokes }) => {
        const { label, mask, ...box } = image.boxes[index];
        const corners = cornersOf(box);
        return { bbox: box.bbox, corners, mask, strokes, classIndex: label, color, text, dashed, minor, region };
      },
    );
  }

  private drawnPoints({ points = [] }: LiveImage): DrawnPoint[] {
    const { colors } = this.legend();
    return points.map(({ label, ...point }) => ({ ...point, color: colors[label] ?? '#888888' }));
  }
}

const numberText = (value: number | undefined): string =>
  value === undefined || Number.isNaN(value) ? '-' : Number.isInteger(value) ? String(value) : value.toFixed(3);

/** With the values, as the live display has them. */
const captionOf = ({ caption, source, values = {} }: LiveImage): string =>
  [caption ?? source, ...Object.entries(values).map(([name, value]) => `${name} ${numberText(value)}`)].join(' · ');
