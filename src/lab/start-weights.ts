// Loads pretrained weights after initialisation: those of `init_cfg: { type: 'Pretrained' }` in any module of the config,
// that of a teacher, then those of `loadFrom` or the config's `load_from`.

import { loadWeights, readWeights, reportLines, type Weights } from '../checkpoints';
import { type ConfigObject, type ConfigValue, isObject } from '../config';
import { timmCheckpoint } from '../models/backbones';
import type { Detector } from '../models/types';
import { RemoteError } from '../remote/request';
import { textModelWeights } from './weights/fetch-text-model';
import { fetchWeights } from './weights/fetch-weights';
import { isWeightsAddress } from './weights/hub-address';
import { type LoadFrom, placeFor, weightsFile } from './weights-file';

interface Start {
  /** The config of the model. */
  model: ConfigObject;
  from?: LoadFrom;
  notice: (line: string) => void;
  signal?: AbortSignal;
}

/** Milliseconds for which a server that could not be reached is not asked again for parts of a model. */
const PATIENCE = 600_000;
/** When the download of an address could not reach its server, and why. */
const unreachable = new Map<string, { at: number; why: string }>();

/**
 * Loads the weights of each `init_cfg` and of `from`. A part whose weights are nowhere starts from random ones, with a notice;
 * one that `from` has whole needs no others.
 *
 * @throws DetLabError when the file of `from` is missing, when no tensor matches, and for downloads that fail midway
 */
export async function startWeights(detector: Detector, { model, from, notice, signal }: Start): Promise<void> {
  const weights = from && readWeights(await fetchWeights(from.file, { signal, notice }), { key: from.key });
  const { file: _, key: __, ...options } = from ?? {};
  const load = (given: Weights) => loadWeights(detector, given, options);
  const report = weights && load(weights);
  const loaded = new Set(report?.loaded);
  let others = false;
  const parts = new Set([...detector.modules()].map(([name]) => name));
  for (const pretrained of [...pretrainedParts(model)].flatMap((part) => ofTwins(part, detector))) {
    const { path, checkpoint } = pretrained;
    if (!parts.has(path)) notice(`pretrained weights "${checkpoint}" are ignored: the model has no module "${path}"`);
    else if (!isWhole(detector, path, loaded)) {
      const file = await pretrainedFile(pretrained, notice, signal);
      if (file === undefined) continue;
      others = true;
      const part = { part: path === '' ? undefined : path, prefix: pretrained.prefix };
      for (const line of reportLines(loadWeights(detector, readWeights(file), part))) notice(line);
    }
  }
  for (const { path, name } of textModels(model)) {
    if (!parts.has(path) || isWhole(detector, path, loaded)) continue;
    const file = await textModelWeights(name, { notice, signal });
    if (file === undefined) notice(`the text model "${name}" at ${path} starts from random weights`);
    else {
      others = true;
      loadTextModel(detector, path, file, notice);
    }
  }
  const { teacher_ckpt: checkpoint } = model;
  if (detector.teacher && typeof checkpoint === 'string') {
    const file = await pretrainedFile({ path: 'the teacher', checkpoint }, notice, signal);
    if (file !== undefined) {
      others = true;
      for (const line of reportLines(loadWeights(detector.teacher, readWeights(file)))) notice(line);
    }
  }
  if (!weights || !report) return;
  if (others) load(weights);
  for (const line of reportLines(report)) notice(line);
}

/** What a config describes once, of a detector that has two of it: for each. */
const ofTwins = (part: Pretrained, { twins }: Detector): Pretrained[] =>
  twins && /^detector\b/.test(part.path)
    ? twins.map((twin) => ({ ...part, path: part.path.replace(/^detector\b/, twin) }))
    : [part];

/** The text models of a config whose own weights are named by what they are, and where their layers are in the detector. */
function textModels(model: ConfigObject): { path: string; name: string }[] {
  const { language_model: text } = model;
  if (!isObject(text) || text.type !== 'BertModel') return [];
  const name = typeof text.name === 'string' ? text.name : 'bert-base-uncased';
  return [{ path: 'language_model.language_backbone.body.model', name }];
}

/** Files of Hugging Face: names may begin with `bert.`, norms of older ones have gamma and beta. */
function loadTextModel(detector: Detector, path: string, file: string, notice: (line: string) => void): void {
  const given = readWeights(file);
  const tensors = [...given.tensors].map(([name, tensor]): [string, typeof tensor] => [
    name
      .replace(/^bert\./, '')
      .replace(/\.gamma$/, '.weight')
      .replace(/\.beta$/, '.bias'),
    tensor,
  ]);
  const used = tensors.filter(
    ([name]) => /^(embeddings|encoder|pooler)\./.test(name) && !name.endsWith('position_ids'),
  );
  for (const line of reportLines(loadWeights(detector, { ...given, tensors: new Map(used) }, { part: path })))
    notice(line);
}

/** Whether all tensors of a module are loaded; counters of batches are never read. */
function isWhole(detector: Detector, path: string, loaded: ReadonlySet<string>): boolean {
  if (loaded.size === 0) return false;
  const start = path === '' ? '' : `${path}.`;
  const names = [...detector.named()].map(([name]) => name).filter((name) => name.startsWith(start));
  return names.every((name) => loaded.has(name) || name.endsWith('num_batches_tracked'));
}

/** The file of a part's weights; undefined, with a notice, when it is not there and its server cannot be reached. */
async function pretrainedFile(
  { path, checkpoint }: Pretrained,
  notice: (line: string) => void,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const part = path === '' ? 'the model' : path;
  const without = (why: string) => {
    notice(`pretrained weights "${checkpoint}" not found: ${part} starts from random weights. ${why}`);
    return undefined;
  };
  const local = weightsFile(checkpoint);
  if (local !== undefined || !isWeightsAddress(checkpoint))
    return local ?? without(`Put the file at ${placeFor(checkpoint)}`);
  const before = unreachable.get(checkpoint);
  if (before && Date.now() - before.at < PATIENCE) return without(before.why);
  try {
    return await fetchWeights(checkpoint, { signal, notice });
  } catch (error) {
    if (!(error instanceof RemoteError) || (error.failure !== 'offline' && error.failure !== 'unreachable'))
      throw error;
    if (error.failure === 'unreachable') unreachable.set(checkpoint, { at: Date.now(), why: error.message });
    return without(error.message);
  }
}

interface Pretrained {
  /** Path of the module: `backbone`, `roi_head.bbox_head`. */
  path: string;
  checkpoint: string;
  prefix?: string;
}

function* pretrainedParts(value: ConfigValue, path = ''): Generator<Pretrained> {
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) yield* pretrainedParts(item, path === '' ? String(i) : `${path}.${i}`);
    return;
  }
  if (!isObject(value)) return;
  // MMPretrain's TIMMBackbone names its weights by the model
  if (typeof value.model_name === 'string' && value.pretrained === true) {
    const checkpoint = timmCheckpoint(value.model_name);
    if (checkpoint) yield { path: `${path}.timm_model`, checkpoint };
  }
  if (value.type === 'AppearanceFreeLink' && typeof value.checkpoint === 'string' && value.checkpoint !== '')
    yield { path: `${path}.model`, checkpoint: value.checkpoint };
  const init = value.init_cfg;
  for (const one of Array.isArray(init) ? init : [init]) {
    if (!isObject(one as ConfigValue)) continue;
    // PVT's configs leave out the type
    const { type = 'Pretrained', checkpoint, prefix } = one as ConfigObject;
    if (type !== 'Pretrained' || typeof checkpoint !== 'string') continue;
    yield { path, checkpoint, prefix: typeof prefix === 'string' ? prefix : undefined };
  }
  // a teacher has the weights of teacher_ckpt
  const skipped = typeof value.teacher_ckpt === 'string' ? ['init_cfg', 'teacher'] : ['init_cfg'];
  for (const [key, child] of Object.entries(value))
    if (!skipped.includes(key) && !key.startsWith('teacher_'))
      yield* pretrainedParts(child, path === '' ? key : `${path}.${key}`);
}
