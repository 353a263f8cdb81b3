// A recipe: a config that is changed by words, each giving a new recipe. Nothing is built before `build` or `fit`.

import { existsSync } from 'node:fs';
import { inspect } from 'node:util';
import { applyOptions, type ConfigObject, type ConfigValue, cloneConfig, printConfig } from '../config';
import type { ModuleChoice, ModuleOverride, TypeName } from '../config-types';
import { DetLabError } from '../errors';
import { readSafetensors } from '../nn/safetensors';
import type { ModuleConfig } from '../registry';
import { type Displayable, JUPYTER_DISPLAY, type MimeBundle } from '../visualization/display';
import { buildModel, type RecipeSpec, settleClasses } from './build-model';
import { catalogue } from './catalogue';
import { objectAt, replacedNeck, withoutClassCounts } from './config-access';
import { fit } from './fit';
import type { LabDataset } from './lab-dataset';
import { loadStrictly, Model, metaOf, modelFile } from './model';
import type { FitOptions } from './plan';
import type { Run } from './run';
import { inputSize, SummaryDisplay, summarise } from './summary';

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

  private withModel(part: string, value: ConfigObject, name: string): Recipe {
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
   * not given, from the neck it replaces.
   *
   * @example base.neck({ type: 'PAFPN' })
   * @throws DetLabError for an unknown neck, with the nearest name
   */
  neck(neck: ModuleChoice<'neck'> | TypeName<'neck'>): Recipe {
    const old = objectAt(this.spec.config, 'model.neck');
    const config = replacedNeck(old, neck as ModuleConfig | string, catalogue);
    return this.withModel('neck', config, `${this.name}+${config.type}`);
  }

  /** Another backbone, or options changed on the same one (`{ depth: 18 }`). The neck's `in_channels` follow it. */
  backbone(backbone: ModuleOverride<'backbone'> | TypeName<'backbone'>): Recipe {
    const given = (typeof backbone === 'string' ? { type: backbone } : backbone) as ConfigObject;
    const old = objectAt(this.spec.config, 'model.backbone');
    const type = String(given.type ?? old.type);
    catalogue.get('backbone', type, 'model.backbone');
    const config = type === old.type ? { ...old, ...given } : given;
    const changed = this.withModel('backbone', config, `${this.name}+${type}${given.depth ? `-${given.depth}` : ''}`);
    const { in_channels: _, ...neck } = objectAt(this.spec.config, 'model.neck');
    return 'type' in neck ? changed.withModel('neck', neck as ConfigObject, changed.name) : changed;
  }

  /** The class names, in label order; the heads' `num_classes` follow. */
  classes(classes: readonly string[]): Recipe {
    if (classes.length === 0 || new Set(classes).size !== classes.length)
      throw new DetLabError(`Cannot use these classes: expected different names, received ${JSON.stringify(classes)}`);
    return this.with({ classes: [...classes] });
  }

  /** Parts that do not train, by path: `backbone.layer1`, `neck.*`. */
  freeze(...paths: string[]): Recipe {
    return this.with({ freezing: [...this.spec.freezing, ...paths.map((path) => ({ path, frozen: true }))] });
  }

  /** Takes parts back that `freeze` or the config froze. */
  unfreeze(...paths: string[]): Recipe {
    return this.with({ freezing: [...this.spec.freezing, ...paths.map((path) => ({ path, frozen: false }))] });
  }

  /** Any value of the config by dotted path: `set({ 'train_dataloader.batch_size': 4 })`. */
  set(options: Record<string, ConfigValue>): Recipe {
    return this.with({ config: applyOptions(cloneConfig(this.spec.config), options) });
  }

  /** Starts from the weights of a safetensors file, as far as names and shapes agree. */
  weights(file: string): Recipe {
    if (!existsSync(file)) throw new DetLabError(`Cannot find the weights "${file}"`);
    return this.with({ weights: file });
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
    const { tensors, metadata } = readSafetensors(file);
    const named = this.spec.classes ?? metaOf(metadata)?.classes;
    const recipe = named ? this.classes(named) : this;
    const classes = settleClasses(recipe.spec);
    const detector = await buildModel(recipe.spec, classes, undefined);
    loadStrictly(detector, tensors, file);
    detector.eval();
    return new Model(detector, classes, this.name, recipe.config);
  }

  /** The stages with output shapes, strides, parameters, and what is frozen. No weights are drawn for it. */
  async summary({ input }: { input?: [number, number] } = {}): Promise<SummaryDisplay> {
    const { config } = this;
    const detector = await buildModel(this.spec, settleClasses(this.spec), undefined);
    try {
      return new SummaryDisplay(summarise(detector, config, this.name, input ?? inputSize(config)));
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

  async [JUPYTER_DISPLAY](): Promise<MimeBundle> {
    return (await this.summary()).bundle;
  }

  toString(): string {
    return printConfig(this.config);
  }

  [inspect.custom](): string {
    const { name, spec } = this;
    const parts = ['backbone', 'neck'].map((part) => objectAt(spec.config, `model.${part}`).type).filter(Boolean);
    return `Recipe ${name} (${[objectAt(spec.config, 'model').type, ...parts].join(', ')})`;
  }
}
