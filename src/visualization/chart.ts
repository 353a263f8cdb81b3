// A Vega-Lite v5 chart as a MIME bundle: the specification for interactive front ends, a PNG for those that cannot render it
// (nbconvert, GitHub, Notebook 6), and text.

import sharp from 'sharp';
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { MimeBundle } from './display';

export const VEGA_LITE_MIME = 'application/vnd.vegalite.v5+json';

/** Shared by all charts: a white background (also on dark themes), muted axes. */
export const chartConfig = {
  $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
  background: 'white',
  padding: 12,
  config: {
    font: 'DejaVu Sans, Segoe UI, Helvetica, Arial, sans-serif',
    view: { stroke: null },
    axis: {
      gridColor: '#e9ecef',
      domainColor: '#adb5bd',
      tickColor: '#adb5bd',
      labelColor: '#495057',
      titleColor: '#495057',
      titleFontWeight: 'normal',
      labelFontSize: 11,
      titleFontSize: 11,
    },
    legend: { labelColor: '#343a40', labelFontSize: 11, title: null, symbolSize: 60, symbolStrokeWidth: 3 },
    title: { anchor: 'start', fontSize: 13, fontWeight: 600, color: '#212529', offset: 8 },
  },
} as const;

/** The chart rendered as SVG. */
export async function renderSvg(
  spec: Record<string, unknown>,
  language: 'vega-lite' | 'vega' = 'vega-lite',
): Promise<string> {
  const compiled = language === 'vega' ? (spec as vega.Spec) : compile(spec as unknown as TopLevelSpec).spec;
  const view = new vega.View(vega.parse(compiled), { renderer: 'none', logLevel: vega.Error });
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
  return sharp(Buffer.from(svg), { density: 72 * scale })
    .flatten({ background: 'white' })
    .png({ compressionLevel: 6 })
    .toBuffer();
}

export async function chartBundle(spec: Record<string, unknown>, text: string): Promise<MimeBundle> {
  const png = await renderPng(spec);
  return { [VEGA_LITE_MIME]: spec, 'image/png': png.toString('base64'), 'text/plain': text };
}

const BARS = '▁▂▃▄▅▆▇█';

/** Values as a row of bars, at most `width` of them. */
export function sparkline(values: readonly number[], width = 40): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return '';
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const bins = Math.min(width, finite.length);
  return Array.from({ length: bins }, (_, i) => {
    const bin = finite.slice(Math.floor((i * finite.length) / bins), Math.floor(((i + 1) * finite.length) / bins));
    const mean = bin.reduce((a, b) => a + b, 0) / bin.length;
    return BARS[high === low ? 0 : Math.round(((mean - low) / (high - low)) * (BARS.length - 1))];
  }).join('');
}
