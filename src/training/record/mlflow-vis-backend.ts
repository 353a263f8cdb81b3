// MLflowVisBackend (mmengine): MLflow's file store, folders of small text files that `mlflow ui --backend-store-uri` shows: metrics
// (`time value step` per line), parameters of the config, tags, and the config and drawn images as artifacts. A resumed run goes on in its own
// MLflow run. A tracking server is not written to: nothing of a run leaves the machine.

import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import type { History, ScalarRecord } from '../history';
import type { RecordedRun, VisBackend } from './vis-backend';

const values = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const options = z.strictObject({
  save_dir: z.string().min(1).nullish().describe('Folder of the file store; vis_data in work_dir when left out'),
  exp_name: z.string().min(1).nullish().describe("Experiment; 'Default' when left out"),
  run_name: z.string().min(1).nullish().describe('Name of the run; that of work_dir when left out'),
  tags: values.nullish().describe('Tags of the run'),
  params: values.nullish().describe('Parameters beside those of the config'),
  tracking_uri: z
    .string()
    .refine(
      (uri) => uri.startsWith('file:'),
      'expected a file: URL; servers are not written to, use mlflow to import the folder',
    )
    .nullish()
    .describe('file: URL of the store, in place of save_dir'),
  artifact_suffix: ignoredOption('the config and drawn images are the artifacts', { schema: z.unknown().optional() }),
  tracked_config_keys: z
    .array(z.string())
    .nullish()
    .describe('Keys of the config that are parameters; all when left out'),
  artifact_location: z.null().optional().describe('Only null: artifacts are in the folder of the run'),
});
type Options = z.output<typeof options>;

const RUNNING = 1;
const FINISHED = 3;
/** MLflow's limit of a parameter. */
const MAX_PARAM = 6000;

/** MLflow reads YAML, of which JSON's scalars are a part. */
const yaml = (entries: Record<string, string | number | null | never[]>): string =>
  Object.entries(entries)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
    .join('');

/** Names may have letters, digits, `_-. :/`; a slash is a folder, and none is outside that of the run. */
const keyOf = (name: string): string => name.replace(/[^\w\-. :/]/g, '_').replace(/(?<=^|\/)\.+(?=\/|$)/g, '_');

function* flattened(value: unknown, prefix: string): Generator<[key: string, value: string]> {
  if (typeof value === 'object' && value !== null && Object.keys(value).length > 0)
    for (const [key, inner] of Object.entries(value)) yield* flattened(inner, prefix === '' ? key : `${prefix}.${key}`);
  else yield [prefix, typeof value === 'string' ? value : JSON.stringify(value)];
}

class MLflowRecord implements VisBackend {
  readonly type = 'MLflowVisBackend';
  private folder = '';
  private meta: Record<string, string | number | null | never[]> = {};

  constructor(private readonly options: Options) {}

  start(run: RecordedRun): void {
    const { save_dir, tracking_uri, exp_name } = this.options;
    const root = tracking_uri
      ? new URL(tracking_uri).pathname
      : path.resolve(save_dir ?? path.join(run.workDir, 'vis_data'));
    const experiment = openExperiment(root, exp_name ?? 'Default');
    const former = run.step > 0 ? formerRun(path.join(root, experiment), run.workDir) : undefined;
    const id = former ?? randomUUID().replaceAll('-', '');
    this.folder = path.join(root, experiment, id);
    for (const part of ['metrics', 'params', 'tags', 'artifacts'])
      mkdirSync(path.join(this.folder, part), { recursive: true });
    if (former !== undefined) this.forgetAfter(run);
    const name = this.options.run_name ?? path.basename(path.resolve(run.workDir));
    this.meta = {
      artifact_uri: pathToFileURL(path.join(this.folder, 'artifacts')).href,
      end_time: null,
      entry_point_name: '',
      experiment_id: experiment,
      lifecycle_stage: 'active',
      run_id: id,
      run_name: name,
      run_uuid: id,
      source_name: '',
      source_type: 4, // LOCAL
      source_version: '',
      start_time: Date.now(),
      status: RUNNING,
      tags: [],
      user_id: userInfo().username,
    };
    this.writeMeta();
    const { tags, params, tracked_config_keys: tracked } = this.options;
    const settings = tracked ? Object.fromEntries(tracked.map((key) => [key, run.settings[key]])) : run.settings;
    this.put('tags', { 'mlflow.runName': name, 'detlab.workDir': path.resolve(run.workDir), ...tags });
    this.put('params', { ...Object.fromEntries(flattened(settings, '')), ...params });
    writeFileSync(path.join(this.folder, 'artifacts', 'config.py'), run.config);
  }

  /** What a killed process logged past its last checkpoint is logged again. */
  private forgetAfter({ history, step }: RecordedRun): void {
    const trained = new Set(history.train.flatMap((record) => Object.keys(record)).map(keyOf));
    const evaluated = new Set(history.evaluations.map((record) => record.step));
    const root = path.join(this.folder, 'metrics');
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = path.join(entry.parentPath, entry.name);
      const isKept = (at: number) => (trained.has(path.relative(root, file)) ? at <= step : evaluated.has(at));
      const lines = readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '' && isKept(Number(line.split(' ')[2])));
      writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
    }
  }

  private put(part: 'tags' | 'params', entries: Record<string, string | number | boolean>): void {
    for (const [key, value] of Object.entries(entries)) {
      const file = path.join(this.folder, part, keyOf(key));
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, String(value).slice(0, MAX_PARAM));
    }
  }

  scalars(list: keyof History, { step, time, ...record }: ScalarRecord): void {
    const metrics = { ...record, [list === 'train' ? 'time' : 'val/time']: time };
    for (const [key, value] of Object.entries(metrics)) {
      const file = path.join(this.folder, 'metrics', keyOf(key));
      mkdirSync(path.dirname(file), { recursive: true });
      appendFileSync(file, `${Date.now()} ${pythonNumber(value)} ${step}\n`);
    }
  }

  image(name: string, png: Uint8Array, step: number): void {
    const images = path.join(this.folder, 'artifacts', 'vis_image');
    mkdirSync(images, { recursive: true });
    writeFileSync(path.join(images, `${name}_${step}.png`), png);
  }

  close(): void {
    Object.assign(this.meta, { end_time: Date.now(), status: FINISHED });
    this.writeMeta();
  }

  private writeMeta(): void {
    writeFileSync(path.join(this.folder, 'meta.yaml'), yaml(this.meta));
  }
}

const pythonNumber = (value: number): string =>
  Number.isFinite(value) ? String(value) : Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';

/** The id of an experiment, which is made where it is not there. */
function openExperiment(root: string, name: string): string {
  mkdirSync(root, { recursive: true });
  const ids = readdirSync(root).filter((id) => existsSync(path.join(root, id, 'meta.yaml')));
  const text = (id: string) => readFileSync(path.join(root, id, 'meta.yaml'), 'utf8');
  const known = ids.find((id) => {
    const found = /^name: (.*)$/m.exec(text(id))?.[1].trim() ?? '';
    return found === name || found === JSON.stringify(name) || found === `'${name}'`;
  });
  if (known !== undefined) return known;
  const id = ids.includes('0') || name !== 'Default' ? String(Date.now()) : '0';
  const folder = path.join(root, id);
  mkdirSync(folder, { recursive: true });
  const now = Date.now();
  const meta = {
    artifact_location: pathToFileURL(folder).href,
    creation_time: now,
    experiment_id: id,
    last_update_time: now,
    lifecycle_stage: 'active',
    name,
  };
  writeFileSync(path.join(folder, 'meta.yaml'), yaml(meta));
  return id;
}

/** The run of a folder in an experiment. */
function formerRun(experiment: string, workDir: string): string | undefined {
  return readdirSync(experiment).find((id) => {
    const tag = path.join(experiment, id, 'tags', 'detlab.workDir');
    return existsSync(tag) && readFileSync(tag, 'utf8') === path.resolve(workDir);
  });
}

export const MLflowVisBackend = defineModule({
  kind: 'vis_backend',
  type: 'MLflowVisBackend',
  summary: "Scalars, config, tags and drawn images of a run in MLflow's file store, in vis_data",
  origin: 'mmengine',
  shapes: 'scalars of a run -> folders of text files',
  example: "{ type: 'MLflowVisBackend', exp_name: 'cells' }",
  options,
  build: (o): VisBackend => new MLflowRecord(o),
});
