// `detlab predict [CONFIG] WEIGHTS SOURCE...`: boxes of images, folders, patterns, addresses, videos and cameras as tables or JSON
// lines; drawn with --out, and written to files with --save. WEIGHTS may be the folder of an ensemble.

import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import picomatch from 'picomatch';
import { DetLabError } from '../errors';
import { Ensemble } from '../lab/ensemble';
import { fileNamer, stemOf } from '../lab/prediction/file-names';
import type { FolderContent } from '../lab/prediction/folder-contents';
import { refuseBatch } from '../lab/prediction/image-detector';
import { OutputFolder } from '../lab/prediction/output-folder';
import { checkTarget } from '../lab/prediction/save-predictions';
import { VideoWriter } from '../lab/prediction/video-writer';
import { PredictionList } from '../lab/prediction-list';
import type { Predictions } from '../lab/predictions';
import { entitiesOf } from '../text/prompts';
import { type InferenceArguments, inferenceOptions } from './inference-options';
import { openPredictor } from './model-arguments';
import { EXIT, output, phase, untilInterrupted } from './outcome';

export interface PredictArguments extends InferenceArguments {
  out?: string;
  as?: FolderContent;
  save?: string[];
  threshold?: number;
  batch?: number;
  fps?: number;
  maxFrames?: number;
  track?: boolean;
  text?: string;
  cfgOptions?: string[];
  json?: boolean;
}

export async function predictCommand(given: string[], options: PredictArguments): Promise<number> {
  const out = output(options.json === true);
  const { model, rest: sources } = await phase(EXIT.usage, async () => {
    if (options.as !== undefined && options.out === undefined)
      throw new DetLabError('Cannot use --as: it is of --out <folder>, which is not given');
    for (const target of options.save ?? []) checkTarget('the predictions', target);
    const opened = await openPredictor(given, options.cfgOptions);
    if (opened.rest.length > 0) return opened;
    throw new DetLabError('Cannot predict: expected [CONFIG] WEIGHTS SOURCE..., received no source');
  });
  const { threshold, batch, fps, maxFrames } = options;
  const ownThreshold = model instanceof Ensemble ? undefined : model.threshold?.score;
  const track = options.track ? { track: true as const } : {};
  const drawings =
    options.out !== undefined && options.as === undefined ? new Drawings(options.out, sources) : undefined;
  const all: Predictions[] = [];
  let failed = 0;
  // continues with the other images
  const fail = (image: string, message: string): void => {
    failed++;
    out.event('error', { image, message });
    process.stderr.write(`${message}\n`);
  };
  return untilInterrupted(async (signal) => {
    const inference = await phase(EXIT.usage, () => {
      const given = inferenceOptions(options);
      const isEnsemble = model instanceof Ensemble;
      if (isEnsemble || given.tta || given.tiles) refuseBatch('predict', batch, isEnsemble);
      return given;
    });
    const { text } = options;
    const settings = {
      ...inference,
      ...(text !== undefined && { text }),
      threshold,
      batch,
      fps,
      maxFrames,
      ...track,
      signal,
    };
    const onSkip = ({ name, file, message }: { name: string; file?: string; message: string }) =>
      fail(file ?? name, message);
    const stream = await phase(EXIT.usage, () => model.stream(sources, { ...settings, onSkip }));
    try {
      for await (const predictions of stream) {
        const image = predictions.from.file ?? predictions.source;
        const drawn = drawings ? await drawings.add(predictions) : {};
        out.event('predictions', {
          image,
          ...(predictions.from.time !== undefined && { time: predictions.from.time }),
          picture: drawn.file,
          predictions: predictions.confident,
        });
        out.print(lineOf(predictions, drawn.file));
        if (drawn.error) fail(image, drawn.error);
        if (options.as !== undefined || options.save) all.push(predictions);
      }
    } finally {
      const ended = await drawings?.close();
      if (ended?.error) fail(ended.file, ended.error);
    }
    const classes = options.text === undefined ? model.classes : entitiesOf({ text: options.text });
    const list = PredictionList.create(all, classes, { threshold: threshold ?? ownThreshold });
    const targets = [
      ...(options.as === undefined ? [] : [{ target: `${options.out}/`, as: options.as }]),
      ...(options.save ?? []).map((target) => ({ target, as: undefined })),
    ];
    for (const { target, as } of targets) {
      if (all.length === 0) {
        out.print(`nothing saved to ${target}: no image was read`);
        continue;
      }
      try {
        const saved = await list.save(target, { as, threshold });
        out.event('saved', { file: saved });
        out.print(`saved: ${saved}`);
      } catch (error) {
        fail(target, (error as Error).message);
      }
    }
    return signal.aborted ? EXIT.interrupted : failed > 0 ? EXIT.data : EXIT.ok;
  });
}

/** A table; of a frame a line. */
function lineOf(predictions: Predictions, drawn: string | undefined): string {
  const { from, source, confident } = predictions;
  if (from.time === undefined) return `${predictions}${drawn ? `\ndrawn: ${drawn}` : ''}`;
  const boxes = `${confident.length} ${confident.length === 1 ? 'box' : 'boxes'}`;
  return `${source}  ${from.time.toFixed(2)} s  ${boxes}${drawn ? `  drawn: ${drawn}` : ''}`;
}

/** The drawings in a folder: an image each, and one video of the frames of a video. None replaces an image that is given. */
class Drawings {
  private readonly folder: OutputFolder;
  private readonly kept: string[];
  private readonly image: (source: string) => string;
  private readonly video: (source: string) => string;
  private writer?: { name: string; to: VideoWriter };
  /** A video that cannot be written: its first frame says why, the others are not tried. */
  private lost?: string;

  constructor(out: string, sources: readonly string[]) {
    this.folder = new OutputFolder(out);
    this.kept = sources.some((source) => isInside(out, source)) ? filesIn(out) : [];
    this.image = fileNamer(out, { extension: '.png', kept: this.kept });
    this.video = fileNamer(out, { extension: '.mp4', kept: this.kept });
  }

  /** Detections are printed whether or not they can be drawn. */
  async add(predictions: Predictions): Promise<{ file?: string; error?: string }> {
    const { source, from } = predictions;
    const name = source.replace(/#\d+$/, '');
    if (from.time === undefined) {
      await this.close();
      const file = this.image(source);
      try {
        await this.folder.make();
        await this.folder.write(path.resolve(file), await predictions.draw());
        return { file };
      } catch (error) {
        return { error: `Cannot draw the boxes of "${from.file ?? source}" in "${file}": ${(error as Error).message}` };
      }
    }
    if (this.lost === name) return {};
    try {
      if (this.writer?.name !== name) {
        await this.close();
        this.writer = { name, to: new VideoWriter(this.video(stemOf(name)), from.fps ?? 1) };
      }
      await this.writer.to.write(await predictions.frame());
      return { file: this.writer.to.file };
    } catch (error) {
      this.lost = name;
      const { writer } = this;
      this.writer = undefined;
      await writer?.to.abandon();
      return { error: `Cannot draw the boxes of "${source}": ${(error as Error).message}` };
    }
  }

  /** Ends the video. */
  async close(): Promise<{ file: string; error?: string } | undefined> {
    const { writer } = this;
    this.writer = undefined;
    if (!writer) return undefined;
    const { file } = writer.to;
    try {
      await writer.to.close();
      return { file };
    } catch (error) {
      await writer.to.abandon();
      return { file, error: (error as Error).message };
    }
  }
}

function isInside(folder: string, source: string): boolean {
  if (/^[a-z][a-z0-9+.-]+:/i.test(source)) return false;
  const { base, isGlob } = picomatch.scan(source);
  const relative = path.relative(path.resolve(folder), path.resolve(isGlob ? base : source));
  const above = path.relative(path.resolve(isGlob ? base : source), path.resolve(folder));
  return !relative.startsWith('..') || (isFolder(isGlob ? base : source) && !above.startsWith('..'));
}

const isFolder = (place: string): boolean => statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;

const filesIn = (folder: string): string[] =>
  isFolder(folder) ? readdirSync(folder).map((name) => path.join(folder, name)) : [];
