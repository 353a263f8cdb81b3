// WandbVisBackend (mmengine): an offline run of Weights & Biases in `vis_data/wandb`, a row for each iteration that has something to
// say. Nothing of a run leaves the machine: `wandb sync FOLDER` uploads it when its owner wants to. A resumed run goes on in its own file.
// mmengine counts calls as wandb's steps; here a step is the iteration, also of evaluations and images.

import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import type { History, ScalarRecord } from '../history';
import type { RecordedRun, VisBackend } from './vis-backend';
import { readWandbRecords, WandbFile } from './wandb-file';

const name = z.string().min(1);
const SUMMARIES = ['min', 'max', 'mean', 'last', 'first', 'none', 'copy'] as const;
type Summary = (typeof SUMMARIES)[number];
const summary = z
  .string()
  .refine(
    (text) => text.split(',').every((kind) => (SUMMARIES as readonly string[]).includes(kind)),
    `expected some of ${SUMMARIES.join(', ')}, joined by commas`,
  );
const definedMetric = z.strictObject({
  name,
  step_metric: name.nullish(),
  step_sync: z.boolean().nullish(),
  hidden: z.boolean().nullish(),
  summary: summary.nullish(),
  overwrite: ignoredOption('each metric is defined once', { harmless: [false] }),
});
type DefinedMetric = z.output<typeof definedMetric>;

const ofWandb = ignoredOption('the run is written without the library wandb');
const initKwargs = z.strictObject({
  project: name.nullish(),
  entity: name.nullish(),
  name: name.nullish(),
  id: z
    .string()
    .regex(/^[^/\\#?%:]+$/, 'expected an id without / \\ # ? % :')
    .nullish(),
  group: name.nullish(),
  job_type: name.nullish(),
  notes: z.string().nullish(),
  tags: z.array(name).nullish(),
  config: z.record(z.string(), z.unknown()).nullish(),
  dir: name.nullish(),
  mode: z
    .string()
    .refine(
      (mode) => mode === 'offline' || mode === 'disabled',
      "expected 'offline' or 'disabled': nothing of a run leaves the machine; upload its folder with `wandb sync`",
    )
    .nullish(),
  resume: ignoredOption('a resumed run goes on in its own file', { harmless: [true, false, 'allow', 'auto', 'never'] }),
  reinit: ofWandb,
  save_code: ofWandb,
  settings: ofWandb,
  anonymous: ofWandb,
  allow_val_change: ofWandb,
  sync_tensorboard: ofWandb,
});

const options = z.strictObject({
  save_dir: name.nullish().describe('Folder of the folder wandb; vis_data in work_dir when left out'),
  init_kwargs: initKwargs
    .nullish()
    .describe(
      "Those of wandb.init: project, entity, name, id, group, job_type, notes, tags, config, dir, mode ('offline')",
    ),
  define_metric_cfg: z
    .union([z.record(z.string(), summary), z.array(definedMetric)])
    .nullish()
    .describe("What the summary has of a metric: { 'coco/bbox_mAP': 'max' }, or the arguments of wandb.define_metric"),
  commit: ignoredOption('a row is written when its iteration is over', { harmless: [true] }),
  log_code_name: ignoredOption('the config is the code, in files/config.py', { harmless: [null] }),
  watch_kwargs: ignoredOption('gradients and weights are not recorded', { harmless: [null], lost: true }),
});
type Options = z.output<typeof options>;

/** FileType of wandb. */
const [WANDB, MEDIA] = [1, 2];

/** As Python writes it. */
const json = (value: unknown): string =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : (JSON.stringify(value) ?? 'null');
const itemsOf = (values: Readonly<Record<string, unknown>>) =>
  Object.entries(values).map(([key, value]) => ({ nestedKey: [key], valueJson: json(value) }));

class WandbRecord implements VisBackend {
  readonly type = 'WandbVisBackend';
  private readonly init: NonNullable<Options['init_kwargs']>;
  private readonly metrics: DefinedMetric[];
  private readonly seen = new Map<string, number[]>();
  private log?: WandbFile;
  private files = '';
  private started = 0;
  private perEvaluation = 1;
  private row: { step: number; values: Record<string, unknown> } | undefined;

  constructor(private readonly options: Options) {
    this.init = options.init_kwargs ?? {};
    const given = options.define_metric_cfg ?? [];
    this.metrics = Array.isArray(given)
      ? given
      : Object.entries(given).map(([metric, kinds]) => ({ name: metric, summary: kinds }));
  }

  start(run: RecordedRun): void {
    if (this.init.mode === 'disabled') return;
    const parent = path.join(this.init.dir ?? this.options.save_dir ?? path.join(run.workDir, 'vis_data'), 'wandb');
    const workDir = path.resolve(run.workDir);
    const former = run.step > 0 ? formerRun(parent, workDir) : undefined;
    const id = this.init.id ?? randomBytes(6).toString('base64url').replace(/[-_]/g, 'x').toLowerCase();
    const file = former ?? path.join(parent, `offline-run-${timestamp(new Date())}-${id}`, `run-${id}.wandb`);
    this.files = path.join(path.dirname(file), 'files');
    mkdirSync(this.files, { recursive: true });
    this.started = Date.now();
    this.perEvaluation = run.stepsPerEvaluation;
    this.log = new WandbFile(file);
    if (former === undefined) this.begin(id, run, workDir);
    else
      this.log.cutFrom(
        ({ history, exit }) => exit !== undefined || stepOf(history) > run.step, // its summary goes before it, and is written again
      );
    for (const record of run.history.train) this.count(record);
    for (const record of run.history.evaluations) this.count(record);
    writeFileSync(path.join(this.files, 'config.py'), run.config);
  }

  private begin(id: string, run: RecordedRun, workDir: string): void {
    const { config, entity, group, job_type, name: title, notes, project, tags } = this.init;
    const settings = { ...run.settings, ...config, work_dir: workDir, _wandb: {} };
    const update = Object.entries(settings).map(([key, value]) => ({ key, valueJson: json(value) }));
    this.log?.write({ header: { versionInfo: { producer: 'DetLab', minConsumer: '0.70.0' } } });
    this.log?.write({
      run: {
        runId: id,
        ...(entity && { entity }),
        project: project ?? 'uncategorized',
        config: { update },
        ...(group && { runGroup: group }),
        ...(job_type && { jobType: job_type }),
        displayName: title ?? path.basename(workDir),
        ...(notes && { notes }),
        tags: tags ?? [],
        host: hostname(),
        startTime: { seconds: Math.floor(this.started / 1000), nanos: (this.started % 1000) * 1e6 },
      },
    });
    for (const metric of this.metrics) this.define(metric);
    this.log?.write({ files: { files: [{ path: 'config.py', type: WANDB }] } });
  }

  private define({ hidden, name: metric, step_metric, step_sync, summary: kinds }: DefinedMetric): void {
    const sync = step_sync ?? typeof step_metric === 'string';
    this.log?.write({
      metric: {
        ...(metric.includes('*') ? { globName: metric } : { name: metric }),
        ...(step_metric && { stepMetric: step_metric }),
        options: { defined: true, ...(hidden && { hidden }), ...(sync && { stepSync: sync }) },
        ...(kinds && { summary: Object.fromEntries(kinds.split(',').map((kind) => [kind, true])) }),
      },
    });
  }

  scalars(list: keyof History, { step, time, ...record }: ScalarRecord): void {
    const isTraining = list === 'train';
    const at = isTraining ? step : step * this.perEvaluation;
    const values = { ...record, ...(time !== undefined && { [isTraining ? 'time' : 'val/time']: time }) };
    this.count(values);
    this.put(at, values);
  }

  image(title: string, png: Uint8Array, step: number): void {
    if (!this.log) return;
    const sha256 = createHash('sha256').update(png).digest('hex');
    const place = `media/images/${title}_${step}_${sha256.slice(0, 20)}.png`;
    mkdirSync(path.join(this.files, 'media/images'), { recursive: true });
    writeFileSync(path.join(this.files, place), png);
    this.log.write({ files: { files: [{ path: place, type: MEDIA }] } });
    const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
    const [width, height] = [view.getUint32(16), view.getUint32(20)];
    const size = png.byteLength;
    this.put(step, { [title]: { _type: 'image-file', format: 'png', width, height, sha256, size, path: place } });
  }

  /** Steps of wandb only rise: what is of one iteration is one row. */
  private put(step: number, values: Record<string, unknown>): void {
    if (!this.log) return;
    if (this.row && step > this.row.step) this.writeRow();
    this.row = { step: this.row?.step ?? step, values: { ...this.row?.values, ...values } };
  }

  private writeRow(): void {
    const { log, row } = this;
    this.row = undefined;
    if (!log || !row) return;
    const now = Date.now();
    const general = { _timestamp: now / 1000, _runtime: (now - this.started) / 1000, _step: row.step };
    const shown = Object.entries(row.values).flatMap(([key, value]) => {
      const summarised = this.summaryOf(key, value);
      return summarised === undefined ? [] : [[key, summarised] as const];
    });
    log.write({ summary: { update: itemsOf({ ...Object.fromEntries(shown), ...general }) } });
    log.write({ history: { item: itemsOf({ ...row.values, ...general }), step: { num: row.step } } });
  }

  private count(record: Readonly<Record<string, number>>): void {
    for (const [key, value] of Object.entries(record))
      if (this.kindsOf(key)) this.seen.set(key, [...(this.seen.get(key) ?? []), value]);
  }

  private kindsOf(key: string): Summary[] | undefined {
    const defined = this.metrics.find(({ name: metric }) => metric === key || matches(metric, key));
    return defined?.summary?.split(',') as Summary[] | undefined;
  }

  /** What the summary has of a value: itself, or what was asked of its metric; undefined: nothing. */
  private summaryOf(key: string, value: unknown): unknown {
    const kinds = this.kindsOf(key);
    const values = this.seen.get(key);
    if (!kinds || !values) return value;
    if (kinds.includes('none')) return undefined;
    const found: Record<Exclude<Summary, 'none' | 'copy'>, () => number> = {
      min: () => Math.min(...values),
      max: () => Math.max(...values),
      mean: () => values.reduce((sum, one) => sum + one, 0) / values.length,
      last: () => values[values.length - 1],
      first: () => values[0],
    };
    const asked = kinds.filter((kind) => kind !== 'copy' && kind !== 'none');
    return asked.length === 0 ? value : Object.fromEntries(asked.map((kind) => [kind, found[kind]()]));
  }

  close(): void {
    this.writeRow();
    this.log?.write({ exit: { runtime: Math.round((Date.now() - this.started) / 1000) } });
    this.log = undefined;
  }
}

/** `loss/*` stands for all names that begin so. */
const matches = (pattern: string, key: string): boolean =>
  pattern.endsWith('*') && key.startsWith(pattern.slice(0, -1));

const stepOf = (history: unknown): number =>
  Number((history as { step?: { num?: number } } | undefined)?.step?.num ?? 0);

const timestamp = (date: Date): string => {
  const [day, time] = new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().split('T');
  return `${day.replaceAll('-', '')}_${time.slice(0, 8).replaceAll(':', '')}`;
};

/** The newest file of the runs in a folder that is of this work_dir. */
function formerRun(parent: string, workDir: string): string | undefined {
  if (!existsSync(parent)) return undefined;
  const files = readdirSync(parent)
    .filter((folder) => folder.startsWith('offline-run-'))
    .sort()
    .reverse()
    .flatMap((folder) =>
      readdirSync(path.join(parent, folder))
        .filter((file) => file.endsWith('.wandb'))
        .map((file) => path.join(parent, folder, file)),
    );
  return files.find((file) => {
    const run = readWandbRecords(file).find((record) => record.run !== undefined)?.run as
      | { config?: { update?: { key: string; valueJson: string }[] } }
      | undefined;
    return run?.config?.update?.some(({ key, valueJson }) => key === 'work_dir' && valueJson === json(workDir));
  });
}

export const WandbVisBackend = defineModule({
  kind: 'vis_backend',
  type: 'WandbVisBackend',
  summary: 'Scalars, config and drawn images of a run as an offline run of Weights & Biases, in vis_data/wandb',
  origin: 'mmengine',
  shapes: 'scalars of a run -> an offline run for `wandb sync`',
  example: "{ type: 'WandbVisBackend', init_kwargs: { project: 'cells' } }",
  options,
  build: (o): VisBackend => new WandbRecord(o),
});
