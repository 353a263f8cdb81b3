// The predictions of the frames of a video: an array of `Predictions`, displayed as a player.

import { inspect } from 'node:util';
import { framesAgain, type PixelImage, type SourceProblem, shortPath, type VideoFacts } from '../data';
import { type Displayable, JUPYTER_DISPLAY, type MimeBundle } from '../visualization/display';
import type { DrawingOptions } from '../visualization/drawing-options';
import { VideoPlayer } from '../visualization/video-player';
import { checkMethod } from './method-options';
import { outcomeLines, type PredictionOutcome } from './prediction/outcome';
import { type SavePredictionsOptions, savePredictions } from './prediction/save-predictions';
import { PredictionList } from './prediction-list';
import { checkPredictionDrawing, type Predictions } from './predictions';

/** The predictions of the frames of a video, in their order: an array of `Predictions`, displayed as a player. */
export class VideoPredictions extends Array<Predictions> implements Displayable {
  // map, filter and slice return plain arrays
  static override get [Symbol.species]() {
    return Array;
  }

  private constructor(
    readonly classes: readonly string[],
    /** The file, and the frames a second. */
    readonly video: VideoFacts,
    private readonly drawing: DrawingOptions,
    private readonly outcome: PredictionOutcome,
  ) {
    super();
    for (const name of ['classes', 'video', 'drawing', 'outcome'])
      Object.defineProperty(this, name, { enumerable: false });
  }

  static create(
    all: readonly Predictions[],
    classes: readonly string[],
    video: VideoFacts,
    drawing: DrawingOptions,
    outcome: PredictionOutcome,
  ): VideoPredictions {
    const result = new VideoPredictions(classes, video, drawing, outcome);
    for (const predictions of all) result.push(predictions);
    return result;
  }

  /** Frames that could not be used, with the reason. */
  get skipped(): readonly SourceProblem[] {
    return this.outcome.skipped;
  }

  /** Whether Stop ended it before the last frame. */
  get stopped(): boolean {
    return this.outcome.stopped;
  }

  /** Frames as a gallery: `video.frames((found) => found.confident.length > 3)`. */
  frames(test: (found: Predictions, frame: number) => boolean = () => true): PredictionList {
    return PredictionList.create(Array.from(this).filter(test), this.classes, this.drawing);
  }

  private get title(): string {
    return this.video.file === undefined
      ? (this[0]?.source.replace(/#\d+$/, '') ?? 'video')
      : shortPath(this.video.file);
  }

  /**
   * A player with a score slider and switches of classes; `limit` is the number of frames that are stored in it, 150.
   * @example predictions.show({ threshold: 0.5 }).save('clip.html')
   */
  show(drawing: DrawingOptions = {}): VideoPlayer {
    const { classes, title } = this;
    const frames = Array.from(this, (found) => ({ ...found.liveImage(), time: found.from.time ?? 0 }));
    const notes = outcomeLines(this.outcome, this.length, 'frames');
    const pixelsOf = (every: number, side: number) => this.pixelsOf(every, side);
    return new VideoPlayer(frames, { title, classes, notes, pixelsOf, ...this.drawing }).with(
      checkPredictionDrawing(drawing, `show ${title}`, classes),
    );
  }

  /** Every so many frames, from the first on; of a file in one go. @param side of the smaller frames that suffice, 0: whole */
  private async *pixelsOf(every = 1, side = 0): AsyncGenerator<PixelImage> {
    const { file, fps } = this.video;
    if (file !== undefined && this.every(({ source }, i) => source.endsWith(`#${i}`)))
      yield* framesAgain(file, this.title, { fps, every, ...(side > 0 && { side }) });
    else for (let i = 0; i < this.length; i += every) yield this[i].pixels();
  }

  /**
   * Writes the video with its boxes (.mp4, .webm), the player (.html), or what `PredictionList.save` writes.
   *
   * @example await predictions.save('clip-detected.mp4')
   * @throws DetLabError without ffmpeg, with how to install it
   */
  async save(target: string, options?: SavePredictionsOptions): Promise<string> {
    checkMethod('VideoPredictions.save', options);
    const { classes, title } = this;
    const display = (file: string) => this.show().save(file);
    const video = { fps: this.video.fps, frames: () => this.pixelsOf() };
    return savePredictions({ list: this, classes, what: title, display, video }, target, options);
  }

  async [JUPYTER_DISPLAY](): Promise<MimeBundle> {
    return this.show()[JUPYTER_DISPLAY]();
  }

  override toString(): string {
    return this.show().toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
