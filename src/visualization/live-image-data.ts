// What an image with boxes is to the displays, in Node and in the browser: types alone. The scripts of browser/, which are no
// modules, take them over with `import(...)`.

/**
 * A box as displays store it: x1, y1, x2, y2, class, then what there is of score, state, IoU, text of the truth it met, outline of
 * the mask, the score up to which a truth is found, the side that shows it (0 the left, 1 the right), a note, flags (1: dashed,
 * 2: minor, 4: region), a text in place of class and score, the corners x, y, x, y, ... of a box that is not upright, and the strokes
 * of its keypoints: x1, y1, x2, y2, colour.
 */
export type LiveBoxData = [
  number,
  number,
  number,
  number,
  number,
  (number | null)?,
  (number | null)?,
  (number | null)?,
  (string | null)?,
  (string | null)?,
  (number | null)?,
  (number | null)?,
  (string | null)?,
  (number | null)?,
  (string | null)?,
  (readonly number[] | null)?,
  (readonly LiveStroke[] | null)?,
];

export type LiveStroke = readonly [number, number, number, number, string];

/** A filled circle: center, radius, class, what the pointer shows, opacity. */
export type LivePointData = [number, number, number, number, string, number];

export interface LiveImageData {
  name: string;
  width: number;
  height: number;
  caption?: string;
  values: Record<string, number | null>;
  boxes: LiveBoxData[];
  points?: LivePointData[];
}

/** What is drawn of the boxes, and how. */
export interface LiveView {
  threshold: number;
  color: 'class' | 'state';
  labels: 'all' | 'class' | 'score' | 'none';
  /** Indices that are switched off. */
  hiddenClasses: readonly number[];
  hiddenStates: readonly number[];
  /** Side by side, truths (boxes without a score) are on the left, unless the boxes say their side themselves. */
  side: 'all' | 'truths' | 'predictions';
}

export interface LiveLegend {
  classes: readonly string[];
  colors: readonly string[];
  states: readonly string[];
  stateColors: readonly string[];
}

/** A rectangle in image pixels, and the length of a pixel of the screen in them. */
export interface LiveFrame {
  x: number;
  y: number;
  width: number;
  height: number;
  unit: number;
  /** In pixels of the screen. */
  fontSize: number;
  lineWidth: number;
}

export interface LiveItem {
  /** Position in the image's boxes. */
  index: number;
  box: readonly number[];
  state: string;
  color: string;
  text: string;
  dashed: boolean;
  /** A thin line without a label. */
  minor: boolean;
  /** Without its box. */
  region: boolean;
  /** x, y, x, y, ... of a box that is not upright, else empty. */
  corners: readonly number[];
  outline: string;
  /** Of its keypoints; a dot ends where it begins. */
  strokes: readonly LiveStroke[];
}
