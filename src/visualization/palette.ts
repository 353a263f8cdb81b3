// Colours of classes and lines: ten that are easy to distinguish (by lightness also with common colour blindness), then hues
// by the golden angle.

const FIRST = [
  '#e6194b',
  '#0a84ff',
  '#2fb344',
  '#ff9f0a',
  '#8e44ec',
  '#00b8c4',
  '#c2188b',
  '#7a5c00',
  '#5e81f4',
  '#93c01f',
];

/** The colour of class or series `i`, as #rrggbb: of `palette`, used again where it is shorter, or a standard one. */
export function colourOf(i: number, palette?: readonly string[]): string {
  if (palette) return palette[i % palette.length];
  if (i < FIRST.length) return FIRST[i];
  const hue = (i * 137.508) % 360;
  const lightness = [0.42, 0.55, 0.34][i % 3];
  const channel = (n: number) => {
    const k = (n + hue / 30) % 12;
    const a = 0.75 * Math.min(lightness, 1 - lightness);
    const v = lightness - a * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(255 * v)
      .toString(16)
      .padStart(2, '0');
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}

/** Black or white, whichever is more legible on `colour` (relative luminance of WCAG 2). */
export function inkOn(colour: string): '#000000' | '#ffffff' {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const v = Number.parseInt(colour.slice(i, i + 2), 16) / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.36 ? '#000000' : '#ffffff';
}
