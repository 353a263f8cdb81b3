// Sliders and progress bars: a number, or a range, between two bounds.

import { DetLabError } from '../../errors';
import {
  choiceProperty,
  flagProperty,
  integerProperty,
  numberProperty,
  type PropertiesOf,
  type Property,
  rangeProperty,
  textProperty,
} from './property';
import { bar, labelled, labelledText } from './static-html';
import { type WidgetKind, widgetMaker } from './widget';

interface Bounds {
  min: number;
  max: number;
  description: string;
}

/** Properties of a slider. */
export interface SliderProperties<V = number> extends Bounds {
  /** Between `min` and `max`; a bound that is moved past it takes it along. */
  value: V;
  step: number;
  disabled: boolean;
  orientation: 'horizontal' | 'vertical';
  /** Whether the value is written beside it. */
  readout: boolean;
  /** d3's format of the readout: `.2f`. */
  readoutFormat: string;
  /** Whether the value changes while it is dragged, not only at its end. */
  continuousUpdate: boolean;
}

/** An interval that a range slider selects. */
export type NumberRange = readonly [low: number, high: number];

/** Properties of a progress bar. */
export interface ProgressProperties extends Bounds {
  value: number;
  barStyle: '' | 'success' | 'info' | 'warning' | 'danger';
}

/** @throws DetLabError for bounds in the wrong order, and for a value given outside of them */
function settled<V extends number | NumberRange, S extends Bounds & { value: V }>(
  name: string,
  state: S,
  set: ReadonlySet<string>,
): S {
  const { min, max } = state;
  if (min > max)
    throw new DetLabError(`Cannot set the bounds of ${name}: expected min <= max, received ${min} and ${max}`);
  const ends: NumberRange = typeof state.value === 'number' ? [state.value, state.value] : state.value;
  if (ends[0] >= min && ends[1] <= max) return state;
  if (set.has('value'))
    throw new DetLabError(
      `Cannot set value of ${name}: expected ${min} to ${max}, received ${ends[0] === ends[1] ? ends[0] : ends.join(' to ')}`,
    );
  const inside = (value: number) => Math.min(max, Math.max(min, value));
  const value = typeof state.value === 'number' ? inside(ends[0]) : ends.map(inside);
  return { ...state, value: value as V };
}

/** Short, as a readout: at most four digits after the point. */
const shortNumber = (value: number): string => String(Number(value.toFixed(4)));

const valueText = (value: number | NumberRange): string =>
  typeof value === 'number' ? shortNumber(value) : value.map(shortNumber).join(' to ');

function shownAs<V extends number | NumberRange>(name: string) {
  type State = Bounds & { value: V };
  return {
    settle: <S extends State>(state: S, set: ReadonlySet<string>): S => settled(name, state, set),
    text: ({ description, value, min, max }: State) =>
      labelledText(description, `${valueText(value)} (${shortNumber(min)} to ${shortNumber(max)})`),
    html: ({ description, value, min, max }: State) => {
      const share = (at: number) => (max > min ? (at - min) / (max - min) : 0);
      const [from, to] = typeof value === 'number' ? [min, value] : value;
      return labelled(description, `${bar(share(from), share(to))} ${valueText(value)}`);
    },
  };
}

const sliderProperties = <V>(
  value: Property<V>,
  number: (initial: number) => Property<number>,
  { max, step, format }: { max: number; step: number; format: string },
): PropertiesOf<SliderProperties<V>> => ({
  value,
  min: number(0),
  max: number(max),
  step: number(step),
  description: textProperty(''),
  disabled: flagProperty(false),
  orientation: choiceProperty(['horizontal', 'vertical'], 'horizontal'),
  readout: flagProperty(true),
  readoutFormat: textProperty(format),
  continuousUpdate: flagProperty(true),
});

const slider = <V extends number | NumberRange>(name: string, properties: PropertiesOf<SliderProperties<V>>) =>
  widgetMaker<SliderProperties<V>>({ name, properties, ...shownAs<V>(name) } satisfies WidgetKind<SliderProperties<V>>);

const INTEGERS = { max: 100, step: 1, format: 'd' };
const NUMBERS = { max: 1, step: 0.01, format: '.2f' };

/**
 * A slider for a number.
 * @example const score = widgets.floatSlider({ min: 0, max: 1, value: 0.3, description: 'score' });
 */
export const floatSlider = slider('FloatSlider', sliderProperties(numberProperty(0), numberProperty, NUMBERS));
/** A slider for an integer. */
export const intSlider = slider('IntSlider', sliderProperties(integerProperty(0), integerProperty, INTEGERS));
/** A slider with two ends. */
export const floatRangeSlider = slider<NumberRange>(
  'FloatRangeSlider',
  sliderProperties(rangeProperty([0, 1]), numberProperty, NUMBERS),
);
/** A slider with two ends, for integers. */
export const intRangeSlider = slider<NumberRange>(
  'IntRangeSlider',
  sliderProperties(rangeProperty([0, 100]), integerProperty, INTEGERS),
);

/** A bar that fills from `min` to `max`. */
export const progress = widgetMaker<ProgressProperties>({
  name: 'FloatProgress',
  view: 'ProgressView',
  properties: {
    value: numberProperty(0),
    min: numberProperty(0),
    max: numberProperty(1),
    description: textProperty(''),
    barStyle: choiceProperty(['', 'success', 'info', 'warning', 'danger'], ''),
  },
  ...shownAs<number>('FloatProgress'),
});
