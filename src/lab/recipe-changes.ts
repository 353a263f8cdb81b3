// The methods of a recipe that change it: each gives a new recipe.

import { checkOptions } from '../catalogue/check-options';
import type { ModuleChoice, ModuleOverride, TypeName } from '../catalogue/config-types';
import type { ModuleConfig } from '../catalogue/registry';
import { applyOptions, type ConfigObject, type ConfigValue, cloneConfig } from '../config';
import { DetLabError, nameOfValue } from '../errors';
import type { RecipeSpec } from './build-model';
import { carryHeads } from './carry-heads';
import { catalogue } from './catalogue';
import { detectorPath, necksAt, objectAt, withDetector, withoutClassCounts } from './config-access';
import { type FreezeOptions, freezeRules } from './freeze-rules';
import { type ImageSize, setImageSize } from './image-size/set-image-size';
import { checkMethod } from './method-options';
import { swapNeck } from './neck-swap';
import type { ModulePath, Settings } from './setting-paths';
import { checkWeights } from './weights/fetch-weights';
import type { LoadFrom } from './weights-file';

type NeckChoice = ModuleChoice<'neck'> | TypeName<'neck'>;

/** @typeParam Self what a change gives */
export abstract class RecipeChanges<Self> {
  constructor(protected readonly spec: RecipeSpec) {}

  protected abstract of(spec: RecipeSpec): Self;

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

  protected with(changes: Partial<RecipeSpec>): Self {
    return this.of({ ...this.spec, ...changes });
  }

  /** The same recipe under another name, used in tables and as the default work folder. */
  named(name: string): Self {
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
  neck(neck: NeckChoice | NeckChoice[]): Self {
    const path = `${detectorPath(this.spec.config)}.neck`;
    const old = necksAt(this.spec.config, path);
    const swaps = [neck].flat().map((one) => swapNeck(old, one as ModuleConfig | string, catalogue, path));
    const configs = swaps.map(({ config }) => config);
    const name = `${this.name}+${swaps.map(({ type }) => type).join('+')}`;
    const changed = withModel(this.spec, 'neck', Array.isArray(neck) ? configs : configs[0], name);
    return this.of(withFittingHeads({ ...changed, swaps }));
  }

  /** Replaces the backbone, or changes its options (`{ depth: 18 }`). The neck's `in_channels` are inferred from it. */
  backbone(backbone: ModuleOverride<'backbone'> | TypeName<'backbone'>): Self {
    const given = (typeof backbone === 'string' ? { type: backbone } : backbone) as ConfigObject;
    const path = detectorPath(this.spec.config);
    const old = objectAt(this.spec.config, `${path}.backbone`);
    const type = String(given.type ?? old.type);
    catalogue.get('backbone', type, `${path}.backbone`);
    const config = type === old.type ? { ...old, ...given } : given;
    const name = `${this.name}+${type}${given.depth ? `-${given.depth}` : ''}`;
    const changed = withModel(this.spec, 'backbone', config, name);
    const necks = necksAt(this.spec.config, `${path}.neck`);
    if (necks.length === 0) return this.of(changed);
    const [{ in_channels: _, ...first }, ...rest] = necks;
    return this.of(withModel(changed, 'neck', rest.length > 0 ? [first, ...rest] : first, name));
  }

  /** Sets the class names, in label order; the heads' `num_classes` are inferred from them. */
  classes(classes: readonly string[]): Self {
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
  freeze(...what: [...paths: ModulePath[]] | [...paths: ModulePath[], when: FreezeOptions]): Self {
    return this.with({ freezing: [...this.spec.freezing, ...freezeRules(what, true)] });
  }

  /**
   * Unfreezes parts that `freeze` or the config froze, optionally from an `epoch` on.
   *
   * @example base.freeze('backbone').unfreeze('backbone.layer4', { epoch: 3 })
   */
  unfreeze(...what: [...paths: ModulePath[]] | [...paths: ModulePath[], when: FreezeOptions]): Self {
    return this.with({ freezing: [...this.spec.freezing, ...freezeRules(what, false)] });
  }

  /**
   * Sets values of the config by dotted path: `set({ 'train_dataloader.batch_size': 4 })`.
   * @throws DetLabError for a path that nothing reads, with the path that works
   */
  set(options: Settings): Self {
    if (typeof options !== 'object' || options === null || Array.isArray(options))
      throw new DetLabError(
        `Cannot set options: expected values by path, set({ 'train_dataloader.batch_size': 4 }), received ${nameOfValue(options)}`,
      );
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
  imageSize(size: ImageSize): Self {
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
  loadFrom(file: string, options: Omit<LoadFrom, 'file'> = {}): Self {
    checkMethod('Recipe.loadFrom', options);
    checkWeights(file);
    return this.with({ loadFrom: { file, ...options } });
  }

  /** Alias of `loadFrom`. */
  weights(file: string): Self {
    return this.loadFrom(file);
  }
}

function withModel(spec: RecipeSpec, part: string, value: ConfigObject | ConfigObject[], name: string): RecipeSpec {
  return { ...spec, config: withDetector(spec.config, (detector) => ({ ...detector, [part]: value })), name };
}

/** Heads whose channels the config gives take those of the neck. */
function withFittingHeads(spec: RecipeSpec): RecipeSpec {
  const path = detectorPath(spec.config);
  const { model, lines } = carryHeads(objectAt(spec.config, path), catalogue, path);
  if (lines.length === 0) return spec;
  return { ...spec, config: withDetector(spec.config, () => model), changes: [...(spec.changes ?? []), ...lines] };
}
