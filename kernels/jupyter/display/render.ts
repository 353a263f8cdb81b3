// Renders a value for a notebook: by its `Jupyter.display` if it has one, otherwise by its kind, otherwise as text.

import { types } from 'node:util';
import { type Bundle, type Draft, isBundle, type Metadata, type Shown, shownOf, TooLarge } from './bundle';
import { chartDraft, chartIn, chartType, withChartPng } from './chart';
import { imageDraft, withPng } from './image';
import { tableShown } from './table';
import { isTensor, tensorShown } from './tensor';
import { type DescribeError, textOf } from './text';

const DISPLAY = Symbol.for('Jupyter.display');
/** A `Jupyter.display` may return an object with a `Jupyter.display`, up to this depth. */
const MAX_STEPS = 8;

/** Marks objects that show nothing as the last expression: what `display()` returns. */
export const SHOWS_NOTHING = Symbol.for('detlab.shows-nothing');

type Rendered = Draft | Promise<Draft>;

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  isObject(value) && typeof (value as { then?: unknown }).then === 'function';

/** A property; undefined when reading it throws. */
function peek(value: object, key: string | symbol): unknown {
  try {
    return (value as Record<string | symbol, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** A bundle; charts and SVG are completed by a PNG for front ends that do not render or trust them. */
export function bundleDraft(bundle: Bundle, metadata?: Metadata): Draft {
  const shown = shownOf(bundle, metadata);
  if ('image/png' in shown.data || 'image/jpeg' in shown.data) return shown;
  if (chartIn(shown.data)) return { ...shown, finish: () => withChartPng(shown.data, shown.metadata) };
  const svg = shown.data['image/svg+xml'];
  // front ends show the HTML of a bundle that has it
  if (typeof svg !== 'string' || 'text/html' in shown.data) return shown;
  return { ...shown, finish: () => withPng(svg, shown).catch(() => shown) };
}

const isPair = (value: unknown): value is [Bundle, Metadata] =>
  Array.isArray(value) && value.length === 2 && isBundle(value[0]) && isObject(value[1]);

/** Follows `Jupyter.display` to a bundle; undefined when it returns something else. */
function custom(
  value: object,
  describe: DescribeError | undefined,
  step = 0,
): Rendered | Promise<Draft | undefined> | undefined {
  const method = peek(value, DISPLAY);
  if (typeof method !== 'function' || step >= MAX_STEPS) return undefined;
  const follow = (result: unknown): Rendered | Promise<Draft | undefined> | undefined => {
    if (isPair(result)) return bundleDraft(...result);
    if (isBundle(result)) return bundleDraft(result);
    return isObject(result) && result !== value ? custom(result, describe, step + 1) : undefined;
  };
  const result: unknown = method.call(value);
  return isThenable(result) ? Promise.resolve(result).then(follow) : follow(result);
}

/** Objects of other libraries, by their methods: `toSpec()` (vega-lite-api), `outerHTML` (jsdom). */
function byMethods(value: object): Rendered | undefined {
  const toSpec = peek(value, 'toSpec');
  if (typeof toSpec === 'function') {
    const spec: unknown = toSpec.call(value);
    const type = isObject(spec) ? chartType(spec) : undefined;
    if (type) return chartDraft(spec as object, type);
  }
  const outer = peek(value, 'outerHTML');
  if (typeof outer !== 'string') return undefined;
  return bundleDraft(/^\s*<svg[\s>]/i.test(outer) ? { 'image/svg+xml': outer } : { 'text/html': outer });
}

const KINDS: readonly ((value: object) => Rendered | undefined)[] = [
  (value) => (isTensor(value) ? tensorShown(value) : undefined),
  imageDraft,
  (value) => {
    const type = chartType(value);
    return type && chartDraft(value, type);
  },
  tableShown,
  byMethods,
];

const plain = (value: unknown, describe?: DescribeError): Shown => ({
  data: { 'text/plain': textOf(value, describe) },
  metadata: {},
});

/** Renders a value without `Jupyter.display` by its kind; as text when that fails. */
function standard(value: unknown, describe?: DescribeError): Rendered {
  // a proxy can imitate any kind: only its text is shown
  if (!isObject(value) || types.isProxy(value)) return plain(value, describe);
  const orText = (error: unknown) => {
    if (error instanceof TooLarge) throw error;
    return plain(value, describe);
  };
  for (const kind of KINDS) {
    try {
      const shown = kind(value);
      if (shown instanceof Promise) return shown.catch(orText);
      if (shown) return shown;
    } catch (error) {
      if (error instanceof TooLarge) throw error;
    }
  }
  return plain(value, describe);
}

/**
 * The bundle of a value, synchronously where possible.
 * @throws the error of the value's `Jupyter.display`; RangeError when the bundle is too large
 */
export function render(value: unknown, describe?: DescribeError): Rendered {
  const rendered = isObject(value) ? custom(value, describe) : undefined;
  if (rendered instanceof Promise) return rendered.then((shown) => shown ?? standard(value, describe));
  return rendered ?? standard(value, describe);
}

/** Renders the result of a cell; undefined for a value that shows nothing. */
export async function renderResult(value: unknown, describe?: DescribeError): Promise<Shown | undefined> {
  if (value === undefined || (isObject(value) && peek(value, SHOWS_NOTHING) === true)) return undefined;
  const { data, metadata, finish } = await render(value, describe);
  return finish ? await finish().catch(() => ({ data, metadata })) : { data, metadata };
}
