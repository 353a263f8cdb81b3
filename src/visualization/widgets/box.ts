// Boxes: widgets side by side, one below the other, and one at a time.

import { DetLabError, nameOfValue } from '../../errors';
import { escapeHtml } from '../escape';
import { anyProperty, integerProperty, type Property } from './property';
import { Widget, type WidgetOf, type WidgetOptions, widgetMaker } from './widget';

/** Any widget, whatever its properties. */
// biome-ignore lint/suspicious/noExplicitAny: the state is invariant
export type AnyWidget = Widget<any>;

/** Properties of a box of widgets. */
export interface BoxProperties {
  children: readonly AnyWidget[];
}

/** Properties of tabs and accordions. */
export interface PagesProperties extends BoxProperties {
  /** One for each child. */
  titles: readonly string[];
  /** The child that is shown, from 0. */
  selectedIndex: number;
}

const childrenProperty: Property<readonly AnyWidget[]> = {
  initial: [],
  read: (value) =>
    Array.isArray(value) && value.every((child) => child instanceof Widget)
      ? { value: [...value] }
      : { expected: 'a list of widgets' },
};

const text = ({ children }: BoxProperties) => children.map(String).join('\n');

type Box = (children?: readonly AnyWidget[], options?: WidgetOptions<BoxProperties>) => WidgetOf<BoxProperties>;

const box = (name: string, direction: 'row' | 'column'): Box => {
  const make = widgetMaker<BoxProperties>({
    name,
    properties: { children: childrenProperty },
    text,
    html: ({ children }) =>
      `<div style="display:flex;flex-direction:${direction};gap:4px 12px">${children.map((child) => `<div>${child.toHtml()}</div>`).join('')}</div>`,
  });
  return (children = [], options = {}) => make({ children, ...options });
};

/** Widgets side by side. @example widgets.hbox([score, neck]) */
export const hbox = box('HBox', 'row');
/** Widgets one below the other. */
export const vbox = box('VBox', 'column');

type Pages = (
  children: Readonly<Record<string, AnyWidget>>,
  options?: WidgetOptions<PagesProperties>,
) => WidgetOf<PagesProperties>;

const pages = (name: string): Pages => {
  const make = widgetMaker<PagesProperties>({
    name,
    properties: {
      children: childrenProperty,
      titles: anyProperty<readonly string[]>([]),
      selectedIndex: integerProperty(0),
    },
    settle(state) {
      if (!Array.isArray(state.titles) || !state.titles.every((title) => typeof title === 'string'))
        throw new DetLabError(`Cannot set titles of ${name}: expected strings, received ${nameOfValue(state.titles)}`);
      return state;
    },
    text: ({ children, titles }) => children.map((child, i) => `${titles[i] ?? ''}\n${child}`).join('\n\n'),
    html: ({ children, titles }) =>
      children
        .map((child, i) => `<div><strong>${escapeHtml(titles[i] ?? '')}</strong>${child.toHtml()}</div>`)
        .join(''),
  });
  return (children, options = {}) =>
    make({ children: Object.values(children), titles: Object.keys(children), ...options });
};

/** Pages of which one is shown, by the titles of their tabs. @example widgets.tab({ boxes, curves }) */
export const tab = pages('Tab');
/** Pages that open one below the other. */
export const accordion = pages('Accordion');
