// Vega-Lite and Vega specifications: the specification for front ends that render it, a PNG for others, and a line of
// text.

import { types } from 'node:util';
import { type Bundle, type Draft, type Metadata, shownOf } from './bundle';
import { shortText } from './text';

const VEGA_LITE = 'application/vnd.vegalite.v5+json';
const VEGA = 'application/vnd.vega.v5+json';
const IS_VEGA_LITE = /^application\/vnd\.vegalite\.v\d+\+json$/;
const IS_VEGA = /^application\/vnd\.vega\.v\d+\+json$/;
const MARKS = new Set(
  'arc area bar boxplot circle errorband errorbar geoshape image line point rect rule square text tick trail'.split(
    ' ',
  ),
);
const COMPOSED = ['layer', 'concat', 'hconcat', 'vconcat'] as const;

type Spec = Record<string, unknown>;

const isObject = (value: unknown): value is Spec =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !types.isProxy(value);

const markOf = (spec: Spec): string | undefined => {
  const type = isObject(spec.mark) ? spec.mark.type : spec.mark;
  return typeof type === 'string' && MARKS.has(type) ? type : undefined;
};

/** Whether an object without `$schema` has the form of a specification: a known mark with data or an encoding. */
function looksLikeVegaLite(spec: Spec, hasData = false): boolean {
  const data = hasData || isObject(spec.data);
  if (spec.mark !== undefined) return markOf(spec) !== undefined && (data || isObject(spec.encoding));
  if (isObject(spec.spec)) return data && ('facet' in spec || 'repeat' in spec) && looksLikeVegaLite(spec.spec, true);
  return COMPOSED.some((key) => {
    const parts = spec[key];
    return (
      Array.isArray(parts) && parts.length > 0 && parts.every((part) => isObject(part) && looksLikeVegaLite(part, data))
    );
  });
}

/** The MIME type of a specification; undefined for other objects. */
export function chartType(value: object): typeof VEGA_LITE | typeof VEGA | undefined {
  if (!isObject(value)) return undefined;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return undefined;
  const { $schema } = value;
  if (typeof $schema === 'string' && /\/schema\/vega-lite\/v\d/.test($schema)) return VEGA_LITE;
  if (typeof $schema === 'string' && /\/schema\/vega\/v\d/.test($schema)) return VEGA;
  return $schema === undefined && looksLikeVegaLite(value) ? VEGA_LITE : undefined;
}

function chartText(type: string, spec: Spec): string {
  const name = type === VEGA ? 'Vega chart' : 'Vega-Lite chart';
  const title = isObject(spec.title) ? spec.title.text : spec.title;
  const values = isObject(spec.data) ? spec.data.values : undefined;
  const facts = [
    typeof title === 'string' ? `"${shortText(title)}"` : '',
    markOf(spec) ?? COMPOSED.find((key) => Array.isArray(spec[key])) ?? '',
    Array.isArray(values) ? `${values.length.toLocaleString('en')} rows` : '',
  ].filter((fact) => fact);
  return `<${[name, ...facts].join(', ')}>`;
}

const TIMEOUT_MS = 10_000;

/** The PNG of a chart; undefined when it cannot be rendered here (data that cannot be fetched), or not in time. */
async function pngOf(type: string, spec: Spec): Promise<Buffer | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), TIMEOUT_MS);
  });
  try {
    const { renderPng } = await import('../../../src/visualization/chart.js');
    return await Promise.race([renderPng(spec, 2, IS_VEGA.test(type) ? 'vega' : 'vega-lite'), late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** The MIME type and specification of a bundle's chart. */
export function chartIn(data: Bundle): [type: string, spec: Spec] | undefined {
  const type = Object.keys(data).find((key) => IS_VEGA_LITE.test(key) || IS_VEGA.test(key));
  return type && isObject(data[type]) ? [type, data[type]] : undefined;
}

/** A chart's bundle, completed by its PNG. */
export async function withChartPng(data: Bundle, metadata: Metadata): Promise<{ data: Bundle; metadata: Metadata }> {
  const [type, spec] = chartIn(data)!;
  const png = await pngOf(type, spec);
  return png ? shownOf({ ...data, 'image/png': png }, metadata) : { data, metadata };
}

export function chartDraft(spec: object, type: string): Draft {
  const shown = shownOf({ [type]: spec, 'text/plain': chartText(type, spec as Spec) });
  return { ...shown, finish: () => withChartPng(shown.data, shown.metadata) };
}
