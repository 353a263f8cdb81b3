// Tries every neck of the catalogue on one detector: required options, output levels, parameters and multiply-adds.

import * as tf from '@tensorflow/tfjs';
import type { AnyDefinition } from '../catalogue/registry';
import { type ConfigObject, parseConfigValue } from '../config';
import type { Detector, FeatureSpec } from '../models/types';
import { Display } from '../visualization/display';
import { saveAs } from '../visualization/savable';
import { millions } from '../visualization/summary-table';
import { type Table, tablesBundle } from '../visualization/table';
import { tableFormats } from '../visualization/table-files';
import { buildModel, type RecipeSpec, resolveClasses } from './build-model';
import { carryHeads } from './carry-heads';
import { catalogue } from './catalogue';
import { detectorPath, necksAt, withDetector } from './config-access';
import { detectorFlops } from './flops';
import { swapNeck } from './neck-swap';

export interface NeckRow {
  type: string;
  summary: string;
  /** Options that have no default and cannot be inferred. */
  required: string[];
  /** The config used. */
  config: ConfigObject;
  outputs: FeatureSpec[];
  /** Parameters of the neck. */
  neckParameters?: number;
  /** Parameters of the detector with this neck. */
  parameters?: number;
  /** Multiply-adds of the detector with this neck. */
  flops?: number;
  /** The reason why it is incompatible. */
  problem?: string;
}

export interface NeckTableOptions {
  /** Height and width of the image; the test pipeline's when absent. */
  input?: [number, number];
  /** False skips multiply-adds, which require an engine and a forward pass of every neck. */
  flops?: boolean;
  /** Called after each neck. */
  onRow?: (row: NeckRow) => void;
}

export interface NeckTable {
  detector: string;
  input: [number, number];
  necks: NeckRow[];
}

/**
 * The configs to try for a neck, in order: carried-over options with the missing ones from the neck's example, then all
 * options of the example.
 */
function trials(
  definition: AnyDefinition,
  old: readonly ConfigObject[],
): { configs: ConfigObject[]; required: string[] } {
  const { config, options } = swapNeck(old, definition.type, catalogue);
  const required = options.filter((option) => option.required).map(({ name }) => name);
  if (old.length === 1 && definition.type === old[0].type) return { configs: [old[0]], required };
  const { in_channels: _, ...example } = exampleConfig(definition);
  const missing = options.filter(({ name, origin }) => origin === 'missing' && name in example);
  const filled = Object.fromEntries(missing.map(({ name }) => [name, example[name]]));
  return {
    configs: [
      { ...config, ...filled },
      { ...example, ...config },
    ],
    required,
  };
}

function exampleConfig({ example }: AnyDefinition): ConfigObject {
  try {
    return parseConfigValue(example) as ConfigObject;
  } catch {
    return {};
  }
}

/**
 * @param standard default size of the input
 * @throws DetLabError when the detector itself cannot be built
 */
export async function neckTable(
  spec: RecipeSpec,
  standard: [number, number],
  { onRow, flops = true, input = standard }: NeckTableOptions = {},
): Promise<NeckTable> {
  const classes = resolveClasses(spec);
  const build = (neck?: ConfigObject) => {
    if (!neck) return buildModel(spec, classes, undefined, undefined, { withoutEngine: !flops });
    const config = withDetector(spec.config, (old) => carryHeads({ ...old, neck }, catalogue, path).model);
    return buildModel({ ...spec, config }, classes, undefined, undefined, { withoutEngine: !flops });
  };
  const path = detectorPath(spec.config);
  const old = necksAt(spec.config, `${path}.neck`);
  // the backbone costs the same with every neck: it runs once
  const base = await build();
  const levels = featuresOf(base, input);
  const shared = flops ? detectorFlops(base, input) - detectorFlops(base, input, { backboneLevels: levels }) : 0;
  base.dispose();
  const necks: NeckRow[] = [];
  try {
    for (const type of catalogue.types('neck')) {
      const definition = catalogue.get('neck', type);
      const { configs, required } = trials(definition, old);
      const row: NeckRow = { type, summary: definition.summary, required, config: configs[0], outputs: [] };
      let detector: Detector | undefined;
      try {
        for (const config of configs) {
          try {
            detector = await build(config);
            row.config = config;
            break;
          } catch (error) {
            row.problem ??= (error as Error).message.replace(/\s+/g, ' ');
          }
        }
        if (detector) {
          const { neck } = detector;
          row.outputs = neck?.outputs ?? [];
          row.neckParameters = neck?.parameterCount();
          row.parameters = detector.parameterCount();
          if (flops) row.flops = shared + detectorFlops(detector, input, { backboneLevels: levels });
          delete row.problem;
        }
      } catch (error) {
        row.problem = (error as Error).message.replace(/\s+/g, ' ');
      } finally {
        detector?.dispose();
      }
      necks.push(row);
      onRow?.(row);
    }
  } finally {
    tf.dispose(levels);
  }
  return { detector: spec.name, input, necks };
}

/** Zero features of the backbone's output shapes. */
function featuresOf(detector: Detector, [height, width]: [number, number]): tf.Tensor4D[] {
  const batch = tf.tidy(() =>
    tf.keep(
      detector.preprocess([
        {
          image: { data: new Uint8Array(3), width: 1, height: 1, order: 'bgr' },
          meta: { imgId: 0, imgPath: '', oriShape: [1, 1], imgShape: [1, 1], scaleFactor: [1, 1], flip: false },
          truths: { bboxes: new Float32Array(), labels: new Int32Array(), ignored: new Uint8Array() },
        },
      ]).inputs,
    ),
  );
  // an image of one pixel is padded to the padding's divisor
  const divisor = batch.shape[1];
  batch.dispose();
  const [h, w] = [height, width].map((size) => Math.ceil(size / divisor) * divisor);
  return detector.backbone.outputs.map(({ channels, stride }) =>
    tf.zeros<tf.Rank.R4>([1, Math.ceil(h / stride), Math.ceil(w / stride), channels]),
  );
}

const giga = (flops: number) => `${(flops / 1e9).toFixed(1)} G`;

/** The table to display; a note lists why necks are incompatible. */
export function neckTableRows({ detector, input, necks }: NeckTable): Table {
  const incompatible = necks.filter(({ problem }) => problem !== undefined);
  return {
    title: `Necks on ${detector}, input ${input[0]} × ${input[1]}`,
    columns: [
      { title: 'neck' },
      { title: 'required' },
      { title: 'strides' },
      { title: 'channels', align: 'right' },
      { title: 'neck', align: 'right' },
      { title: 'detector', align: 'right' },
      { title: 'multiply-adds', align: 'right' },
    ],
    rows: necks.map(({ type, required, outputs, neckParameters, parameters, flops, problem }) => [
      type,
      required.join(', '),
      problem === undefined ? outputs.map(({ stride }) => stride).join(', ') : 'incompatible',
      [...new Set(outputs.map(({ channels }) => channels))].join(', '),
      neckParameters === undefined ? '' : millions(neckParameters),
      parameters === undefined ? '' : millions(parameters),
      flops === undefined ? '' : giga(flops),
    ]),
    note: incompatible.map(({ type, problem }) => `${type}: ${problem}`).join('\n') || undefined,
  };
}

/** The table in a notebook and on a terminal. */
export class NeckTableDisplay extends Display {
  constructor(readonly table: NeckTable) {
    super(tablesBundle(neckTableRows(table)));
  }

  /** Writes the table as .html, .csv, .json, .svg, .png or .txt; returns the absolute path. */
  save(file: string): Promise<string> {
    return saveAs('the necks', tableFormats(this.table, neckTableRows(this.table)), file);
  }
}
