// A widget of the user's own: an ES module for the page (anywidget's `render({ model, el })`) and the state that both sides
// share. See https://anywidget.dev for the module's side.

import { DetLabError, nameOfValue } from '../../errors';
import { escapeHtml } from '../escape';
import { unsendable } from './front-end-state';
import { type PropertiesOf, type Property, textProperty } from './property';
import { Widget, type WidgetKind } from './widget';

/** Options of a widget of the user's own. */
export interface AnyWidgetOptions<S extends object> {
  /** Source of an ES module: `export default { render({ model, el }) { ... } }`. */
  esm: string;
  /** Source of a style sheet. */
  css?: string;
  /** What both sides share: JSON values, and bytes, which the page reads as a DataView. */
  state?: S;
  /** HTML shown where there are no widgets; by default the state as text. */
  html?: (state: S) => string;
}

interface Sources {
  esm: string;
  css: string;
}

/** A widget with an ES module of its own for the page, which shares its state and exchanges messages with it. */
export class AnyWidget<S extends object> extends Widget<S & Sources> {
  /** Sends a message to the module, which receives it by `model.on('msg:custom', (content, buffers) => ...)`. */
  send(content: unknown, buffers: (ArrayBuffer | ArrayBufferView)[] = []): void {
    this.sendToPage(content, buffers);
  }

  /** Calls `handler` with each message that the module sends by `model.send`. Returns what ends that. */
  onMessage(handler: (content: unknown, buffers: readonly Uint8Array[]) => unknown): () => void {
    return this.onPageMessage(handler);
  }
}

type TypedArray = ArrayBufferView & { readonly BYTES_PER_ELEMENT: number };

/** Bytes that the page has set, in the array type that the property has. */
function likeInitial<T>(value: unknown, initial: T): unknown {
  if (!(value instanceof Uint8Array) || !ArrayBuffer.isView(initial) || initial instanceof Uint8Array) return value;
  const Type = initial.constructor as new (buffer: ArrayBuffer) => TypedArray;
  return new Type(new Uint8Array(value).buffer);
}

const sharedProperty = <T>(initial: T): Property<T> => ({
  initial,
  read(value) {
    const found = unsendable(value);
    if (found) return { expected: `JSON values and bytes, without ${found}` };
    return { value: likeInitial(value, initial) as T };
  },
});

const stateText = (state: object): string =>
  Object.entries(state)
    .map(
      ([name, value]) => `${name}: ${ArrayBuffer.isView(value) ? `${value.byteLength} bytes` : JSON.stringify(value)}`,
    )
    .join(', ');

/** What of a widget is not the user's. */
const TAKEN = ['esm', 'css', ...Object.getOwnPropertyNames(Widget.prototype), 'send', 'onMessage', 'layout', 'state'];

/**
 * A widget of the user's own.
 *
 * @throws DetLabError where the state cannot be sent to a page
 * @example
 * const counter = widgets.any({
 *   esm: `export default { render({ model, el }) {
 *     el.textContent = model.get('count');
 *     el.onclick = () => { model.set('count', model.get('count') + 1); model.save_changes(); };
 *   } }`,
 *   state: { count: 0 },
 * });
 */
export function any<S extends object = Record<never, never>>(
  options: AnyWidgetOptions<S>,
): AnyWidget<S> & Omit<S, keyof Sources> & Sources {
  const { esm, css = '', state = {} as S, html } = options;
  if (typeof esm !== 'string' || !/\bexport\b/.test(esm))
    throw new DetLabError(
      `Cannot make a widget: expected esm to be the source of an ES module, such as "export default { render({ model, el }) { ... } }", received ${nameOfValue(esm)}`,
    );
  for (const name of Object.keys(state))
    if (TAKEN.includes(name))
      throw new DetLabError(`Cannot share "${name}" with a page: a widget has a property of this name. Rename it`);
  const kind: WidgetKind<S & Sources> = {
    name: 'Any',
    module: { name: 'anywidget', version: '~0.11.*' },
    properties: {
      ...Object.fromEntries(Object.entries(state).map(([name, value]) => [name, sharedProperty(value)])),
      esm: textProperty(''),
      css: textProperty(''),
    } as unknown as PropertiesOf<S & Sources>,
    // its names are the page's, as they are
    toFrontEnd: ({ esm: _esm, css: _css, ...shared }) => ({ ...shared, _esm, ...(_css && { _css }) }),
    fromFrontEnd: (changes) =>
      Object.fromEntries(Object.entries(changes).filter(([name]) => Object.hasOwn(state, name))) as Partial<
        S & Sources
      >,
    text: ({ esm: _, css: __, ...shared }) => stateText(shared) || 'widget',
    html: ({ esm: _, css: __, ...shared }) =>
      html?.(shared as unknown as S) ?? `<pre>${escapeHtml(stateText(shared))}</pre>`,
  };
  return Widget.ofKind<S & Sources, AnyWidget<S>>(AnyWidget, kind)({ ...state, esm, css } as never);
}
