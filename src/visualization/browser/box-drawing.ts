// Boxes of an image as SVG: masks, outlines, keypoints and labels in image pixels. Pure functions of data; the static image of a display
// (drawn in Node) and the live one are the same drawing.

type LiveBoxData = import('../live-image-data').LiveBoxData;
type LivePointData = import('../live-image-data').LivePointData;
type LiveImageData = import('../live-image-data').LiveImageData;
type LiveView = import('../live-image-data').LiveView;
type LiveLegend = import('../live-image-data').LiveLegend;
type LiveFrame = import('../live-image-data').LiveFrame;
type LiveItem = import('../live-image-data').LiveItem;

/** Room beside an image that is thinner than its labels. */
function liveFrame(
  { width, height }: { width: number; height: number },
  shownWidth: number,
  fontSize: number,
  lineWidth: number,
): LiveFrame {
  const unit = width / shownWidth;
  const side = (pixels: number) => Math.max(pixels, 4 * fontSize * unit);
  const [frameWidth, frameHeight] = [side(width), side(height)];
  const [x, y] = [(width - frameWidth) / 2, (height - frameHeight) / 2];
  return { x, y, width: frameWidth, height: frameHeight, unit, fontSize, lineWidth };
}

/** The state of a box at a threshold: a truth whose finder is below it is missed. */
function liveState(box: LiveBoxData, { states }: LiveLegend, threshold: number): string {
  const state = states[box[6] ?? -1] ?? '';
  const foundUpTo = box[10] ?? undefined;
  return state === 'truth' && foundUpTo !== undefined && foundUpTo < threshold ? 'missed' : state;
}

/** The boxes of a view, lowest score first: the highest is drawn last, on top. */
function liveItems({ boxes }: LiveImageData, legend: LiveLegend, view: LiveView): LiveItem[] {
  const hasScores = boxes.some((box) => typeof box[5] === 'number');
  const items: LiveItem[] = [];
  for (const [index, box] of boxes.entries()) {
    const [x1, y1, x2, y2, label] = box;
    const score = box[5] ?? undefined;
    if (score !== undefined && score < view.threshold) continue;
    const isLeft = typeof box[11] === 'number' ? box[11] === 0 : score === undefined;
    if (view.side !== 'all' && (view.side === 'truths') !== isLeft) continue;
    const state = liveState(box, legend, view.threshold);
    if (view.hiddenClasses.includes(label) || view.hiddenStates.includes(legend.states.indexOf(state))) continue;
    const name = legend.classes[label] ?? String(label);
    const flags = box[13] ?? 0;
    const minor = (flags & 2) > 0;
    const region = (flags & 4) > 0;
    const parts = [
      ...(view.labels === 'all' || view.labels === 'class' ? [name] : []),
      ...(score !== undefined && (view.labels === 'all' || view.labels === 'score') ? [score.toFixed(2)] : []),
    ];
    items.push({
      index,
      box: [x1, y1, x2, y2],
      state,
      color:
        (view.color === 'state' ? legend.stateColors[legend.states.indexOf(state)] : legend.colors[label]) ?? '#888888',
      // the detection that met it has the label
      text:
        minor || (state === 'truth' && hasScores && view.side === 'all')
          ? ''
          : view.labels === 'none'
            ? ''
            : (box[14] ?? parts.join(' ')),
      minor,
      region,
      dashed: (flags & 1) > 0 || state === 'ignored' || (score === undefined && hasScores && view.side === 'all'),
      corners: box[15] ?? [],
      outline: box[9] ?? '',
      strokes: box[16] ?? [],
    });
  }
  const scoreOf = ({ index }: LiveItem) => boxes[index][5] ?? -1;
  return items.sort((a, b) => scoreOf(a) - scoreOf(b) || b.index - a.index);
}

/** Text for SVG and HTML. */
function liveEscape(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (c) => entities[c]);
}

/** Black or white, whichever is more legible on #rrggbb (relative luminance of WCAG 2). */
function liveInk(color: string): string {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const v = Number.parseInt(color.slice(i, i + 2), 16) / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.36 ? '#000000' : '#ffffff';
}

/** Decimals of positions in image pixels, so that they are right to a quarter of a pixel of the screen, of `unit` image pixels. */
const liveDecimals = (unit: number): number => Math.min(6, Math.max(0, Math.ceil(-Math.log10(unit / 4))));

/** Short numbers: without the decimals that nobody sees. */
const liveNumber = (unit: number): ((value: number) => string) => {
  const scale = 10 ** liveDecimals(unit);
  return (value) => String(Math.round(value * scale) / scale);
};

/** Where the label of a rotated box begins: over its topmost corner, and over the box where it is wide enough. */
function liveLabelStart(corners: readonly number[], x1: number, x2: number, width: number): number {
  let at = 1;
  for (let i = 3; i < corners.length; i += 2) if (corners[i] < corners[at]) at = i;
  return Math.max(x1, Math.min(corners[at - 1] - width / 2, x2 - width));
}

/**
 * Where each label is: above its box, or inside or below it where it would leave the frame or cover another label. Of many boxes
 * only those have one for which there is room.
 */
function liveLabelPlaces(
  items: readonly LiveItem[],
  frame: LiveFrame,
  measure: (text: string) => number,
): ({ left: number; top: number; width: number; height: number } | undefined)[] {
  const size = frame.fontSize * frame.unit;
  const [right, bottom] = [frame.x + frame.width, frame.y + frame.height];
  const height = size * 1.35;
  const occupied: number[][] = [];
  const crowded = items.length > 25;
  return items.map(({ text, corners, box: [x1, y1, x2, y2] }) => {
    if (text === '') return undefined;
    const width = measure(text) * frame.unit + size * 0.6;
    const start = corners.length > 0 ? liveLabelStart(corners, x1, x2, width) : x1 - (frame.lineWidth * frame.unit) / 2;
    const left = Math.min(Math.max(start, frame.x), Math.max(frame.x, right - width));
    const isFree = (top: number) =>
      occupied.every(([l, t, r, b]) => left >= r || left + width <= l || top >= b || top + height <= t);
    const spots = [y1 - height, y1, y2 - height, y2].filter((top) => top >= frame.y && top + height <= bottom);
    const top = spots.find(isFree) ?? (crowded ? undefined : (spots[0] ?? Math.max(frame.y, y1 - height)));
    if (top === undefined) return undefined;
    occupied.push([left, top, left + width, top + height]);
    return { left, top, width, height };
  });
}

/**
 * SVG of the boxes, without the image. `measure` gives the width of a label's text in pixels of the screen. Attributes are in
 * single quotes, which are one character in an address too.
 */
function liveDrawing(items: readonly LiveItem[], frame: LiveFrame, measure: (text: string) => number): string {
  const n = liveNumber(frame.unit);
  const size = frame.fontSize * frame.unit;
  const masks = items
    .filter(({ outline }) => outline !== '')
    .map(({ outline, color }) => `<path d='${liveEscape(outline)}' fill='${color}' stroke='${color}'/>`);
  const labels = liveLabelPlaces(items, frame, measure).map((place, i) => {
    if (!place) return '';
    const { color, text } = items[i];
    const { left, top, width, height } = place;
    const ink = liveInk(color) === '#ffffff' ? '' : " fill='#000'";
    return (
      `<path d='${liveRectangle(n, left, top, width, height)}' fill='${color}'/>` +
      `<text x='${n(left + size * 0.3)}' y='${n(top + height * 0.75)}'${ink}>${liveEscape(text)}</text>`
    );
  });
  const font = `font-family='DejaVu Sans,Segoe UI,Helvetica Neue,Arial,sans-serif' font-weight='600' font-size='${n(size)}'`;
  return (
    (masks.length > 0
      ? `<g fill-opacity='.42' fill-rule='evenodd' stroke-width='${n(frame.unit)}'>${masks.join('')}</g>`
      : '') +
    `<g fill='none'>${liveLines(items, frame)}${liveStrokes(items, frame)}</g>` +
    (labels.some((label) => label !== '') ? `<g fill='#fff' ${font}>${labels.join('')}</g>` : '')
  );
}

/** Skeletons: the strokes of a colour are one path, over a dark one; dots are wider. */
function liveStrokes(items: readonly LiveItem[], { unit, lineWidth }: LiveFrame): string {
  const n = liveNumber(unit);
  const all = items.flatMap(({ strokes }) => strokes);
  if (all.length === 0) return '';
  const groups = [false, true].map((dots) => {
    const of = all.filter(([x1, y1, x2, y2]) => (x1 === x2 && y1 === y2) === dots);
    const path = (strokes: typeof of) =>
      strokes.map(([x1, y1, x2, y2]) => `M${n(x1)} ${n(y1)}${dots ? 'h0' : `L${n(x2)} ${n(y2)}`}`).join('');
    if (of.length === 0) return '';
    const width = (dots ? 2.5 : 1) * lineWidth * unit;
    const colors = [...new Set(of.map(([, , , , color]) => color))];
    return (
      `<path d='${path(of)}' stroke='#000' stroke-opacity='.45' stroke-width='${n(width + 1.5 * unit)}'/>` +
      `<g stroke-width='${n(width)}'>${colors
        .map((color) => `<path d='${path(of.filter((stroke) => stroke[4] === color))}' stroke='${liveEscape(color)}'/>`)
        .join('')}</g>`
    );
  });
  return `<g stroke-linecap='round'>${groups.join('')}</g>`;
}

const liveRectangle = (n: (v: number) => string, x: number, y: number, width: number, height: number): string =>
  `M${n(x)} ${n(y)}h${n(width)}v${n(height)}h${n(-width)}z`;

/** The circles of an image, of the classes that are shown. */
function livePoints(
  { points = [] }: LiveImageData,
  { colors }: LiveLegend,
  { hiddenClasses }: LiveView,
  { unit }: LiveFrame,
): string {
  const n = liveNumber(unit);
  const circles = points.map(([x, y, radius, label, , opacity], i) =>
    hiddenClasses.includes(label)
      ? ''
      : `<circle data-point='${i}' cx='${n(x)}' cy='${n(y)}' r='${n(radius)}' fill='${colors[label] ?? '#888888'}' opacity='${opacity}'/>`,
  );
  return circles.join('') === ''
    ? ''
    : `<g stroke='#000' stroke-opacity='.5' stroke-width='${n(unit * 0.5)}'>${circles.join('')}</g>`;
}

/** The boxes of a colour are one path; a dark line below all of them keeps them visible on any background. */
function liveLines(all: readonly LiveItem[], { unit, lineWidth }: LiveFrame): string {
  const items = all.filter(({ region }) => !region);
  const n = liveNumber(unit);
  const path = ({ box: [x1, y1, x2, y2], corners }: LiveItem) =>
    corners.length > 0
      ? `M${corners.map((v, i) => `${i > 0 && i % 2 === 0 ? 'L' : i % 2 === 1 ? ' ' : ''}${n(v)}`).join('')}z`
      : liveRectangle(n, x1, y1, x2 - x1, y2 - y1);
  const dashes = `stroke-dasharray='${n(lineWidth * unit * 3)} ${n(lineWidth * unit * 2)}'`;
  const paths = (group: readonly LiveItem[], stroke: string) =>
    [false, true].map((dashed) => {
      const of = group.filter((item) => item.dashed === dashed);
      return of.length > 0
        ? `<path d='${of.map(path).join('')}' ${dashed ? `${dashes} ` : ''}stroke='${stroke}'/>`
        : '';
    });
  const major = items.filter(({ minor }) => !minor);
  const colored = (group: readonly LiveItem[]) =>
    [...new Set(group.map(({ color }) => color))].flatMap((color) =>
      paths(
        group.filter((item) => item.color === color),
        color,
      ),
    );
  const minor = colored(items.filter((item) => item.minor)).join('');
  return (
    (minor === '' ? '' : `<g stroke-width='${n(0.5 * lineWidth * unit)}'>${minor}</g>`) +
    `<g stroke-opacity='.45' stroke-width='${n((lineWidth + 1.5) * unit)}'>${paths(major, '#000').join('')}</g>` +
    `<g stroke-width='${n(lineWidth * unit)}'>${colored(major).join('')}</g>`
  );
}
