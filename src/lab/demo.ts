// A model as an interactive display that detects in a browser: a page or a notebook's cell with the engine and the weights in it,
// which needs neither a kernel nor a server.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { safetensorsParts } from '../checkpoints/safetensors';
import { type ConfigObject, type ConfigValue, isObject } from '../config';
import { DetLabError } from '../errors';
import type { Detector } from '../models/types';
import { encodeState } from '../nn/stored-tensor';
import { packageRoot } from '../paths';
import { BOX_STATES } from '../visualization/box-states';
import { type Displayable, JUPYTER_DISPLAY, type MimeBundle } from '../visualization/display';
import { escapeHtml } from '../visualization/escape';
import { htmlPage } from '../visualization/html-page';
import { interactiveHtml } from '../visualization/interactive';
import { colourOf } from '../visualization/palette';
import { formatOf } from '../visualization/savable';
import { objectAt, readsText } from './config-access';
import { configuredPalette } from './configured-palette';
import { evaluationPipeline } from './evaluation-pipeline';
import type { ModelThreshold } from './model-threshold';
import { predictingAlone } from './predicting-alone';
import { shownFrom } from './predictions';
import { namesUserModule } from './user-modules';

/** Weights above this size are written beside the page, and are too many for a notebook's cell. */
const ONE_FILE = 25e6;
/** Of each part: 24 MB of base64. */
const PART_BYTES = 18e6;

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

/** The engine for browsers, compressed. */
function engine(): string {
  const file = path.join(packageRoot, 'dist', 'web', 'page.js');
  if (!existsSync(file))
    throw new DetLabError('Cannot make a page: the engine for browsers is not built. Run `npm run build`');
  return gzipSync(readFileSync(file), { level: 9 }).toString('base64');
}

/** A config without names of pretrained weights: the page has the weights, and nothing of this machine. */
function withoutPretrained(value: ConfigValue): ConfigValue {
  if (Array.isArray(value)) return value.map(withoutPretrained);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(
    ([key, v]) => key !== 'pretrained' && !(key === 'init_cfg' && isObject(v) && v.type === 'Pretrained'),
  );
  return Object.fromEntries(kept.map(([key, v]) => [key, withoutPretrained(v)]));
}

/** A `Model`, as a page needs it. */
export interface PageModel {
  readonly detector: Detector;
  readonly name: string;
  readonly classes: readonly string[];
  readonly config: ConfigObject;
  readonly threshold?: ModelThreshold;
  meta(): { name: string; classes: readonly string[]; config: ConfigObject; threshold?: ModelThreshold };
  requireWeights(what: string): void;
}

/** What a browser reads of a model: as `model.save('x.safetensors')` writes it, without what only training needs. */
function browserMeta(model: PageModel, config: ConfigObject): Record<string, string> {
  const { name, classes, threshold } = model.meta();
  const { steps } = evaluationPipeline(config, 'test');
  const reduced: ConfigObject = {
    model: withoutPretrained(config.model),
    test_dataloader: { dataset: { pipeline: steps as unknown as ConfigValue } },
  };
  return { detlab: JSON.stringify({ name, classes, config: reduced, ...(threshold && { threshold }) }) };
}

export const isPageFile = (file: string): boolean => /\.html?$/i.test(file);

export class Demo implements Displayable {
  constructor(private readonly model: PageModel) {
    if (namesUserModule(model.config))
      throw new DetLabError(
        `Cannot make a page of "${model.name}": it has modules of this session (register), whose code a page does not have. ` +
          'Expected built-in modules only',
      );
    if (readsText(objectAt(model.config, 'model')))
      throw new DetLabError(
        `Cannot make a page of "${model.name}": it finds what a text names, and a page does not have the vocabulary of its text model`,
      );
  }

  /**
   * Writes the page. Weights of more than 25 MB (`oneFile`, in bytes) are put into a folder beside it, which must go with it.
   *
   * @returns absolute path of the page
   * @throws DetLabError for another extension than .html
   */
  save(file: string, { oneFile = ONE_FILE }: { oneFile?: number } = {}): string {
    formatOf('a demonstration', ['html'], file);
    const target = path.resolve(file);
    const pieces = this.weights();
    const bytes = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
    mkdirSync(path.dirname(target), { recursive: true });
    const weights =
      bytes <= oneFile
        ? Buffer.concat(pieces).toString('base64')
        : { files: writeParts(Buffer.concat(pieces), target), bytes };
    writeFileSync(target, htmlPage(this.model.name, this.html(weights, true)));
    return target;
  }

  private weights(): Uint8Array[] {
    this.model.requireWeights('make a page of');
    const { detector, config } = predictingAlone({ detector: this.model.detector, config: this.model.meta().config });
    return [...safetensorsParts(encodeState(detector.stateDict()), browserMeta(this.model, config))];
  }

  private html(weights: string | { files: string[]; bytes: number }, isPage: boolean): string {
    const { name, classes, config, threshold } = this.model;
    const palette = configuredPalette(config, classes);
    const heading = isPage
      ? `<h1 style="font-size:22px;margin:0 0 2px">${escapeHtml(name)}</h1><p style="margin:0 0 14px;opacity:.75">Detects ${escapeHtml(summaryOf(classes))}. Everything is computed in this page: no image leaves it.</p>`
      : '';
    return interactiveHtml({
      body: `${heading}<div class="detlab-demo"><p>${escapeHtml(name)} detects ${escapeHtml(summaryOf(classes))} here, where scripts may run.</p></div>`,
      data: {
        engine: engine(),
        weights,
        name,
        isPage,
        classes,
        colors: classes.map((_, i) => colourOf(i, palette)),
        states: Object.keys(BOX_STATES),
        stateColors: Object.values(BOX_STATES),
        threshold: threshold?.score ?? shownFrom,
        color: 'class',
        labels: 'all',
        hiddenClasses: [],
        hiddenStates: [],
        side: 'all',
        fontSize: 13,
        lineWidth: 2,
      },
      scripts: ['box-drawing', 'live-controls', 'live-images', 'demo-engine', 'demo-film', 'demo-folders', 'demo'],
      entry: 'showDemo',
    });
  }

  [JUPYTER_DISPLAY](): MimeBundle {
    const pieces = this.weights();
    const bytes = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const text = this.toString();
    if (bytes > ONE_FILE)
      return { 'text/plain': `${text}: its ${megabytes(bytes)} of weights are too many for a cell` };
    return { 'text/html': this.html(Buffer.concat(pieces).toString('base64'), false), 'text/plain': text };
  }

  toString(): string {
    return `${this.model.name} in a browser. Use model.save('demo.html') for a page`;
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

const MAX_NAMED = 6;

function summaryOf(classes: readonly string[]): string {
  const more = classes.length - MAX_NAMED;
  return more > 1 ? `${classes.slice(0, MAX_NAMED).join(', ')} and ${more} more classes` : classes.join(', ');
}

const folderOf = (page: string): string => `${path.parse(page).name}-weights`;

/** The folder beside a page that has its weights, absolute; undefined where they are in the page. */
export function weightsBeside(page: string): string | undefined {
  const folder = folderOf(page);
  const isLoaded = readFileSync(page, 'utf8').includes(`"${encodeURIComponent(folder)}/part-1.js"`);
  return isLoaded ? path.resolve(path.dirname(page), folder) : undefined;
}

/** Scripts with the parts, in a folder named after the page: a page on disk may load scripts, but not fetch files. */
function writeParts(weights: Buffer, page: string): string[] {
  const { dir } = path.parse(page);
  const folder = folderOf(page);
  mkdirSync(path.join(dir, folder), { recursive: true });
  const files: string[] = [];
  for (let at = 0; at < weights.byteLength; at += PART_BYTES) {
    const file = `part-${files.length + 1}.js`;
    const part = weights.subarray(at, at + PART_BYTES).toString('base64');
    writeFileSync(path.join(dir, folder, file), `detlabWeights("${part}");\n`);
    files.push(`${encodeURIComponent(folder)}/${file}`);
  }
  return files;
}
