// Modules of the user's, by `register` and `custom_imports`. What is built of them is checked where a model is built:
// backbones, necks and dense heads run once on a small input, so that levels, channels and strides that differ from what
// `outputs` declares are refused by name, and not by a convolution of the next part.

import * as tf from '@tensorflow/tfjs';
import { type AnyDefinition, type BuildContext, KINDS, type Kind } from '../catalogue/registry';
import { type ConfigValue, isObject } from '../config';
import { DetLabError, didYouMean, nameOfValue } from '../errors';
import { DenseHead } from '../models/dense-heads/dense-head';
import type { FeatureSpec } from '../models/types';
import { Module } from '../nn';
import { catalogue } from './catalogue';

/** Kinds whose modules are children of a model. */
const PARTS: readonly Kind[] = ['detector', 'backbone', 'neck', 'dense_head', 'roi_head', 'bbox_head', 'mask_head'];
/** Size of the coarsest level: with fewer cells, a padding could pass for another stride. */
const CELLS = [4, 6] as const;
const EXAMPLE = 'this.outputs = inputs.map(({ stride }) => ({ stride, channels: 256 }))';

interface Part {
  kind: Kind;
  type: string;
  path: string;
}
type Levels = (module: Module, features: tf.Tensor4D[]) => unknown;

/** Kind and type of each. */
const registered = new Set<string>();

/** Whether a config names a module of the user's anywhere. */
export function namesUserModule(config: ConfigValue): boolean {
  if (Array.isArray(config)) return config.some(namesUserModule);
  if (!isObject(config)) return false;
  const { type } = config;
  const isUsers = typeof type === 'string' && KINDS.some((kind) => registered.has(`${kind} ${type}`));
  return isUsers || Object.values(config).some(namesUserModule);
}

/** @throws DetLabError for what is no definition, or one of a name that a built-in module has */
function checkDefinition(definition: Partial<AnyDefinition> | undefined): void {
  const { kind, type, options, build } = definition ?? {};
  const missing = Object.entries({ kind, type, options, build }).flatMap(([key, value]) => (value ? [] : [key]));
  if (missing.length > 0)
    throw new DetLabError(
      `Cannot register ${nameOfValue(definition)}: it has no ${missing.join(', no ')}. Expected ` +
        `defineModule({ kind, type, summary, example, options, build })`,
    );
  if (!KINDS.includes(kind as Kind))
    throw new DetLabError(`Cannot register "${type}": no kind "${kind}".${didYouMean(String(kind), KINDS)}`);
  if (!registered.has(`${kind} ${type}`) && catalogue.find(kind as Kind, String(type)))
    throw new DetLabError(
      `Cannot register ${kind} "${type}": DetLab has a module of this name, which all configs mean by it. Give it another ` +
        `type, such as "My${type}"`,
    );
}

/**
 * Adds a module of the user's to the catalogue, in place of an earlier one of the same name.
 *
 * @throws DetLabError for what is no definition, or one of a name that a built-in module has
 */
export function addUserModule(definition: AnyDefinition): void {
  checkDefinition(definition);
  const { kind, type, build } = definition;
  registered.add(`${kind} ${type}`);
  if (!PARTS.includes(kind)) {
    catalogue.add(definition);
    return;
  }
  const checked = (options: unknown, context: BuildContext) => {
    const part = { kind, type, path: context.path };
    const built = buildPart(() => build(options, context), part);
    checkPart(built, part, context.inputs);
    return built;
  };
  catalogue.add({ ...definition, build: checked });
}

const fails = ({ kind, type, path }: Part, reason: string, cause?: unknown): never => {
  const name = kind.replaceAll('_', ' ');
  const place = path ? ` (${path})` : '';
  throw new DetLabError(`Cannot build ${name} "${type}"${place}: ${reason}`, cause === undefined ? {} : { cause });
};

/** Errors of the user's code say what was being built; those of DetLab say it themselves. */
function buildPart(build: () => unknown, part: Part): unknown {
  try {
    return build();
  } catch (error) {
    if (error instanceof DetLabError) throw error;
    return fails(part, `its build fails: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

/** Modules in a property that are no children would be neither trained nor saved. */
function checkChildren(root: Module, part: Part): void {
  const modules = new Map([...root.modules()].map(([path, module]) => [module, path]));
  for (const [module, path] of modules) {
    for (const [name, value] of Object.entries(module)) {
      const items: unknown[] = Array.isArray(value) ? value : [value];
      if (!items.some((item) => item instanceof Module && !modules.has(item))) continue;
      const list = Array.isArray(value);
      fails(
        part,
        `"${path ? `${path}.` : ''}${name}" holds modules that are not its children, so their weights would be neither trained ` +
          `nor saved. In the constructor: this.${name} = this.addChild('${name}', ${list ? 'new nn.ModuleList([...])' : '...'})`,
      );
    }
  }
}

function checkPart(built: unknown, part: Part, inputs: readonly FeatureSpec[] | undefined): void {
  if (!(built instanceof Module))
    fails(
      part,
      `its build returned ${built instanceof Promise ? 'a promise' : nameOfValue(built)}, expected an instance of a class ` +
        'that extends Module. Nothing in build may be awaited',
    );
  const module = built as Module & { forward?: unknown };
  checkChildren(module, part);
  if (part.kind === 'backbone') checkLevels(module, part, declared(module, part), undefined);
  if (part.kind === 'neck') checkLevels(module, part, declared(module, part), inputs);
  if (module instanceof DenseHead && inputs) checkHead(module, part, inputs);
}

/** What a backbone or a neck declares of its levels. */
function declared(module: Module & { outputs?: unknown; forward?: unknown }, part: Part): FeatureSpec[] {
  if (typeof module.forward !== 'function') fails(part, 'it has no method forward');
  const { outputs } = module;
  if (!Array.isArray(outputs) || outputs.length === 0)
    fails(
      part,
      `it has no \`outputs\`: received ${nameOfValue(outputs)}, expected the channels and the stride of each level that ` +
        `forward returns, which the next part is built by. In its constructor: ${EXAMPLE}`,
    );
  const levels = outputs as Partial<FeatureSpec>[];
  const isCount = (value: unknown) => Number.isInteger(value) && (value as number) > 0;
  const wrong = levels.findIndex((level) => !isCount(level?.channels) || !isCount(level?.stride));
  if (wrong >= 0)
    fails(
      part,
      `outputs[${wrong}] is ${JSON.stringify(levels[wrong])}, expected { channels, stride }, both positive integers. ` +
        `In its constructor: ${EXAMPLE}`,
    );
  return levels as FeatureSpec[];
}

function shapeOf(value: unknown): string {
  if (value instanceof tf.Tensor) return `[${value.shape.join(', ')}]`;
  return value instanceof Promise ? 'a promise: it must not be async' : nameOfValue(value);
}
const listed = (levels: readonly FeatureSpec[]) =>
  levels.map(({ channels, stride }) => `${channels} channels at stride ${stride}`).join(', ');

/** [1, H, W, C] zeros of each level, of an image that all strides divide. */
function zerosOf(levels: readonly FeatureSpec[], image: readonly number[]): tf.Tensor4D[] {
  return levels.map(({ channels, stride }) =>
    tf.zeros([1, Math.ceil(image[0] / stride), Math.ceil(image[1] / stride), channels]),
  );
}

/** Runs a module on zeros; what it throws is reported with its own lines. */
function run(module: Module, part: Part, features: tf.Tensor4D[], forward: Levels): unknown {
  try {
    return forward(module, features);
  } catch (error) {
    const shapes = features.map(shapeOf).join(', ');
    const reason = error instanceof Error ? error.message : String(error);
    return fails(
      part,
      `its forward fails on ${features.length === 1 ? 'an input' : 'inputs'} ${shapes}: ${reason}`,
      error,
    );
  }
}

/** @param inputs levels that a neck reads; a backbone reads the image */
function checkLevels(
  module: Module,
  part: Part,
  outputs: FeatureSpec[],
  inputs: readonly FeatureSpec[] | undefined,
): void {
  const coarsest = Math.max(...[...outputs, ...(inputs ?? [])].map(({ stride }) => stride));
  const image = CELLS.map((cells) => cells * coarsest);
  tf.tidy(() => {
    const features = inputs ? zerosOf(inputs, image) : [tf.zeros<tf.Rank.R4>([1, image[0], image[1], 3])];
    const forward: Levels = (one, given) => {
      const typed = one as Module & { forward(x: tf.Tensor4D | tf.Tensor4D[]): unknown };
      return typed.forward(inputs ? given : given[0]);
    };
    const levels = run(module, part, features, forward);
    if (!Array.isArray(levels))
      fails(
        part,
        `its forward returns ${shapeOf(levels)}, expected a list of tensors [N, H, W, C], one for each level`,
      );
    compareLevels(levels as unknown[], outputs, image, part);
  });
}

function compareLevels(levels: unknown[], outputs: FeatureSpec[], image: number[], part: Part): void {
  if (levels.length !== outputs.length)
    fails(
      part,
      `its forward returns ${levels.length} levels (${levels.map(shapeOf).join(', ')}), outputs declares ` +
        `${outputs.length} (${listed(outputs)})`,
    );
  for (const [i, level] of levels.entries()) {
    const { channels, stride } = outputs[i];
    const expected = [1, image[0] / stride, image[1] / stride, channels];
    if (!(level instanceof tf.Tensor) || level.rank !== 4)
      fails(part, `level ${i} of its forward is ${shapeOf(level)}, expected a tensor [N, H, W, C]`);
    const [, height, width, received] = (level as tf.Tensor4D).shape;
    if (received !== channels)
      fails(
        part,
        `level ${i} of its forward has ${received} channels (${shapeOf(level)}), outputs[${i}] declares ${channels}`,
      );
    // a padding may add or take a cell
    if (Math.abs(height - expected[1]) > 1 || Math.abs(width - expected[2]) > 1)
      fails(
        part,
        `level ${i} of its forward is ${shapeOf(level)} for an image of ${image.join(' x ')}, which is a stride of ` +
          `${Math.round(image[0] / height)}; outputs[${i}] declares stride ${stride}: expected [${expected.join(', ')}]`,
      );
  }
}

/** A dense head gives maps of the size of each level that it reads. */
function checkHead(
  head: Module & { forward(features: tf.Tensor4D[]): unknown },
  part: Part,
  inputs: readonly FeatureSpec[],
): void {
  const image = CELLS.map((cells) => cells * Math.max(...inputs.map(({ stride }) => stride)));
  tf.tidy(() => {
    const features = zerosOf(inputs, image);
    const maps = run(head, part, features, () => head.forward(features)) as Record<string, unknown[]>;
    for (const [name, levels] of Object.entries(maps)) {
      for (const [i, { shape }] of features.entries()) {
        const map = levels[i];
        const [, height, width] = map instanceof tf.Tensor && map.rank === 4 ? map.shape : [];
        if (height === shape[1] && width === shape[2]) continue;
        fails(
          part,
          `"${name}" of level ${i} is ${shapeOf(map)}, expected a map of the level's size, ` +
            `[N, ${shape[1]}, ${shape[2]}, C]`,
        );
      }
    }
  });
}
