// Controls with a result below them, which is drawn again at each change. The result is an ordinary output of the cell: it is
// saved and exported as any other.

import { randomUUID } from 'node:crypto';
import { DetLabError, nameOfValue } from '../../errors';
import { JUPYTER_DISPLAY, notebook } from '../display';
import { type AnyWidget, vbox } from './box';
import { Widget } from './widget';

/** Widgets with a value, by name. */
export type Controls = Readonly<Record<string, AnyWidget & { readonly value: unknown }>>;

/** The values of controls, by name. */
export type ControlValues<C extends Controls> = { readonly [K in keyof C]: C[K]['value'] };

/** Shows nothing as the last expression of a cell: the kernel's `display()` marks its handles with the same symbol. */
const SHOWS_NOTHING = Symbol.for('detlab.shows-nothing');

export interface Interaction<C extends Controls> {
  readonly controls: C;
  /** Draws again with the present values. */
  redraw(): Promise<void>;
  /** Ends it: the last result stays. */
  stop(): void;
}

/**
 * Shows controls and, below them, what `draw` returns for their values; draws again whenever one changes.
 *
 * @example
 * const score = widgets.floatSlider({ min: 0, max: 1, value: 0.3, description: 'score' });
 * await widgets.interact({ score }, ({ score }) => model.predict('cell.jpg', { threshold: score }));
 */
export async function interact<C extends Controls>(
  controls: C,
  draw: (values: ControlValues<C>) => unknown,
): Promise<Interaction<C>> {
  const named = Object.entries(controls);
  for (const [name, control] of named)
    if (!(control instanceof Widget) || !('value' in control))
      throw new DetLabError(
        `Cannot interact with "${name}": expected a widget with a value, such as widgets.floatSlider(), received ${nameOfValue(control)}`,
      );
  if (typeof draw !== 'function')
    throw new DetLabError(`Cannot interact: expected a function that draws the result, received ${nameOfValue(draw)}`);
  const book = notebook();
  const id = randomUUID();
  const display = book?.display.bind(book);
  let [turn, shown] = [0, 0];
  const redraw = async () => {
    const mine = ++turn;
    const values = Object.fromEntries(named.map(([name, control]) => [name, control.value])) as ControlValues<C>;
    const result = await draw(values);
    const { data, metadata } = (await book?.render?.(result)) ?? {};
    // a slow result does not replace a newer one
    if (mine < shown || !data) return;
    shown = mine;
    display?.(data, { id, metadata });
  };
  const box = vbox(named.map(([, control]) => control));
  display?.(box[JUPYTER_DISPLAY]());
  display?.({ 'text/plain': '' }, { id });
  await redraw();
  const ends = named.map(([, control]) => control.observe(redraw));
  const stop = () => {
    for (const end of ends) end();
  };
  const interaction = { controls, redraw, stop };
  return Object.defineProperty(interaction, SHOWS_NOTHING, { value: true });
}
