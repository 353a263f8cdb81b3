// Static images of charts: Vega-Lite 5 rendered as SVG, which takes the colours of the page that it is in, and as PNG on white, for
// readers without HTML (LaTeX, GitHub).

import sharp from 'sharp';
import type { Spec } from 'vega';
import type { TopLevelSpec } from 'vega-lite';
import type { MimeBundle } from './display';
import { escapeHtml } from './escape';
import { interactiveHtml } from './interactive';
import { vega, vegaLite } from './vega';

/** The colour of the text around a chart: dark on light pages, light on dark ones. */
export const INK = 'currentColor';

/** Shared by all charts: no background, axes and texts in the colour of the page. */
export const chartConfig = {
  $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
  background: null,
  padding: 12,
  config: {
    font: 'DejaVu Sans, Segoe UI, Helvetica, Arial, sans-serif',
    view: { stroke: null },
    axis: {
      gridColor: INK,
      gridOpacity: 0.12,
      domainColor: INK,
      domainOpacity: 0.4,
      tickColor: INK,
      tickOpacity: 0.4,
      labelColor: INK,
      labelOpacity: 0.8,
      titleColor: INK,
      titleOpacity: 0.8,
      titleFontWeight: 'normal',
      labelFontSize: 11,
      titleFontSize: 11,
    },
    legend: { labelColor: INK, labelFontSize: 11, title: null, symbolSize: 60, symbolStrokeWidth: 3, symbolOpacity: 1 },
    title: { anchor: 'start', fontSize: 13, fontWeight: 600, color: INK, offset: 8 },
  },
} as const;

/** The chart rendered as SVG. */
export async function renderSvg(
  spec: Record<string, unknown>,
  language: 'vega-lite' | 'vega' = 'vega-lite',
): Promise<string> {
  const compiled = language === 'vega' ? (spec as Spec) : vegaLite().compile(spec as unknown as TopLevelSpec).spec;
  const { Error: errors, parse, View } = vega();
  const view = new View(parse(compiled), { renderer: 'none', logLevel: errors });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/** The chart rendered on white as PNG bytes, at `scale` times its size. */
export async function renderPng(
  spec: Record<string, unknown>,
  scale = 2,
  language: 'vega-lite' | 'vega' = 'vega-lite',
): Promise<Buffer> {
  const svg = await renderSvg(spec, language);
  return sharp(Buffer.from(svg.replace('<svg ', '<svg color="#212529" ')), { density: 72 * scale })
    .flatten({ background: 'white' })
    .png({ compressionLevel: 6 })
    .toBuffer();
}

/** The chart as an SVG file: dark on white, or light on black where the reader prefers dark pages. */
export async function svgFile(spec: Record<string, unknown>): Promise<string> {
  const style =
    '<style>:root{color:#212529;background:#fff}@media(prefers-color-scheme:dark){:root{color:#e9ecef;background:#111}}</style>';
  return (await renderSvg(spec)).replace(/<svg [^>]*>/, (tag) => `${tag}${style}`);
}

/** A PNG for what shows no interactive chart, in its own size and with the few colours of lines and bars: a tenth of the bytes. */
export async function chartPng(spec: Record<string, unknown>): Promise<Buffer> {
  return fewColours(await renderPng(spec, 1));
}

/** An image of lines and bars as a PNG of sixteen colours. */
export const fewColours = (image: Buffer): Promise<Buffer> =>
  sharp(image).png({ compressionLevel: 9, palette: true, colours: 16, dither: 0, effort: 10 }).toBuffer();

/** SVG drawn on white as a PNG of its own size and few colours. */
export const drawingPng = async (svg: string): Promise<Buffer> =>
  fewColours(await sharp(Buffer.from(svg), { density: 72 }).flatten({ background: 'white' }).png().toBuffer());

/**
 * HTML of a chart that takes the colours and the width of the page, where scripts run; elsewhere (GitHub, a notebook that is not
 * trusted) it is the PNG, which is legible on any page.
 *
 * @param html of the chart, with inline SVG; texts escaped
 */
export function chartHtml(html: string, png: Buffer, name: string): string {
  const body = `<img alt="${escapeHtml(name)}" width="720" style="max-width:100%;height:auto" src="data:image/png;base64,${png.toString('base64')}">`;
  return interactiveHtml({ body, data: { html }, scripts: ['charts'], entry: 'showChart' });
}

/** A chart that has no layout for narrow pages: it is made smaller there. The PNG is for what shows no HTML. */
export async function chartBundle(spec: Record<string, unknown>, text: string, name = 'chart'): Promise<MimeBundle> {
  const svg = (await renderSvg(spec)).replace('<svg ', '<svg style="max-width:100%;height:auto" ');
  const png = await chartPng(spec);
  return { 'text/html': chartHtml(svg, png, name), 'image/png': png.toString('base64'), 'text/plain': text };
}

const BARS = '▁▂▃▄▅▆▇█';

/** Values as a row of bars, at most `width` of them. */
export function sparkline(values: readonly number[], width = 40): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return '';
  // a long run has more values than a call may have arguments
  const [low, high] = finite.reduce(
    ([a, b], value) => [Math.min(a, value), Math.max(b, value)],
    [finite[0], finite[0]],
  );
  const bins = Math.min(width, finite.length);
  return Array.from({ length: bins }, (_, i) => {
    const bin = finite.slice(Math.floor((i * finite.length) / bins), Math.floor(((i + 1) * finite.length) / bins));
    const mean = bin.reduce((a, b) => a + b, 0) / bin.length;
    return BARS[high === low ? 0 : Math.round(((mean - low) / (high - low)) * (BARS.length - 1))];
  }).join('');
}
