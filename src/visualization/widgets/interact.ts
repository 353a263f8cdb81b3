// Controls with a result below them, which is drawn again at each change.

import { DetLabError, nameOfValue } from '../../errors';
import { JUPYTER_DISPLAY, notebook, showsNothing } from '../display';
import { type AnyWidget, vbox } from './box';
import { type Output, output } from './output';
import { Widget } from './widget';

/** Widgets with a value, by name. */
export type Controls = Readonly<Record<string, AnyWidget & { readonly value: unknown }>>;

/** The values of controls, by name. */
export type ControlValues<C extends Controls> = { readonly [K in keyof C]: C[K]['value'] };

/** A function with its controls, called again when one of them changes. */
export interface Interaction<C extends Controls> {
  readonly controls: C;
  /** Where the result is shown. */
  readonly result: Output;
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
  const result = output();
  const drawn = () =>
    draw(Object.fromEntries(named.map(([name, control]) => [name, control.value])) as ControlValues<C>);
  await result.show(await drawn()); // an error of the first one is the cell's
  const redraw = () => result.redraw(drawn);
  const ends = named.map(([, control]) => control.observe(redraw));
  const stop = () => {
    for (const end of ends) end();
  };
  notebook()?.display(vbox([...named.map(([, control]) => control), result])[JUPYTER_DISPLAY]());
  return showsNothing({ controls, result, redraw, stop });
}
