// A recipe: a config that is changed by words, each giving a new recipe. Nothing is built before `build` or `fit`.

import { inspect } from 'node:util';
import type { ModuleChoice, ModuleOverride, TypeName } from '../catalogue/config-types';
import type { ModuleConfig } from '../catalogue/registry';
import { readWeights } from '../checkpoints';
import { applyOptions, type ConfigObject, type ConfigValue, cloneConfig, printConfig } from '../config';
import { DetLabError } from '../errors';
import { type FreezeRule, freezingText } from '../training/freezing';
import { type Displayable, JUPYTER_DISPLAY, type MimeBundle } from '../visualization/display';
import { escapeHtml } from '../visualization/escape';
import { buildModel, type RecipeSpec, settleClasses } from './build-model';
import { catalogue } from './catalogue';
import { necksAt, objectAt, withoutClassCounts } from './config-access';
import { loadCustomImports } from './custom-imports';
import { fit } from './fit';
import type { LabDataset } from './lab-dataset';
import { loadStrictly, Model, metaOf, modelFile } from './model';
import { swapLines, swapNeck } from './neck-swap';
import { NeckTableDisplay, type NeckTableOptions, neckTable } from './neck-table';
import type { FitOptions } from './plan';
import type { Run } from './run';
import { inputSize, SummaryDisplay, summarise } from './summary';
import { type LoadFrom, placeFor, weightsFile } from './weights-file';

type NeckChoice = ModuleChoice<'neck'> | TypeName<'neck'>;

export interface FreezeOptions {
  /** The stem and so many stages of the part, not all of it. */
  stages?: number;
  /** From this epoch on, the first being 1. */
  epoch?: number;
}

export class Recipe implements Displayable {
  constructor(private readonly spec: RecipeSpec) {}

  /** What runs and tables call it. */
  get name(): string {
    return this.spec.name;
  }

  /** A copy of the whole config, changes included. */
  get config(): ConfigObject {
    const { config, classes } = this.spec;
    return classes
      ? { ...cloneConfig(config), model: withoutClassCounts(objectAt(config, 'model')) }
      : cloneConfig(config);
  }

  private with(changes: Partial<RecipeSpec>): Recipe {
    return new Recipe({ ...this.spec, ...changes });
  }

  private withModel(part: string, value: ConfigObject | ConfigObject[], name: string): Recipe {
    const config = cloneConfig(this.spec.config);
    config.model = { ...objectAt(config, 'model'), [part]: value };
    return this.with({ config, name });
  }

  /** The same under another name, which tables and the default work folder show. */
  named(name: string): Recipe {
    return this.with({ name });
  }

  /**
   * Another neck, by config or by name. Its `in_channels` come from the backbone; `out_channels` and `num_outs`, where
   * not given, from the neck it replaces. A list of necks runs one after the other. The recipe shows what was given, taken
   * over and inferred, and what is required.
   *
   * @example base.neck({ type: 'PAFPN' })
   * @example base.neck(['FPN', { type: 'BFP', refine_type: 'non_local' }])
   * @throws DetLabError for an unknown neck, with the nearest name
   */
  neck(neck: NeckChoice | NeckChoice[]): Recipe {
    const old = necksAt(this.spec.config, 'model.neck');
    const swaps = [neck].flat().map((one) => swapNeck(old, one as ModuleConfig | string, catalogue));
    const configs = swaps.map(({ config }) => config);
    const name = `${this.name}+${swaps.map(({ type }) => type).join('+')}`;
    return this.withModel('neck', Array.isArray(neck) ? configs : configs[0], name).with({ swaps });
  }

  /** Another backbone, or options changed on the same one (`{ depth: 18 }`). The neck's `in_channels` follow it. */
  backbone(backbone: ModuleOverride<'backbone'> | TypeName<'backbone'>): Recipe {
    const given = (typeof backbone === 'string' ? { type: backbone } : backbone) as ConfigObject;
    const old = objectAt(this.spec.config, 'model.backbone');
    const type = String(given.type ?? old.type);
    catalogue.get('backbone', type, 'model.backbone');
    const config = type === old.type ? { ...old, ...given } : given;
    const changed = this.withModel('backbone', config, `${this.name}+${type}${given.depth ? `-${given.depth}` : ''}`);
    const necks = necksAt(this.spec.config, 'model.neck');
    if (necks.length === 0) return changed;
    const [{ in_channels: _, ...first }, ...rest] = necks;
    return changed.withModel('neck', rest.length > 0 ? [first, ...rest] : first, changed.name);
  }

  /** The class names, in label order; the heads' `num_classes` follow. */
  classes(classes: readonly string[]): Recipe {
    if (classes.length === 0 || new Set(classes).size !== classes.length)
      throw new DetLabError(`Cannot use these classes: expected different names, received ${JSON.stringify(classes)}`);
    return this.with({ classes: [...classes] });
  }

  /**
   * Parts that do not train, by path or glob, batch-norm statistics included; of a backbone, the stem and the first
   * `stages`; from an `epoch` on (the first is 1).
   *
   * @example base.freeze('backbone', { stages: 2 }).freeze('neck.lateral_convs', '**.bn*')
   */
  freeze(...what: [...paths: string[]] | [...paths: string[], when: FreezeOptions]): Recipe {
    return this.with({ freezing: [...this.spec.freezing, ...freezeRules(what, true)] });
  }

  /**
   * Takes parts back that `freeze` or the config froze: from the start, or from an epoch on.
   *
   * @example base.freeze('backbone').unfreeze('backbone.layer4', { epoch: 3 })
   */
  unfreeze(...what: [...paths: string[]] | [...paths: string[], when: FreezeOptions]): Recipe {
    return this.with({ freezing: [...this.spec.freezing, ...freezeRules(what, false)] });
  }

  /** Any value of the config by dotted path: `set({ 'train_dataloader.batch_size': 4 })`. */
  set(options: Record<string, ConfigValue>): Recipe {
    return this.with({ config: applyOptions(cloneConfig(this.spec.config), options) });
  }

  /**
   * Starts from the weights of a file (.pth, .safetensors), as far as names and shapes agree: weights only, where `resume`
   * takes up optimizer, epoch and schedule too. A name with a scheme stands for a file in `weights/`.
   *
   * @example base.loadFrom('faster_rcnn_r50_fpn_1x_coco.pth')
   * @example base.loadFrom('deit-tiny.pth', { part: 'backbone' })
   */
  loadFrom(file: string, options: Omit<LoadFrom, 'file'> = {}): Recipe {
    if (!weightsFile(file))
      throw new DetLabError(`Cannot find the weights "${file}": put them there, or in ${placeFor(file)}`);
    return this.with({ loadFrom: { file, ...options } });
  }

  /** Another name of `loadFrom`. */
  weights(file: string): Recipe {
    return this.loadFrom(file);
  }

  /**
   * The model with initial weights.
   * @throws DetLabError when the parts do not fit together, naming both sides
   */
  async build({ seed = 0 }: { seed?: number } = {}): Promise<Model> {
    const classes = settleClasses(this.spec);
    const detector = await buildModel(this.spec, classes, seed, (line) => console.error(line));
    return new Model(detector, classes, this.name, this.config);
  }

  /**
   * The model with the weights of a file, a checkpoint's folder or a run's folder; all of them must fit.
   * Class names come from the file where the recipe has none.
   */
  async load(place: string): Promise<Model> {
    const file = modelFile(place);
    const weights = readWeights(file);
    const named = this.spec.classes ?? metaOf(weights)?.classes ?? weights.classes;
    const recipe = named ? this.classes(named) : this;
    const classes = settleClasses(recipe.spec);
    const detector = await buildModel(recipe.spec, classes, undefined);
    loadStrictly(detector, weights);
    detector.eval();
    return new Model(detector, classes, this.name, recipe.config);
  }

  /** What `summary` says beside the table. */
  private get notes(): string[] {
    const later = this.spec.freezing.filter(({ epoch = 1 }) => epoch > 1);
    return [
      ...(this.spec.swaps ?? []).flatMap(swapLines),
      ...later.map(
        (rule) => `${freezingText(rule)} ${rule.frozen ? 'is frozen' : 'trains'} from epoch ${rule.epoch} on`,
      ),
    ];
  }

  /** The stages with output shapes, strides, parameters, and what is frozen. No weights are drawn for it. */
  async summary({ input }: { input?: [number, number] } = {}): Promise<SummaryDisplay> {
    const { config } = this;
    const detector = await buildModel(this.spec, settleClasses(this.spec), undefined, (line) => console.error(line), {
      withoutEngine: true,
    });
    try {
      return new SummaryDisplay(summarise(detector, config, this.name, input ?? inputSize(config), this.notes));
    } finally {
      detector.dispose();
    }
  }

  /**
   * Trains a new model on `data.train`, evaluating on `data.val`. Stop (or `signal`) ends it within an iteration and the
   * Run keeps the model; the recipe stays as it is.
   *
   * @example const run = await recipe.fit(cells, { epochs: 12, lr: 0.005, amp: true, seed: 1 });
   */
  fit(data: LabDataset, options: FitOptions = {}): Promise<Run> {
    return fit({ ...this.spec, config: this.config }, data, options);
  }

  /**
   * Runs the modules that the config's `custom_imports` names, as every build does; for what comes before one.
   * @throws DetLabError when one is not there or fails
   */
  async imports(): Promise<void> {
    await loadCustomImports(this.spec.config, this.spec.folders ?? [], (line) => console.error(line));
  }

  /**
   * Every neck of the catalogue on this detector: what it requires, puts out and costs, or why it does not fit.
   * @example await detector('faster-rcnn_r50_fpn_1x_coco').necks()
   */
  async necks(options: NeckTableOptions = {}): Promise<NeckTableDisplay> {
    return new NeckTableDisplay(
      await neckTable({ ...this.spec, config: this.config }, inputSize(this.config), options),
    );
  }

  /** The summary; or, while a neck lacks options, which ones. */
  async [JUPYTER_DISPLAY](): Promise<MimeBundle> {
    const { swaps = [] } = this.spec;
    if (swaps.some(({ options }) => options.some(({ origin }) => origin === 'missing'))) {
      const text = swaps.flatMap(swapLines).join('\n');
      return { 'text/plain': text, 'text/html': `<pre>${escapeHtml(text)}</pre>` };
    }
    return (await this.summary()).bundle;
  }

  toString(): string {
    return printConfig(this.config);
  }

  [inspect.custom](): string {
    const { name, spec } = this;
    const parts = ['backbone', 'neck'].flatMap((part) => necksAt(spec.config, `model.${part}`).map(({ type }) => type));
    const line = `Recipe ${name} (${[objectAt(spec.config, 'model').type, ...parts].join(', ')})`;
    return [line, ...(spec.swaps ?? []).flatMap(swapLines)].join('\n');
  }
}

function freezeRules(what: readonly (string | FreezeOptions)[], frozen: boolean): FreezeRule[] {
  const paths = what.filter((one) => typeof one === 'string');
  const options = what.find((one) => typeof one !== 'string');
  const verb = frozen ? 'freeze' : 'unfreeze';
  if (paths.length === 0) throw new DetLabError(`Cannot ${verb} nothing: give paths, ${verb}('backbone.layer1')`);
  const { epoch } = options ?? {};
  if (epoch !== undefined && (!Number.isInteger(epoch) || epoch < 1))
    throw new DetLabError(`Cannot ${verb} at epoch ${epoch}: expected a whole number from 1, the first epoch`);
  return paths.map((path) => ({ ...options, path, frozen }));
}
