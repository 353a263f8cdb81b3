// The frames of a video with boxes as data: a player with a score slider and switches of classes, whose boxes are drawn over the
// frames; without scripts the frame with the most boxes. What is stored of a video is bounded.

import type { PixelImage } from '../data/types';
import { DetLabError } from '../errors';
import { boxesCsv, boxesJson } from './box-records';
import type { MimeBundle } from './display';
import { checkDrawing, type DrawingOptions } from './drawing-options';
import { decimalsOf, drawnImage, svgAddress } from './drawn-image';
import { escapeHtml } from './escape';
import { interactiveHtml } from './interactive';
import { type LiveImage, liveData } from './live-image';
import { LiveImages, type LiveImagesOptions } from './live-images';
import { type Formats, SavableDisplay } from './savable';
import { shortScore } from './short-score';
import { type StoredImage, storedImage } from './stored-image';
import { tableText } from './table';

export interface PlayerFrame extends LiveImage {
  /** Seconds from the start. */
  time: number;
}

export interface VideoPlayerOptions extends LiveImagesOptions {
  title: string;
  /**
   * The pixels of every so many frames, from the first on, at a size of at least `side` where they have it: read once, in order.
   */
  pixelsOf(every: number, side: number): AsyncIterable<PixelImage>;
}

/** Frames that are stored, unless `limit` says so, and the bytes of their JPEGs. */
const FRAMES = 150;
const MAX_BYTES = 8 * 2 ** 20;
const SIDE = 560;
const QUALITY = 70;
const SHOWN_WIDTH = 720;
const FONT_SIZE = 13;
const LISTED = 50;
/** Frames of the picture of a video, for what knows no scripts. */
const SHEET = 6;

type Stored = StoredImage & { index: number };

export class VideoPlayer extends SavableDisplay {
  protected readonly what: string;

  /** @throws DetLabError for an unknown option */
  constructor(
    readonly frames: readonly PlayerFrame[],
    private readonly options: VideoPlayerOptions,
  ) {
    super();
    this.what = options.title;
  }

  /** The same video with other options; what is undefined stays as it is. */
  with(drawing: DrawingOptions): VideoPlayer {
    const { classes, title } = this.options;
    return new VideoPlayer(this.frames, { ...this.options, ...checkDrawing(drawing, `show ${title}`, classes) });
  }

  get threshold(): number {
    return this.options.threshold ?? 0.3;
  }

  async html(): Promise<string> {
    return this.page(await this.stored());
  }

  private page(stored: readonly Stored[]): string {
    const { notes = [], width, fontSize = FONT_SIZE, lineWidth = 2 } = this.options;
    const every = stored.length > 1 ? stored[1].index : this.frames.length;
    const lines = [
      ...(every > 1 ? [`one of every ${every} frames is shown, ${stored.length} of ${this.frames.length}`] : []),
      ...notes,
    ];
    const data = {
      ...this.look(),
      fontSize,
      lineWidth,
      width: width ?? SHOWN_WIDTH,
      note: lines.join('\n'),
      frames: stored.map(({ index, jpeg }) => ({
        ...liveData(this.frames[index], decimalsOf(this.frames[index])),
        number: index,
        time: this.frames[index].time,
        jpeg,
      })),
    };
    const below = lines.map((line) => `<p><small>${escapeHtml(line)}</small></p>`).join('');
    const body = `<div class="detlab-live">${this.still(stored)}${below}</div>`;
    const scripts = ['box-drawing', 'live-controls', 'live-images', 'video-player'];
    return interactiveHtml({ body, data, scripts, entry: 'showVideo' });
  }

  /** Legend and view of a display of images with the same options. */
  private look() {
    return new LiveImages([], this.imageOptions()).look();
  }

  private imageOptions(): LiveImagesOptions {
    const { pixelsOf: _, limit: __, ...options } = this.options;
    return options;
  }

  /** The stored frame with the most boxes at the threshold. */
  private still(stored: readonly Stored[]): string {
    const count = ({ index }: Stored) =>
      this.frames[index].boxes.filter(({ score = 1 }) => score >= this.threshold).length;
    const best = stored.reduce<Stored | undefined>((a, b) => (a && count(a) >= count(b) ? a : b), undefined);
    if (!best) return `<p>${escapeHtml(this.what)}: no frames</p>`;
    const frame = this.frames[best.index];
    const { fontSize = FONT_SIZE, lineWidth = 2, width } = this.options;
    const shownWidth = width ?? Math.min(SHOWN_WIDTH, SHOWN_WIDTH * (frame.width / frame.height));
    const { legend, view } = this.look();
    const drawn = drawnImage(liveData(frame, decimalsOf(frame)), best, legend, [view], {
      shownWidth,
      fontSize,
      lineWidth,
    });
    const caption = `${this.what}: frame ${best.index} of ${this.frames.length}, ${frame.time.toFixed(2)} s`;
    return (
      `<img alt="${escapeHtml(caption)}" width="${drawn.width}" style="max-width:100%;height:auto" src="${svgAddress(drawn.svg)}">` +
      `<br><small>${escapeHtml(caption)}</small>`
    );
  }

  /** Frames as JPEGs, evenly spread; thinned out where they are too many bytes. */
  private async stored(): Promise<Stored[]> {
    let every = Math.max(1, Math.ceil(this.frames.length / (this.options.limit ?? FRAMES)));
    let stored: Stored[] = [];
    let index = 0;
    for await (const pixels of this.options.pixelsOf(every, SIDE)) {
      if (index >= this.frames.length) break;
      stored.push({ index, ...(await storedImage(pixels, SIDE, QUALITY, false)) });
      index += every;
    }
    while (stored.reduce((sum, { jpeg }) => sum + jpeg.length, 0) > MAX_BYTES && stored.length > 1) {
      every *= 2;
      stored = stored.filter((_, i) => i % 2 === 0);
    }
    return stored;
  }

  /** A few frames side by side, for pictures. */
  private async sheet(): Promise<LiveImages> {
    const every = Math.max(1, Math.ceil(this.frames.length / SHEET));
    const images: LiveImage[] = [];
    for await (const pixels of this.options.pixelsOf(every, 0)) {
      const frame = this.frames[images.length * every];
      if (!frame) break;
      images.push({ ...frame, pixels, caption: `${frame.time.toFixed(2)} s` });
    }
    if (images.length === 0) throw new DetLabError(`Cannot draw ${this.what}: it has no frames`);
    return new LiveImages(images, this.imageOptions());
  }

  protected formats(): Formats {
    const { classes } = this.options;
    return {
      html: () => this.html(),
      png: async () => (await this.sheet()).png(),
      jpg: async () => (await this.sheet()).bytes('jpeg'),
      svg: async () => (await this.sheet()).svg(),
      csv: () => boxesCsv(this.frames, classes),
      json: () => ({ threshold: this.threshold, ...boxesJson(this.frames, classes) }),
    };
  }

  protected async bundle(): Promise<MimeBundle> {
    const fallback = this.frames.length > 0 ? await (await this.sheet()).fallback() : {};
    return { 'text/html': await this.html(), ...fallback, 'text/plain': this.toString() };
  }

  toString(): string {
    const { notes = [] } = this.options;
    const confident = ({ boxes }: LiveImage) => boxes.filter(({ score = 1 }) => score >= this.threshold).length;
    const more = this.frames.length - LISTED;
    return tableText({
      title: this.what,
      columns: ['frame', 'seconds', 'boxes'].map((title) => ({ title, align: 'right' as const })),
      rows: this.frames
        .slice(0, LISTED)
        .map((frame, i) => [String(i), frame.time.toFixed(2), String(confident(frame))]),
      note: [
        `${this.frames.length} frames, boxes with a score of at least ${shortScore(this.threshold)}`,
        ...(more > 0 ? [`${more} more frames`] : []),
        ...notes,
      ].join('\n'),
    });
  }
}
