// A recipe: a config with methods that change it, each returning a new recipe. Nothing is built before `build` or `fit`.

import { inspect } from 'node:util';
import { readWeights } from '../checkpoints';
import { printConfig } from '../config';
import { DetLabError } from '../errors';
import { freezingText } from '../training/freezing';
import type { Ranks } from '../training/ranks/ranks';
import { type Displayable, JUPYTER_DISPLAY, type MimeBundle } from '../visualization/display';
import { escapeHtml } from '../visualization/escape';
import { type Assignments, type AssignmentsOptions, assignmentsOf } from './assignments';
import { buildModel, type RecipeSpec, resolveClasses } from './build-model';
import { detectorPath, necksAt, objectAt } from './config-access';
import { type CrossValidateOptions, type CrossValidation, crossValidate } from './cross-validation';
import { loadCustomImports } from './custom-imports';
import { checkDataMethod } from './data-argument';
import { type FineTuneOptions, planFineTune } from './fine-tune';
import { fit } from './fit';
import type { FitOptions, PreparedOptions } from './fit-options';
import type { LabDataset } from './lab-dataset';
import { type LearningPlan, learningPlan } from './learning-plan';
import { type FindLearningRateOptions, findLearningRate, type LearningRates } from './learning-rate-finder';
import { metaOf } from './load-strictly';
import { type LostTruths, type LostTruthsOptions, lostTruths } from './lost-truths';
import { checkMethod } from './method-options';
import { Model } from './model';
import { modelFile } from './model-file';
import { storedThreshold } from './model-threshold';
import { swapLines } from './neck-swap';
import { NeckTableDisplay, type NeckTableOptions, neckTable } from './neck-table';
import { loadUnder } from './own-config';
import { type PipelineSteps, pipelineSteps, type StepsOptions } from './pipeline-steps';
import { prepareFit } from './prepare-fit';
import type { Profile } from './profile';
import { profileRecipe, type RecipeProfileOptions } from './profile-model';
import { fitInProcesses } from './ranks/fit-in-processes';
import { RecipeChanges } from './recipe-changes';
import { configPaths, modulePaths } from './recipe-paths';
import type { Run } from './run';
import { isConfigFile, saveConfig } from './save-config';
import { inputSize, SummaryDisplay, summarise } from './summary';
import { type BatchesOptions, type TrainingBatches, trainingBatches } from './training-batches';
import { wholeConfig } from './whole-config';

/**
 * A config with methods that change it, each of which returns a new recipe: of `detector`. Nothing is built before `build` or `fit`.
 * @example detector('faster-rcnn_r18_fpn_toytown').neck({ type: 'PAFPN' }).classes(['car', 'bus'])
 */
export class Recipe extends RecipeChanges<Recipe> implements Displayable {
  protected of(spec: RecipeSpec): Recipe {
    return new Recipe(spec);
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
    checkDataMethod('Recipe.fit', data, options);
    const { spec, options: rest } = await prepareFit(this.spec, data, options);
    return this.of(spec).train(data, rest);
  }

  private train(data: LabDataset, options: PreparedOptions): Promise<Run> {
    const inProcesses = options.processes !== undefined || options.devices !== undefined;
    return inProcesses ? fitInProcesses(this.fitted(), data, options) : fit(this.fitted(), data, options);
  }

  /**
   * `fit` in stages, for a model that starts from trained weights: first the heads alone, then the neck too, then the backbone from its
   * top, each at a learning rate of its own. What the recipe or its config freezes stays frozen.
   *
   * @example await recipe.fineTune(cells, { epochs: 12 })
   * @example await recipe.fineTune(cells, { stages: [{ train: 'heads', epochs: 2 }, { train: 'backbone', top: 2, epochs: 6, lr: 1e-3 }] })
   * @throws DetLabError for parts that the model does not have
   */
  async fineTune(data: LabDataset, options: FineTuneOptions = {}): Promise<Run> {
    checkDataMethod('Recipe.fineTune', data, options);
    const { stages, ...rest } = options;
    const planned = await planFineTune({ ...this.spec, config: this.config }, data, options);
    const { changes = [], freezing } = this.spec;
    const staged = { freezing: [...freezing, ...planned.freezing], changes: [...changes, planned.line] };
    const { spec, options: prepared } = await prepareFit({ ...this.spec, ...staged }, data, rest);
    return this.of(spec).train(data, { ...prepared, ...planned.options });
  }

  /**
   * `fit` once for each of `folds` (5) folds of the training images, stratified, from the same first weights: mean and standard
   * deviation of AP, and the run of each fold. Stop keeps the folds that are done.
   *
   * @example (await recipe.crossValidate(cells, { folds: 5, epochs: 12 })).metrics.AP.mean
   * @throws DetLabError for folds that there cannot be
   */
  async crossValidate(data: LabDataset, options: CrossValidateOptions = {}): Promise<CrossValidation> {
    checkDataMethod('Recipe.crossValidate', data, options);
    return crossValidate(this, data, options);
  }

  /**
   * A range test (Smith 2015) on a new model: the learning rate rises exponentially until the loss diverges; a chart, and the rate
   * where the loss falls fastest. `model.findLearningRate` does it with trained weights.
   *
   * @example await recipe.fit(cells, { lr: (await recipe.findLearningRate(cells)).suggestion })
   * @throws DetLabError for rates that do not rise, and as `fit` does for what cannot be trained
   */
  async findLearningRate(data: LabDataset, options: FindLearningRateOptions = {}): Promise<LearningRates> {
    checkDataMethod('Recipe.findLearningRate', data, options);
    return findLearningRate({ ...this.spec, config: this.config }, data, options);
  }

  /** @internal `fit` as one of several processes that a launcher has started; each calls it with the same arguments. */
  async fitAsRank(data: LabDataset, options: FitOptions, ranks: Ranks): Promise<Run> {
    checkDataMethod('Recipe.fit', data, options);
    if (options.batch === 'auto')
      throw new DetLabError(
        "Cannot use batch: 'auto' in a process that a launcher has started. Find the batch in one process, and give the number",
      );
    const { spec, options: rest } = await prepareFit(this.spec, data, options);
    return fit(this.of(spec).fitted(), data, rest, ranks);
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
    checkDataMethod('Recipe.batches', data, options);
    return trainingBatches({ ...this.spec, config: this.config }, data, options);
  }

  /**
   * One training image after each transform of the pipeline, with the truths before and after.
   * @example await recipe.steps(cells, { image: 'BloodImage_00001.jpg' })
   */
  async steps(data: LabDataset, options?: StepsOptions): Promise<PipelineSteps> {
    checkDataMethod('Recipe.steps', data, options);
    return pipelineSteps({ ...this.spec, config: this.config }, data, options);
  }

  /**
   * What each transform loses of the truths, by size: lost, clipped below half, images discarded; over images drawn at random.
   * @example (await recipe.lostTruths(cells, { images: 200 })).findings
   */
  async lostTruths(data: LabDataset, options?: LostTruthsOptions): Promise<LostTruths> {
    checkDataMethod('Recipe.lostTruths', data, options);
    return lostTruths({ ...this.spec, config: this.config }, data, options);
  }

  /**
   * Which anchors, points, proposals or queries the assigner gives each truth of a training image, with initial weights.
   * @example (await recipe.assignments(cells, { image: 3 })).missed // truths that were given none
   */
  async assignments(data: LabDataset, options?: AssignmentsOptions): Promise<Assignments> {
    checkDataMethod('Recipe.assignments', data, options);
    return assignmentsOf({ ...this.spec, config: this.config }, data, options);
  }

  /**
   * The learning rates and momentum of `fit` with these options, drawn before it, with warm-up, evaluations and checkpoints.
   * @example (await recipe.plan(cells, { epochs: 12 })).lrAt(1)
   */
  async plan(data: LabDataset, options: FitOptions = {}): Promise<LearningPlan> {
    checkDataMethod('Recipe.plan', data, options);
    const { spec, options: rest } = await prepareFit(this.spec, data, options);
    return learningPlan({ ...spec, config: this.of(spec).config }, data, rest);
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

  override toString(): string {
    return printConfig(this.config);
  }

  [inspect.custom](): string {
    const { name, spec } = this;
    const path = detectorPath(spec.config);
    const parts = ['backbone', 'neck'].flatMap((part) =>
      necksAt(spec.config, `${path}.${part}`).map(({ type }) => type),
    );
    const types = [...new Set(['model', path])].map((at) => objectAt(spec.config, at).type);
    const line = `Recipe ${name} (${[...types, ...parts].join(', ')})`;
    return [line, ...(spec.swaps ?? []).flatMap(swapLines), ...(spec.changes ?? [])].join('\n');
  }
}
