// Moves the normalisation and batch padding of 2.x pipelines to the data preprocessor of 3.x models.

import type { ConfigObject, ConfigValue } from '../data';
import { type Changes, defined, objectAt } from './changes';

export class Preprocessing {
  private norm?: ConfigObject;
  private divisor?: ConfigValue;
  private fixedSize?: ConfigValue;
  /** Whether any pipeline loads masks, or semantic segmentation maps. */
  masks = false;
  maps = false;
  /** Whether there was a pipeline. */
  hasPipeline = false;
  /** Scale of semantic segmentation maps relative to the image, formerly a pipeline step. */
  mapScale?: ConfigValue;

  constructor(private readonly changes: Changes) {}

  normalise(options: ConfigObject, path: string): void {
    this.norm ??= options;
    if (JSON.stringify(this.norm) !== JSON.stringify(options))
      this.changes.leave(
        path,
        'normalises differently from the pipelines before it; a 3.x model has one normalisation: theirs',
      );
    this.changes.note(path, 'model.data_preprocessor (mean, std, bgr_to_rgb)');
  }

  padToMultiple(divisor: ConfigValue, path: string): void {
    this.divisor ??= divisor;
    if (this.divisor !== divisor)
      this.changes.leave(path, `pads to multiples of ${divisor}; a 3.x model has one divisor: ${this.divisor}`);
    this.changes.note(path, 'model.data_preprocessor.pad_size_divisor');
  }

  /** `size` is [height, width]. */
  padToSize(size: ConfigValue, path: string): void {
    this.fixedSize ??= size;
    this.changes.note(path, 'model.data_preprocessor.batch_augments (BatchFixedSizePad)');
  }

  get normalises(): boolean {
    return this.norm !== undefined;
  }

  /** Sets the model's data preprocessor, merged over that of a 3.x base. */
  applyTo(model: ConfigObject): void {
    const resizing = this.randomResizing(model);
    const base = objectAt(model, 'data_preprocessor');
    if (base && !this.norm && !resizing && this.divisor === undefined) return;
    if (!base && (model.type === undefined || !(this.hasPipeline || resizing))) return;
    const augments = [
      ...(this.fixedSize === undefined
        ? []
        : [{ type: 'BatchFixedSizePad', size: this.fixedSize, pad_mask: this.masks }]),
      ...(resizing ? [resizing] : []),
    ];
    const semantic = objectAt(objectAt(model, 'roi_head') ?? {}, 'semantic_head');
    if (semantic && this.mapScale !== undefined) semantic.seg_scale_factor = this.mapScale;
    const norm = this.norm ?? {};
    model.data_preprocessor = {
      ...(base ?? { type: 'DetDataPreprocessor' }),
      ...defined({
        mean: norm.mean,
        std: norm.std,
        bgr_to_rgb: this.norm ? (norm.to_rgb ?? true) : undefined,
        pad_mask: this.masks || undefined,
        pad_seg: this.maps || undefined,
        pad_size_divisor: this.divisor ?? base?.pad_size_divisor ?? (resizing ? 32 : 1),
        batch_augments: augments.length > 0 ? augments : undefined,
      }),
    };
  }

  /** YOLOX's random input sizes were options of the detector, in multiples of 32. */
  private randomResizing(model: ConfigObject): ConfigObject | undefined {
    const { input_size: input, random_size_interval: interval, size_multiplier = 32 } = model;
    // YOLOX's default
    const byDefault = /YOLOX$/.test(String(model.type)) && model.data_preprocessor === undefined ? [15, 25] : undefined;
    const range = model.random_size_range ?? byDefault;
    for (const key of ['input_size', 'random_size_range', 'random_size_interval', 'size_multiplier']) delete model[key];
    if (!Array.isArray(range)) return undefined;
    if (input !== undefined) this.changes.note('model.input_size', 'dropped: a batch has the size of its images');
    this.changes.note(
      'model.{random_size_range, random_size_interval}',
      'model.data_preprocessor.batch_augments (BatchSyncRandomResize), the range in pixels',
    );
    return {
      type: 'BatchSyncRandomResize',
      random_size_range: range.map((value) => Number(value) * Number(size_multiplier)),
      size_divisor: size_multiplier,
      interval: interval ?? 10,
    };
  }
}
