// A widget: a control, or what holds some, whose properties are read, set and observed from TypeScript and shown live where
// the front end has Jupyter's widgets. In a script it is the same object without a page.

import { inspect } from 'node:util';
import { DetLabError, didYouMean } from '../../errors';
import { type Displayable, JUPYTER_DISPLAY, type MimeBundle, notebook, showsNothing } from '../display';
import { type FrontEndState, frontEndName } from './front-end-state';
import { layoutKind, type WidgetLayout } from './layout';
import { mismatchText, type PropertiesOf, type Property } from './property';
import { type SyncedWidget, WidgetComm } from './widget-comm';

/** What kind of widget: its properties, and the front end's classes for it. */
export interface WidgetKind<S extends object> {
  /** `FloatSlider`: the front end's `FloatSliderModel` and `FloatSliderView`. */
  name: string;
  view?: string;
  /** Module and version of the front end; those of Jupyter's controls if left out. */
  module?: { name: string; version: string };
  properties: PropertiesOf<S>;
  /** Values that follow from others, or a DetLabError for those that do not fit; `set` are the names just set. */
  settle?(state: S, set: ReadonlySet<string>): S;
  /** Properties by the front end's names, where they are not the same in snake_case. */
  toFrontEnd?(state: S): FrontEndState;
  fromFrontEnd?(changes: FrontEndState, state: S): Partial<S>;
  /** What is shown without widgets: text, and HTML that needs no script. */
  text(state: S): string;
  html(state: S): string;
}

type Handler = (...args: never[]) => unknown;
interface Observer {
  name: PropertyKey;
  call(value: unknown, before: unknown): unknown;
}

/** The type of the property `value`. */
type Value<S> = S extends { value: infer V } ? V : never;

const CONTROLS = { name: '@jupyter-widgets/controls', version: '2.0.0' };
export const VIEW_MIME = 'application/vnd.jupyter.widget-view+json';

/** A control or what holds some: properties that are read, set and observed in TypeScript, and shown live in the page. */
export class Widget<S extends object = object> implements Displayable {
  private state: S;
  private readonly observers = new Set<Observer>();
  private readonly listeners = new Set<Observer>();
  private comm: WidgetComm | undefined;
  private isClosed = false;
  private readonly layout: Widget | undefined;

  constructor(
    protected readonly kind: WidgetKind<S>,
    given: WidgetOptions<S> = {},
  ) {
    const { layout, ...values } = given as Record<string, unknown> & { layout?: Partial<WidgetLayout> };
    const initial = Object.entries<Property<unknown>>(kind.properties).map(([name, { initial }]) => [name, initial]);
    const state = { ...(Object.fromEntries(initial) as S), ...this.checked(values) };
    this.state = kind.settle?.(state, new Set(Object.keys(values))) ?? state;
    this.layout = layout && new Widget<WidgetLayout>(layoutKind, layout);
  }

  /** A class of widgets of one kind, with an accessor for each property. */
  static ofKind<S extends object, W extends Widget<S>>(Class: WidgetClass<S, W>, kind: WidgetKind<S>) {
    const Base = Class as unknown as typeof Widget<S>;
    class OfKind extends Base {}
    for (const name of Object.keys(kind.properties) as (keyof S & string)[])
      Object.defineProperty(OfKind.prototype, name, {
        get(this: OfKind) {
          return this.state[name];
        },
        set(this: OfKind, value: S[typeof name]) {
          this.set({ [name]: value } as Partial<S>);
        },
      });
    return (given?: WidgetOptions<S>) => new OfKind(kind, given) as unknown as W & S;
  }

  /** Whether `close` has been called. */
  get closed(): boolean {
    return this.isClosed;
  }

  /**
   * Calls `handler` with each new value and the one before, set by the user or by the program. What it prints and displays
   * appears in the calling cell, its errors too. Returns a function that ends it.
   *
   * @example slider.observe((value) => { threshold = value; })
   */
  observe(handler: (value: Value<S>, before: Value<S>) => unknown): () => void;
  observe<K extends keyof S>(property: K, handler: (value: S[K], before: S[K]) => unknown): () => void;
  observe(first: PropertyKey | Handler, second?: Handler): () => void {
    const [name, handler] = typeof first === 'function' ? ['value', first] : [first, second];
    if (!(name in this.kind.properties)) throw this.unknown('observe', String(name));
    if (typeof handler !== 'function')
      throw new DetLabError(`Cannot observe ${this.kind.name}: expected a function, received ${typeof handler}`);
    return this.listen(this.observers, name, handler);
  }

  /** Takes it out of the pages and frees it; its properties can still be read. */
  close(): void {
    this.isClosed = true;
    this.comm?.close();
    this.comm = undefined;
    this.observers.clear();
    this.listeners.clear();
    this.layout?.close();
  }

  /** The bundle a notebook shows: the widget, and its text and HTML for front ends without widgets. */
  [JUPYTER_DISPLAY](): MimeBundle {
    const id = this.open()?.id;
    if (id) keepWhileShown(this);
    return {
      ...(id && { [VIEW_MIME]: { version_major: 2, version_minor: 0, model_id: id } }),
      'text/html': this.toHtml(),
      'text/plain': this.toString(),
    };
  }

  /** HTML that shows it as it is now, without scripts. */
  toHtml(): string {
    return this.kind.html(this.state);
  }

  toString(): string {
    return this.kind.text(this.state);
  }

  [inspect.custom](): string {
    return `${this.kind.name} { ${this.toString()} }`;
  }

  /** @internal The id of its model, which is opened for it. */
  reference(): string {
    const { id } = this.open() ?? {};
    if (id === undefined) throw new DetLabError(`Cannot show ${this.kind.name}: it is closed`);
    return id;
  }

  /** The values of all properties. */
  protected get values(): Readonly<S> {
    return this.state;
  }

  /** Sets properties, as the program: shows them in the page and calls observers. */
  protected set(changes: Partial<S>): void {
    this.change(changes);
  }

  /** Registers a handler of the page's messages. */
  protected onPageMessage(handler: (content: unknown, buffers: readonly Uint8Array[]) => unknown): () => void {
    return this.listen(this.listeners, 'message', handler as Handler);
  }

  protected sendToPage(content: unknown, buffers: (ArrayBuffer | ArrayBufferView)[] = []): void {
    this.open()?.message(content, buffers);
  }

  private listen(among: Set<Observer>, name: PropertyKey, handler: Handler): () => void {
    const call = handler as (...args: unknown[]) => unknown;
    const observer: Observer = { name, call: notebook()?.handler?.(call) ?? call };
    among.add(observer);
    return showsNothing(() => void among.delete(observer));
  }

  private open(): WidgetComm | undefined {
    if (!this.comm && !this.isClosed) this.comm = WidgetComm.open(this.synced);
    return this.comm;
  }

  /** The side that the protocol sees. It lives as long as this widget. */
  private readonly synced: SyncedWidget = {
    frontEndState: () => this.frontEndState(),
    receive: (changes) => this.receive(changes),
    receiveMessage: async (content, buffers) => {
      await Promise.all([...this.listeners].map(({ call }) => call(content, buffers)));
    },
    lost: () => {
      this.comm = undefined;
    },
  };

  private frontEndState(): FrontEndState {
    const { name, view = `${name}View`, module = CONTROLS } = this.kind;
    return {
      _model_module: module.name,
      _model_module_version: module.version,
      _model_name: `${name}Model`,
      _view_module: module.name,
      _view_module_version: module.version,
      _view_name: view,
      ...(this.layout && { layout: this.layout }),
      ...this.sentValues(this.state),
    };
  }

  private sentValues(state: S): FrontEndState {
    if (this.kind.toFrontEnd) return this.kind.toFrontEnd(state);
    return Object.fromEntries(Object.entries(state).map(([name, value]) => [frontEndName(name), value]));
  }

  private async receive(changes: FrontEndState): Promise<void> {
    const { properties, fromFrontEnd } = this.kind;
    const names = Object.keys(properties);
    const values =
      fromFrontEnd?.(changes, this.state) ??
      Object.fromEntries(
        names.filter((name) => frontEndName(name) in changes).map((name) => [name, changes[frontEndName(name)]]),
      );
    let calls: unknown[];
    try {
      calls = this.change(values as Partial<S>, changes);
    } catch (error) {
      this.comm?.update(this.sentValues(this.state)); // the page shows what holds
      throw error;
    }
    await Promise.all(calls);
  }

  /**
   * Sets properties and calls observers; returns what these return.
   *
   * @param known values that the page has: they are not sent to it
   */
  private change(given: Partial<S>, known: FrontEndState = {}): unknown[] {
    const before = this.state;
    const next = { ...before, ...this.checked(given as Record<string, unknown>) };
    this.state = this.kind.settle?.(next, new Set(Object.keys(given))) ?? next;
    const after = this.state;
    const isChanged = ({ name }: Observer) => !isSame(after[name as keyof S], before[name as keyof S]);
    this.sendChanges(this.sentValues(before), known);
    const calls = [...this.observers].filter(isChanged);
    return calls.map(({ name, call }) => call(after[name as keyof S], before[name as keyof S]));
  }

  private sendChanges(before: FrontEndState, known: FrontEndState): void {
    if (!this.comm) return;
    const after = this.sentValues(this.state);
    const had = { ...before, ...known };
    const changes = Object.entries(after).filter(([name, value]) => !isSame(value, had[name]));
    if (changes.length) this.comm.update(Object.fromEntries(changes));
  }

  /** @throws DetLabError for an unknown property, or a value that it cannot hold */
  private checked(given: Record<string, unknown>): Partial<S> {
    const values: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(given)) {
      const properties = this.kind.properties as Record<string, Property<unknown>>;
      const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (!property) throw this.unknown('set', name);
      if (value === undefined) continue;
      const read = property.read(value);
      if ('expected' in read)
        throw new DetLabError(`Cannot set ${name} of ${this.kind.name}: ${mismatchText(read, value)}`);
      values[name] = read.value;
    }
    return values as Partial<S>;
  }

  private unknown(verb: string, name: string): DetLabError {
    const known = [...Object.keys(this.kind.properties), ...(verb === 'set' ? ['layout'] : [])];
    const meant = didYouMean(name, known) || ` It has ${known.join(', ')}.`;
    return new DetLabError(`Cannot ${verb} "${name}" of ${this.kind.name}: there is no such property.${meant}`);
  }
}

/** A widget with the properties of `S`. */
export type WidgetOf<S extends object> = Widget<S> & S;

/** Options of a widget: any of its properties, and its place and size. */
export type WidgetOptions<S extends object> = Partial<S> & { layout?: Partial<WidgetLayout> };

type WidgetClass<S extends object, W extends Widget<S>> = new (kind: WidgetKind<S>, given?: WidgetOptions<S>) => W;

/** What makes widgets of a kind: `floatSlider({ min: 0, max: 10 })`. */
export const widgetMaker = <S extends object>(kind: WidgetKind<S>): ((options?: WidgetOptions<S>) => WidgetOf<S>) =>
  Widget.ofKind<S, Widget<S>>(Widget, kind);

/** Widgets stay alive while a cell shows them. */
const shown = new Set<object>();

function keepWhileShown(widget: object): void {
  shown.add(widget);
  notebook()?.onReplaced?.(() => shown.delete(widget));
}

const isSame = (a: unknown, b: unknown): boolean =>
  Object.is(a, b) ||
  (Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => Object.is(item, b[i])));
