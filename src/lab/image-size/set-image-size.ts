// `recipe.imageSize(320)`: sets every place of a config that holds an image size, from the pipelines to the model.

import { type ConfigObject, type ConfigValue, cloneConfig, isObject } from '../../config';
import { DetLabError } from '../../errors';
import { modulesAt, numberAt, preprocessorOptions } from '../config-access';
import { trainAtSizes } from './multi-scale';
import { eachObject, sizeOptions } from './size-options';
import { isPair, type Scale, SizeScaling } from './size-scaling';
import { testScale } from './test-scale';

/** One size (a number: both sides), [width, height], or several sizes to train at; the largest is for validation and tests. */
export type ImageSize = number | Scale | readonly Scale[];

const SMALLEST = 32;
/** Stride of the coarsest level of networks that take fixed canvases (YOLO, RTMDet). */
const CANVAS_STRIDE = 32;

/**
 * A copy of the config for another image size. Sizes that differ from that of the test pipeline (multi-scale training,
 * mosaics, test-time augmentation) keep their proportion to it; `keep_ratio` stays as it is.
 *
 * @returns the config, and a line that says what was set
 * @throws DetLabError for a size that is not one, and for a model that cannot have it
 */
export function setImageSize(
  config: ConfigObject,
  size: ImageSize,
  name: string,
): { config: ConfigObject; line: string } {
  const sizes = checkedSizes(size);
  const target = sizes.reduce((a, b) => (b[0] * b[1] > a[0] * a[1] ? b : a));
  const old = requireScale(config, target);
  refuseFixedSize(config, old, target, name);
  const divisor = canvasDivisor(config);
  const odd = sizes.flat().find((side) => side % divisor !== 0);
  if (odd !== undefined)
    throw new DetLabError(
      `Cannot set the image size of ${name} to ${sizeText(sizes)}: its images fill a fixed canvas that nothing pads further, ` +
        `so expected multiples of ${divisor}, received ${odd}. The nearest is ${Math.max(1, Math.round(odd / divisor)) * divisor}`,
    );
  const scaling = new SizeScaling(old, target, divisor);
  const changed = cloneConfig(config);
  const set = scaleSizes(changed, scaling);
  if (sizes.length > 1) set.names.push(...trainAtSizes(changed, sizes, name));
  return { config: changed, line: changeLine(sizes, old, set.names, remaining(changed, set.paths, scaling)) };
}

function checkedSizes(size: ImageSize): Scale[] {
  const pairs = typeof size === 'number' ? [[size, size]] : isPair(size) ? [size] : size;
  const valid = (side: unknown) => Number.isInteger(side) && Number(side) >= SMALLEST;
  if (!Array.isArray(pairs) || pairs.length === 0 || !pairs.every((pair) => isPair(pair) && pair.every(valid)))
    throw new DetLabError(
      `Cannot set the image size: expected a whole number of at least ${SMALLEST} pixels, [width, height], or a list of those, ` +
        `received ${JSON.stringify(size)}. Write imageSize(320), imageSize([640, 480]) or imageSize([[640, 480], [960, 720]])`,
    );
  return pairs as Scale[];
}

/** @throws DetLabError when the test images are not resized */
function requireScale(config: ConfigObject, target: Scale): Scale {
  const scale = testScale(config);
  if (scale) return scale;
  throw new DetLabError(
    `Cannot set the image size to ${target.join(' x ')}: the config's test pipeline (test_dataloader.dataset.pipeline) has no ` +
      "Resize with a scale. Add { type: 'Resize', scale: [width, height], keep_ratio: true } to it",
  );
}

/** @throws DetLabError for SSD: its anchors and its last layers are made for one size. */
function refuseFixedSize(config: ConfigObject, old: Scale, target: Scale, name: string): void {
  let fixed = false;
  eachObject(config.model ?? null, ({ type }) => {
    fixed ||= typeof type === 'string' && type.endsWith('SSDAnchorGenerator');
  });
  if (!fixed || old.join() === target.join()) return;
  const other = target.every((side) => side === 512)
    ? 'ssd512_coco'
    : target.every((side) => side === 300)
      ? 'ssd300_coco'
      : '';
  throw new DetLabError(
    `Cannot set the image size of ${name} to ${target.join(' x ')}: SSD's anchors and extra layers are made for ${old.join(' x ')} ` +
      `alone. ${other ? `Use detector('${other}')` : 'There are ssd300_coco and ssd512_coco; for other sizes use RetinaNet or YOLOX'}`,
  );
}

/** What the sides of the test images must be multiples of: more than 1 where they fill a canvas that the model does not pad. */
export function canvasDivisor(config: ConfigObject): number {
  const steps = modulesAt(config, 'test_dataloader.dataset.pipeline');
  const fills = steps.some(({ type, size }) => type.endsWith('LetterResize') || (type.endsWith('Pad') && isPair(size)));
  const pads = numberAt(preprocessorOptions(config), 'pad_size_divisor') ?? 1;
  return fills && pads % CANVAS_STRIDE !== 0 ? CANVAS_STRIDE : 1;
}

/** Changes the config in place. */
function scaleSizes(config: ConfigObject, scaling: SizeScaling): { names: string[]; paths: Set<string> } {
  const names: string[] = [];
  const paths = new Set<string>();
  eachObject(config, (object, path) => {
    for (const option of sizeOptions(object, path)) {
      const value = option.follow(scaling);
      paths.add(path === '' ? option.key : `${path}.${option.key}`);
      if (JSON.stringify(value) === JSON.stringify(object[option.key])) continue;
      object[option.key] = value;
      names.push(option.name);
    }
  });
  return { names, paths };
}

/** Options outside of the model that still have the old size, and were not among those that hold one. */
function remaining(config: ConfigObject, paths: ReadonlySet<string>, { old, target }: SizeScaling): string[] {
  if (old.join() === target.join()) return [];
  const { model: _, ...rest } = config;
  const found = new Set<string>();
  const isOld = (value: ConfigValue) =>
    isPair(value) && (value.join() === old.join() || [...value].reverse().join() === old.join());
  eachObject(rest, (object, path) => {
    for (const [key, value] of Object.entries(object)) {
      const at = path === '' ? key : `${path}.${key}`;
      if (!paths.has(at) && isOld(value)) found.add(isObject(object) && object.type ? `${object.type}.${key}` : at);
    }
  });
  return [...found];
}

const sizeText = (sizes: readonly Scale[]) => sizes.map((size) => size.join(' x ')).join(', ');

function changeLine(sizes: readonly Scale[], old: Scale, names: readonly string[], left: readonly string[]): string {
  const unique = [...new Set(names)];
  const places = names.length === 0 ? 'nothing to set' : `${names.length} values set (${unique.join(', ')})`;
  const rest =
    left.length > 0 ? `; left at ${old.join(' x ')}, not known to hold an image size: ${left.join(', ')}` : '';
  return `image size ${sizeText(sizes)} (width x height) in place of ${old.join(' x ')}: ${places}${rest}`;
}
