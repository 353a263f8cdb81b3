// A run read back from its folder: log, config, how far it came and its checkpoint. Also mmengine's folders, whose scalars are in
// `vis_data`. What cannot be read is named; the rest is used.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { type ConfigObject, loadConfig } from '../config';
import { bestEvaluation, type ScalarRecord } from '../training/history';
import { CONFIG_FILE, RECORD_FILE, type RunRecord } from './run-config-hook';
import { chartMetrics } from './run-view';

/** A run as its folder has it: config, log, evaluations, checkpoints. */
export interface RunFolder {
  /** Absolute. */
  folder: string;
  /** Path from the folder that was looked through. */
  name: string;
  /** Name of the recipe, where the run says it. */
  recipe?: string;
  config?: ConfigObject;
  record?: Partial<RunRecord>;
  unit: 'epoch' | 'iteration';
  /** Epochs or iterations of the whole run, where known. */
  total?: number;
  /** Epochs or iterations done. */
  done: number;
  train: ScalarRecord[];
  evaluations: ScalarRecord[];
  /** Of the last evaluation: AP, AP50, AP75. */
  metrics: Record<string, number>;
  /** The evaluation with the highest value of the first metric. */
  best?: { at: number; metric: string; value: number };
  /** When it last wrote. */
  when: Date;
  /** `finished`, `running`, `stopped in epoch 2 of 12, ...`, `early stopping after epoch 7 of 12`, `ended early`. */
  status: string;
  /** Folder of the last checkpoint. */
  checkpoint?: string;
  /** What of it cannot be read. */
  problems: string[];
}

/** Where the scalars of a run may be, relative to its folder. */
const SCALARS = ['scalars.jsonl', path.join('vis_data', 'scalars.json')];

/** The file with a run's scalars; undefined where the folder is none of a run. */
export const scalarsOf = (folder: string): string | undefined =>
  SCALARS.map((file) => path.join(folder, file)).find((file) => existsSync(file));

/** Reads the run in `folder`, which has a file of scalars; damage is in `problems`. */
export function readRunFolder(folder: string, name: string): RunFolder {
  const problems: string[] = [];
  const read = <T>(file: string): T | undefined => {
    if (!existsSync(file)) return undefined;
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as T;
    } catch (error) {
      problems.push(`${path.relative(folder, file)}: ${(error as Error).message}`);
      return undefined;
    }
  };
  const scalars = scalarsOf(folder)!;
  const lines = readLines(scalars, (text) => problems.push(`${path.relative(folder, scalars)}: ${text}`));
  const { file: checkpoint, meta } = lastCheckpoint(folder, read, (text) => problems.push(text));
  const record = read<Partial<RunRecord>>(path.join(folder, RECORD_FILE));
  const config =
    read<ConfigObject>(path.join(folder, CONFIG_FILE)) ??
    meta?.config ??
    pythonConfig(path.join(folder, 'vis_data', 'config.py'), (text) => problems.push(text));
  const train = lines.filter((line) => 'loss' in line && 'iter' in line);
  const evaluations = lines.filter((line) => !('iter' in line) && 'step' in line);
  const unit = record?.unit ?? unitOf(config);
  const total = record?.total ?? totalOf(config, unit);
  const last = train.at(-1);
  const done = Math.max(evaluations.at(-1)?.step ?? 0, (unit === 'epoch' ? last?.epoch : last?.step) ?? 0);
  const history = { train, evaluations };
  return {
    folder,
    name,
    recipe: record?.name ?? meta?.name,
    config,
    record,
    unit,
    total,
    done,
    train,
    evaluations,
    metrics: evaluations.length > 0 ? chartMetrics(evaluations[evaluations.length - 1]) : {},
    best: bestEvaluation(history, 'auto'),
    when: statSync(scalars).mtime,
    status: statusOf(folder, { done, total }),
    checkpoint,
    problems,
  };
}

/** mmengine's dump of a config. */
function pythonConfig(file: string, problem: (text: string) => void): ConfigObject | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return loadConfig(file).config;
  } catch (error) {
    problem(`${path.basename(file)}: ${(error as Error).message}`);
    return undefined;
  }
}

/** Records of a file of JSON lines; lines that are none are counted. */
function readLines(file: string, problem: (text: string) => void): ScalarRecord[] {
  let broken = 0;
  const records: ScalarRecord[] = [];
  try {
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      if (line.trim() === '') continue;
      try {
        const record: unknown = JSON.parse(line);
        if (typeof record === 'object' && record !== null) records.push(record as ScalarRecord);
        else broken++;
      } catch {
        broken++;
      }
    }
  } catch (error) {
    problem((error as Error).message);
  }
  if (broken > 0) problem(`${broken} line${broken === 1 ? ' is' : 's are'} no JSON`);
  return records;
}

interface CheckpointMeta {
  name?: string;
  config?: ConfigObject;
}

/** The folder that `last_checkpoint` names (a file, in mmengine's folders), and what it keeps of the run. */
function lastCheckpoint(
  folder: string,
  read: <T>(file: string) => T | undefined,
  problem: (text: string) => void,
): { file?: string; meta?: CheckpointMeta } {
  const root = path.join(folder, 'checkpoints');
  const pointer = [path.join(root, 'last_checkpoint'), path.join(folder, '..', 'last_checkpoint')].find(existsSync);
  if (pointer === undefined) return {};
  try {
    const named = readFileSync(pointer, 'utf8').trim();
    const place = path.isAbsolute(named) ? named : path.join(path.dirname(pointer), named);
    if (!existsSync(place)) {
      problem(`last_checkpoint names "${named}", which is not there`);
      return {};
    }
    return { file: place, meta: read<{ meta?: CheckpointMeta }>(path.join(place, 'state.json'))?.meta };
  } catch (error) {
    problem(`last_checkpoint: ${(error as Error).message}`);
    return {};
  }
}

function unitOf(config: ConfigObject | undefined): RunFolder['unit'] {
  const loop = config?.train_cfg as ConfigObject | undefined;
  return loop?.type === 'IterBasedTrainLoop' || loop?.by_epoch === false ? 'iteration' : 'epoch';
}

function totalOf(config: ConfigObject | undefined, unit: RunFolder['unit']): number | undefined {
  const loop = config?.train_cfg as ConfigObject | undefined;
  const total = loop?.[unit === 'epoch' ? 'max_epochs' : 'max_iters'];
  return typeof total === 'number' ? total : undefined;
}

function statusOf(folder: string, { done, total }: Pick<RunFolder, 'done' | 'total'>): string {
  const lock = path.join(folder, '.training');
  if (existsSync(lock) && isAlive(Number(readFileSync(lock, 'utf8')))) return 'running';
  const log = path.join(folder, 'train.log');
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').slice(-20) : [];
  const stop = lines.findLast((line) => /^(stopped (in|after|before)|early stopping after) /.test(line));
  if (stop !== undefined) return stop.split(/[;:]/)[0];
  if (total === undefined) return 'ended';
  return done >= total ? 'finished' : 'ended early';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return Number.isInteger(pid) && pid > 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Folders of runs at and below `root`, in the order of their names; a run's own folders are not looked into. */
export function findRunFolders(root: string, deepest = 6): string[] {
  if (scalarsOf(root) !== undefined) return [root];
  if (deepest === 0) return [];
  try {
    return readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
      .map(({ name }) => name)
      .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
      .flatMap((name) => findRunFolders(path.join(root, name), deepest - 1));
  } catch {
    return []; // a folder that may not be read
  }
}
