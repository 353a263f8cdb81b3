// Choices among options: one (dropdown, radio buttons, toggle buttons) or several. The front end knows the options'
// labels and which of them is chosen by its index; the values stay here.

import { DetLabError, didYouMean, nameOfValue } from '../../errors';
import type { FrontEndState } from './front-end-state';
import { anyProperty, flagProperty, type PropertiesOf, textProperty } from './property';
import { framed, labelled, labelledText } from './static-html';
import { Widget, type WidgetKind, type WidgetOf, type WidgetOptions } from './widget';

/** Values, shown as they are, or values by their label. */
export type SelectionOptions<T> = readonly T[] | Readonly<Record<string, T>>;

interface Choices<T> {
  options: SelectionOptions<T>;
  description: string;
  disabled: boolean;
}

/** Properties of a choice of one value. */
export interface SelectionProperties<T> extends Choices<T> {
  /** One of the options; at first the first one. */
  value: T;
}

/** Properties of a choice of several values. */
export interface MultipleProperties<T> extends Choices<T> {
  /** Some of the options. */
  value: readonly T[];
}

const labelOf = (value: unknown): string => (typeof value === 'string' ? value : String(value));
const entriesOf = <T>(options: SelectionOptions<T>): (readonly [label: string, value: T])[] =>
  Array.isArray(options)
    ? options.map((value: T) => [labelOf(value), value] as const)
    : Object.entries(options as Readonly<Record<string, T>>);

const valuesOf = <T>(options: SelectionOptions<T>): T[] => entriesOf(options).map(([, value]) => value);
const labelsOf = (options: SelectionOptions<unknown>): string[] => entriesOf(options).map(([label]) => label);

/** The index of a value. @throws DetLabError where it is no option */
function indexOf<T>(name: string, options: SelectionOptions<T>, value: T): number {
  const index = valuesOf(options).indexOf(value);
  if (index >= 0) return index;
  const labels = labelsOf(options);
  const near = typeof value === 'string' ? didYouMean(value, labels) : '';
  throw new DetLabError(
    `Cannot choose ${nameOfValue(value)} in ${name}: expected one of ${labels.slice(0, 20).join(', ')}.${near}`,
  );
}

function checkOptions(name: string, options: unknown): void {
  if (typeof options !== 'object' || options === null)
    throw new DetLabError(
      `Cannot set options of ${name}: expected a list of values, or values by label, received ${nameOfValue(options)}`,
    );
}

const properties = <T>(): PropertiesOf<Choices<T>> => ({
  options: anyProperty<SelectionOptions<T>>([]),
  description: textProperty(''),
  disabled: flagProperty(false),
});

const shared = ({ options, description, disabled }: Choices<unknown>): FrontEndState => ({
  _options_labels: labelsOf(options),
  description,
  disabled,
});

const labelAt = (options: SelectionOptions<unknown>, value: unknown) =>
  labelsOf(options)[valuesOf(options).indexOf(value)] ?? '';

const single = <T>(name: string): WidgetKind<SelectionProperties<T>> => ({
  name,
  properties: { ...properties<T>(), value: anyProperty<T>(undefined as T) },
  settle(state, set) {
    checkOptions(name, state.options);
    const values = valuesOf(state.options);
    if (set.has('value')) indexOf(name, state.options, state.value);
    return values.includes(state.value) ? state : { ...state, value: values[0] };
  },
  toFrontEnd(state) {
    const index = valuesOf(state.options).indexOf(state.value);
    return { ...shared(state), index: index < 0 ? null : index };
  },
  fromFrontEnd: ({ index }, { options }) =>
    typeof index === 'number' && index in valuesOf(options) ? { value: valuesOf(options)[index] } : {},
  text: ({ description, options, value }) => labelledText(description, labelAt(options, value)),
  html: ({ description, options, value }) => labelled(description, framed(labelAt(options, value))),
});

const multiple = <T>(name: string): WidgetKind<MultipleProperties<T>> => ({
  name,
  properties: { ...properties<T>(), value: anyProperty<readonly T[]>([]) },
  settle(state, set) {
    checkOptions(name, state.options);
    if (!Array.isArray(state.value))
      throw new DetLabError(
        `Cannot set value of ${name}: expected a list of options, received ${nameOfValue(state.value)}`,
      );
    if (set.has('value')) for (const one of state.value) indexOf(name, state.options, one);
    const values = valuesOf(state.options);
    const kept = state.value.filter((one) => values.includes(one));
    return kept.length === state.value.length ? state : { ...state, value: kept };
  },
  toFrontEnd: (state) => ({ ...shared(state), index: state.value.map((one) => valuesOf(state.options).indexOf(one)) }),
  fromFrontEnd: ({ index }, { options }) =>
    Array.isArray(index) ? { value: index.filter((i) => i in valuesOf(options)).map((i) => valuesOf(options)[i]) } : {},
  text: ({ description, options, value }) =>
    labelledText(description, value.map((one) => labelAt(options, one)).join(', ') || 'none'),
  html: ({ description, options, value }) =>
    labelled(description, value.map((one) => framed(labelAt(options, one))).join(' ') || 'none'),
});

/** Of texts and numbers the type keeps the very values. */
type Choice = string | number | boolean | object | null | undefined;

type Selection = <T extends Choice>(options: WidgetOptions<SelectionProperties<T>>) => WidgetOf<SelectionProperties<T>>;

const selection = (name: string): Selection => {
  const make = Widget.ofKind(Widget<SelectionProperties<unknown>>, single<unknown>(name));
  return (options) => make(options as WidgetOptions<SelectionProperties<unknown>>) as never;
};

/**
 * A list that opens, of which one option is chosen.
 * @example const neck = widgets.dropdown({ options: ['FPN', 'PAFPN'], description: 'neck' }); // neck.value: 'FPN' | 'PAFPN'
 */
export const dropdown = selection('Dropdown');
/** Options one below the other, of which one is chosen. */
export const radioButtons = selection('RadioButtons');
/** Buttons of which one is pressed. */
export const toggleButtons = selection('ToggleButtons');

const makeMultiple = Widget.ofKind(Widget<MultipleProperties<unknown>>, multiple<unknown>('SelectMultiple'));

/** A list of which several options can be chosen. */
export const selectMultiple = <T extends Choice>(
  options: WidgetOptions<MultipleProperties<T>>,
): WidgetOf<MultipleProperties<T>> => makeMultiple(options as WidgetOptions<MultipleProperties<unknown>>) as never;
