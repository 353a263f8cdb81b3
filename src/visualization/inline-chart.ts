// A Vega-Lite chart as inline SVG for HTML: on the surrounding background, with the surrounding text's colour as ink, so that it
// follows the theme.

import { renderSvg } from './chart';

const INK = {
  axis: {
    gridColor: 'currentColor',
    gridOpacity: 0.15,
    domainColor: 'currentColor',
    domainOpacity: 0.5,
    tickColor: 'currentColor',
    tickOpacity: 0.5,
    labelColor: 'currentColor',
    titleColor: 'currentColor',
    titleFontWeight: 'normal',
    labelFontSize: 11,
    titleFontSize: 11,
  },
  legend: {
    labelColor: 'currentColor',
    titleColor: 'currentColor',
    labelFontSize: 11,
    title: null,
    symbolStrokeWidth: 3,
  },
  title: { color: 'currentColor', anchor: 'start', fontSize: 13, fontWeight: 600, offset: 8 },
};

/** @param label what it shows, for those who do not see it */
export async function inlineChart(spec: Record<string, unknown>, label: string): Promise<string> {
  const { config } = spec as { config?: Record<string, unknown> };
  const svg = await renderSvg({ ...spec, background: null, config: { ...config, ...INK } });
  const text = label.replace(/["<>&]/g, '');
  return svg.replace('<svg ', `<svg role="img" aria-label="${text}" style="max-width:100%;height:auto" `);
}
