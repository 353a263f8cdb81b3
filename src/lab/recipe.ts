// A recipe: a config with methods that change it, each returning a new recipe. Nothing is built before `build` or `fit`.

import { inspect } from 'node:util';
import { checkOptions } from '../catalogue/check-options';
import type { ModuleChoice, ModuleOverride, TypeName } from '../catalogue/config-types';
import type { ModuleConfig } from '../catalogue/registry';
import { readWeights } from '../checkpoints';
import { applyOptions, type ConfigObject, type ConfigValue, cloneConfig, printConfig } from '../config';
import { DetLabError } from '../errors';
import { freezingText } from '../training/freezing';
import type { Ranks } from '../training/ranks/ranks';
import { type Displayable, JUPYTER_DISPLAY, type MimeBundle } from '../visualization/display';
import { escapeHtml } from '../visualization/escape';
import { type Assignments, type AssignmentsOptions, assignmentsOf } from './assignments';
import { buildModel, type RecipeSpec, resolveClasses } from './build-model';
import { carryHeads } from './carry-heads';
import { catalogue } from './catalogue';
import { necksAt, objectAt, withoutClassCounts } from './config-access';
import { loadCustomImports } from './custom-imports';
import { fit } from './fit';
import type { FitOptions } from './fit-options';
import { type FreezeOptions, freezeRules } from './freeze-rules';
import { type ImageSize, setImageSize } from './image-size/set-image-size';
import type { LabDataset } from './lab-dataset';
import { type LearningPlan, learningPlan } from './learning-plan';
import { metaOf } from './load-strictly';
import { type LostTruths, type LostTruthsOptions, lostTruths } from './lost-truths';
import { checkMethod } from './method-options';
import { Model } from './model';
import { modelFile } from './model-file';
import { storedThreshold } from './model-threshold';
import { swapLines, swapNeck } from './neck-swap';
import { NeckTableDisplay, type NeckTableOptions, neckTable } from './neck-table';
import { loadUnder } from './own-config';
import { type PipelineSteps, pipelineSteps, type StepsOptions } from './pipeline-steps';
import type { Profile } from './profile';
import { profileRecipe, type RecipeProfileOptions } from './profile-model';
import { fitInProcesses } from './ranks/fit-in-processes';
import { configPaths, modulePaths } from './recipe-paths';
import type { Run } from './run';
import { isConfigFile, saveConfig } from './save-config';
import type { ModulePath, Settings } from './setting-paths';
import { inputSize, SummaryDisplay, summarise } from './summary';
import { type BatchesOptions, type TrainingBatches, trainingBatches } from './training-batches';
import { checkWeights } from './weights/fetch-weights';
import type { LoadFrom } from './weights-file';
import { wholeConfig } from './whole-config';

type NeckChoice = ModuleChoice<'neck'> | TypeName<'neck'>;

export class Recipe implements Displayable {
  constructor(private readonly spec: RecipeSpec) {}

  /** The name in runs and tables. */
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

  /** Heads whose channels the config gives take those of the neck. */
  private withFittingHeads(): Recipe {
    const config = cloneConfig(this.spec.config);
    const { model, lines } = carryHeads(objectAt(config, 'model'), catalogue);
    return lines.length === 0
      ? this
      : this.with({ config: { ...config, model }, changes: [...(this.spec.changes ?? []), ...lines] });
  }

  /** The same recipe under another name, used in tables and as the default work folder. */
  named(name: string): Recipe {
    return this.with({ name });
  }

  /**
   * Replaces the neck, by config or type name. `in_channels` is inferred from the backbone; `out_channels` and `num_outs`
   * are carried over from the old neck unless given, and heads whose channels the config gives follow. A list of necks runs
   * one after the other. Displaying the recipe shows the origin of each option, which are missing, and what followed.
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
    return this.withModel('neck', Array.isArray(neck) ? configs : configs[0], name)
      .with({ swaps })
      .withFittingHeads();
  }

  /** Replaces the backbone, or changes its options (`{ depth: 18 }`). The neck's `in_channels` are inferred from it. */
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

  /** Sets the class names, in label order; the heads' `num_classes` are inferred from them. */
  classes(classes: readonly string[]): Recipe {
    if (classes.length === 0 || new Set(classes).size !== classes.length)
      throw new DetLabError(
        `Cannot use these classes: expected distinct names, such as ['car', 'person'], received ${JSON.stringify(classes)}`,
      );
    return this.with({ classes: [...classes] });
  }

  /**
   * Freezes parts by path or glob, including batch-norm statistics; of a backbone, optionally only the stem and the first
   * `stages`; optionally from an `epoch` on (the first is 1).
   *
   * @example base.freeze('backbone', { stages: 2 }).freeze('neck.lateral_convs', '**.bn*')
   */
  freeze(...what: [...paths: ModulePath[]] | [...paths: ModulePath[], when: FreezeOptions]): Recipe {
    return this.with({ freezing: [...this.spec.freezing, ...freezeRules(what, true)] });
  }

  /**
   * Unfreezes parts that `freeze` or the config froze, optionally from an `epoch` on.
   *
   * @example base.freeze('backbone').unfreeze('backbone.layer4', { epoch: 3 })
   */
  unfreeze(...what: [...paths: ModulePath[]] | [...paths: ModulePath[], when: FreezeOptions]): Recipe {
    return this.with({ freezing: [...this.spec.freezing, ...freezeRules(what, false)] });
  }

  /**
   * Sets values of the config by dotted path: `set({ 'train_dataloader.batch_size': 4 })`.
   * @throws DetLabError for a path that nothing reads, with the path that works
   */
  set(options: Settings): Recipe {
    const { config } = this.spec;
    const changed = applyOptions(cloneConfig(config), options as Record<string, ConfigValue>);
    checkOptions(Object.keys(options), config, changed, catalogue);
    return this.with({ config: changed });
  }

  /**
   * Sets the size of the images, in every place of the config that holds one: resizes, crops, canvases and mosaics of all
   * pipelines, batch augmentations, the model. Sizes that differ from the test images' keep their proportion to it.
   *
   * @param size both sides, [width, height], or several of those to train at; the largest is that of validation and tests
   * @example base.imageSize(320)
   * @example base.imageSize([[1333, 640], [1333, 800]])
   * @throws DetLabError for a model that takes one size only (SSD), or where a network needs multiples of its stride
   */
  imageSize(size: ImageSize): Recipe {
    const { config, line } = setImageSize(this.spec.config, size, this.name);
    return this.with({ config, changes: [...(this.spec.changes ?? []), line] });
  }

  /**
   * Starts from the weights of a file (.pth, .safetensors) whose names and shapes match. Weights only: `resume` also
   * restores optimizer, epoch and schedule. What an address or hub names is downloaded when the model is built.
   *
   * @example base.loadFrom('faster_rcnn_r50_fpn_1x_coco.pth')
   * @example base.loadFrom('torchvision://resnet50', { part: 'backbone' })
   */
  loadFrom(file: string, options: Omit<LoadFrom, 'file'> = {}): Recipe {
    checkMethod('Recipe.loadFrom', options);
    checkWeights(file);
    return this.with({ loadFrom: { file, ...options } });
  }

  /** Alias of `loadFrom`. */
  weights(file: string): Recipe {
    return this.loadFrom(file);
  }

  /**
   * Builds the model with initial weights.
   * @throws DetLabError when modules are incompatible, naming both
   */
  async build(options: { seed?: number } = {}): Promise<Model> {
    checkMethod('Recipe.build', options);
    const { seed = 0 } = options;
    const classes = resolveClasses(this.spec);
    const detector = await buildModel(this.spec, classes, seed, (line) => console.error(line));
    return new Model(detector, classes, this.name, wholeConfig(this.config, detector));
  }

  /**
   * Builds the model with the weights of a file (or its address), a checkpoint's folder or a run's folder; all must match.
   * Class names come from the file unless the recipe has some.
   */
  async load(place: string): Promise<Model> {
    const file = await modelFile(place);
    const weights = readWeights(file);
    const named = this.spec.classes ?? metaOf(weights)?.classes ?? weights.classes;
    const recipe = named ? this.classes(named) : this;
    const classes = resolveClasses(recipe.spec);
    const detector = await buildModel(recipe.spec, classes, undefined);
    const config = wholeConfig(recipe.config, detector);
    loadUnder(config, detector, weights, metaOf(weights)?.config, (line) => console.error(line));
    detector.eval();
    return new Model(detector, classes, this.name, config, storedThreshold(metaOf(weights), file));
  }

  /** Notes for the summary. */
  private get notes(): string[] {
    const later = this.spec.freezing.filter(({ epoch = 1 }) => epoch > 1);
    return [
      ...(this.spec.swaps ?? []).flatMap(swapLines),
      ...(this.spec.changes ?? []),
      ...later.map(
        (rule) => `${freezingText(rule)} ${rule.frozen ? 'is frozen' : 'trains'} from epoch ${rule.epoch} on`,
      ),
    ];
  }

  /** The modules with output shapes, strides, parameters, and what is frozen. No weights are initialised. */
  async summary(options: { input?: [number, number] } = {}): Promise<SummaryDisplay> {
    checkMethod('Recipe.summary', options);
    const { input } = options;
    const { config } = this;
    const detector = await buildModel(this.spec, resolveClasses(this.spec), undefined, (line) => console.error(line), {
      withoutEngine: true,
    });
    try {
      return new SummaryDisplay(summarise(detector, config, this.name, input ?? inputSize(config), this.notes));
    } finally {
      detector.dispose();
    }
  }

  /**
   * Trains a new model on `data.train`, evaluating on `data.val`. Stop (or `signal`) interrupts it, the returned Run has
   * the model, and `resume: true` goes on. The recipe is unchanged.
   *
   * @example const run = await recipe.fit(cells, { epochs: 12, lr: 0.005, amp: true, seed: 1 });
   */
  async fit(data: LabDataset, options: FitOptions = {}): Promise<Run> {
    checkMethod('Recipe.fit', options);
    const { imageSize, ...rest } = options;
    if (imageSize !== undefined) return this.imageSize(imageSize).fit(data, rest);
    const inProcesses = options.processes !== undefined || options.devices !== undefined;
    return inProcesses ? fitInProcesses(this.fitted(), data, options) : fit(this.fitted(), data, options);
  }

  /** @internal `fit` as one of several processes that a launcher has started; each calls it with the same arguments. */
  async fitAsRank(data: LabDataset, options: FitOptions, ranks: Ranks): Promise<Run> {
    checkMethod('Recipe.fit', options);
    const { imageSize, ...rest } = options;
    if (imageSize !== undefined) return this.imageSize(imageSize).fitAsRank(data, rest, ranks);
    return fit(this.fitted(), data, options, ranks);
  }

  /** What `fit` trains. */
  private fitted(): RecipeSpec {
    const { notices = [], changes = [] } = this.spec;
    return { ...this.spec, config: this.config, notices: [...notices, ...changes] };
  }

  /**
   * The first batches of training, augmented, as `fit` with the same options gets them, with their truths and padding.
   * @example await recipe.batches(cells, { count: 2, seed: 1 })
   */
  async batches(data: LabDataset, options?: BatchesOptions): Promise<TrainingBatches> {
    checkMethod('Recipe.batches', options);
    return trainingBatches({ ...this.spec, config: this.config }, data, options);
  }

  /**
   * One training image after each transform of the pipeline, with the truths before and after.
   * @example await recipe.steps(cells, { image: 'BloodImage_00001.jpg' })
   */
  async steps(data: LabDataset, options?: StepsOptions): Promise<PipelineSteps> {
    checkMethod('Recipe.steps', options);
    return pipelineSteps({ ...this.spec, config: this.config }, data, options);
  }

  /**
   * What each transform loses of the truths, by size: lost, clipped below half, images discarded; over images drawn at random.
   * @example (await recipe.lostTruths(cells, { images: 200 })).findings
   */
  async lostTruths(data: LabDataset, options?: LostTruthsOptions): Promise<LostTruths> {
    checkMethod('Recipe.lostTruths', options);
    return lostTruths({ ...this.spec, config: this.config }, data, options);
  }

  /**
   * Which anchors, points, proposals or queries the assigner gives each truth of a training image, with initial weights.
   * @example (await recipe.assignments(cells, { image: 3 })).missed // truths that were given none
   */
  async assignments(data: LabDataset, options?: AssignmentsOptions): Promise<Assignments> {
    checkMethod('Recipe.assignments', options);
    return assignmentsOf({ ...this.spec, config: this.config }, data, options);
  }

  /**
   * The learning rates and momentum of `fit` with these options, drawn before it, with warm-up, evaluations and checkpoints.
   * @example (await recipe.plan(cells, { epochs: 12 })).lrAt(1)
   */
  async plan(data: LabDataset, options: FitOptions = {}): Promise<LearningPlan> {
    checkMethod('Recipe.plan', options);
    const { imageSize, ...rest } = options;
    if (imageSize !== undefined) return this.imageSize(imageSize).plan(data, rest);
    return learningPlan({ ...this.spec, config: this.config }, data, options);
  }

  /**
   * Where the time of a prediction or training step goes, by kernel, module and operator: of a new model, on noise images.
   * @example await (await recipe.profile({ mode: 'train', amp: true })).save('trace.json')
   */
  async profile(options: RecipeProfileOptions = {}): Promise<Profile> {
    checkMethod('Recipe.profile', options);
    const { imageSize, ...rest } = options;
    if (imageSize !== undefined) return this.imageSize(imageSize).profile(rest);
    return profileRecipe({ ...this.spec, config: this.config }, options);
  }

  /**
   * Writes the whole config, what is inferred included: `.py` and `.json` for MMDetection, which builds the same model of it,
   * or `.ts`. Returns the absolute path.
   *
   * @example await base.neck({ type: 'PAFPN', out_channels: 128 }).save('pafpn.py')
   * @throws DetLabError for another extension, or a model that cannot be built
   */
  async save(file: string): Promise<string> {
    const classes = resolveClasses(this.spec);
    if (!isConfigFile(file)) return saveConfig(this.config, file);
    const detector = await buildModel(this.spec, classes, undefined, undefined, { withoutEngine: true });
    try {
      return saveConfig(wholeConfig(this.config, detector), file, this.spec.classes);
    } finally {
      detector.dispose();
    }
  }

  /**
   * Loads the modules of the config's `custom_imports`, as every build does; required to describe them before.
   * @throws DetLabError when one is missing or fails
   */
  async imports(): Promise<void> {
    await loadCustomImports(this.spec.config, this.spec.folders ?? [], (line) => console.error(line));
  }

  /**
   * Tries every neck of the catalogue on this detector: required options, output levels, parameters and multiply-adds.
   * @example await detector('faster-rcnn_r50_fpn_1x_coco').necks()
   */
  async necks(options: NeckTableOptions = {}): Promise<NeckTableDisplay> {
    checkMethod('Recipe.necks', options);
    return new NeckTableDisplay(
      await neckTable({ ...this.spec, config: this.config }, inputSize(this.config), options),
    );
  }

  /** Names that complete a method's arguments in a notebook. */
  async [Symbol.for('detlab.completions')](method: string): Promise<string[]> {
    if (method === 'set') return configPaths(this.config);
    return method === 'freeze' || method === 'unfreeze' ? modulePaths(this.spec) : [];
  }

  /** The summary or, if a neck has missing options, a list of its options. */
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
    return [line, ...(spec.swaps ?? []).flatMap(swapLines), ...(spec.changes ?? [])].join('\n');
  }
}
