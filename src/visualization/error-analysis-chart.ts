// COCO's error analysis of one class as an SVG: precision over recall, an area for every kind of error that is forgiven, with
// MMDetection's colours (what is right is the background) and the mean precision of each curve in the legend.

import { escapeHtml } from './escape';

const COLOURS = ['none', '#4f82bd', '#bf4f4d', '#5ce661', '#8063a3', '#ff9900', '#cfd4da'];
const [WIDTH, HEIGHT, LEFT, TOP, SIDE] = [640, 360, 48, 30, 290];

export interface ErrorAnalysisChart {
  title: string;
  /** In the order of the stages: name, what it forgives, and precision at recalls 0 .. 1, ascending from stage to stage. */
  curves: readonly { name: string; precision: ArrayLike<number>; meaning?: string }[];
}

/** @example errorAnalysisSvg({ title: 'car, all areas', curves: [{ name: 'C75', precision }] }) */
export function errorAnalysisSvg({ title, curves }: ErrorAnalysisChart): string {
  const x = (k: number, count: number) => LEFT + (SIDE * k) / (count - 1);
  const y = (precision: number) => TOP + SIDE * (1 - precision);
  const points = (precision: ArrayLike<number>) =>
    Array.from(precision, (value, k) => `${x(k, precision.length).toFixed(1)},${y(value).toFixed(1)}`);
  const areas = curves.map(({ precision }, i) => {
    const below = i === 0 ? new Float64Array(precision.length) : curves[i - 1].precision;
    const outline = [...points(precision), ...points(below).reverse()].join(' ');
    return `<polygon points="${outline}" fill="${COLOURS[i % COLOURS.length]}" stroke="currentColor" stroke-opacity="0.6" stroke-width="0.5"/>`;
  });
  const mean = (precision: ArrayLike<number>) => Array.from(precision).reduce((a, b) => a + b, 0) / precision.length;
  const legend = curves.map(({ name, precision, meaning }, i) => {
    const at = TOP + 12 + 20 * i;
    const forgiven = meaning
      ? `<tspan x="${LEFT + SIDE + 118}" fill-opacity="0.75">${escapeHtml(meaning)}</tspan>`
      : '';
    const text = `[${mean(precision).toFixed(3)}] ${escapeHtml(name)}${forgiven}`;
    const box = `<rect x="${LEFT + SIDE + 16}" y="${at - 10}" width="12" height="12" fill="${COLOURS[i % COLOURS.length]}" stroke="#888"/>`;
    return `${box}<text x="${LEFT + SIDE + 34}" y="${at}">${text}</text>`;
  });
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1].map(
    (value) =>
      `<text x="${LEFT - 6}" y="${y(value) + 4}" text-anchor="end">${value}</text>` +
      `<text x="${LEFT + SIDE * value}" y="${TOP + SIDE + 16}" text-anchor="middle">${value}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" style="max-width:100%;height:auto" font-family="sans-serif" font-size="12" fill="currentColor">`,
    `<text x="${LEFT}" y="18" font-weight="bold">${escapeHtml(title)}</text>`,
    ...areas,
    `<rect x="${LEFT}" y="${TOP}" width="${SIDE}" height="${SIDE}" fill="none" stroke="currentColor"/>`,
    ...ticks,
    `<text x="${LEFT + SIDE / 2}" y="${TOP + SIDE + 34}" text-anchor="middle">recall</text>`,
    `<text x="14" y="${TOP + SIDE / 2}" text-anchor="middle" transform="rotate(-90 14 ${TOP + SIDE / 2})">precision</text>`,
    ...legend,
    '</svg>',
  ].join('\n');
}
