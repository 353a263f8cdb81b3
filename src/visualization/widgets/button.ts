// A button, with a handler for clicks.

import { choiceProperty, flagProperty, textProperty } from './property';
import { framed, labelled } from './static-html';
import { Widget, type WidgetOptions } from './widget';

/** Properties of a button. */
export interface ButtonProperties {
  description: string;
  disabled: boolean;
  buttonStyle: '' | 'primary' | 'success' | 'info' | 'warning' | 'danger';
  /** Shown while the pointer is on it. */
  tooltip: string;
  /** Name of a Font Awesome icon: `check`. */
  icon: string;
}

/** A button, whose clicks call handlers in TypeScript. */
export class Button extends Widget<ButtonProperties> {
  /** Calls `handler` at each click; what it prints and displays appears in the calling cell. Returns what ends that. */
  onClick(handler: () => unknown): () => void {
    return this.onPageMessage((content) => {
      if ((content as { event?: unknown } | null)?.event === 'click') return handler();
    });
  }
}

const make = Widget.ofKind<ButtonProperties, Button>(Button, {
  name: 'Button',
  properties: {
    description: textProperty(''),
    disabled: flagProperty(false),
    buttonStyle: choiceProperty(['', 'primary', 'success', 'info', 'warning', 'danger'], ''),
    tooltip: textProperty(''),
    icon: textProperty(''),
  },
  text: ({ description }) => `[${description}]`,
  html: ({ description }) => labelled('', framed(description)),
});

/**
 * A button.
 * @example const train = widgets.button({ description: 'Train' }); train.onClick(() => recipe.fit(town));
 */
export const button = (options?: WidgetOptions<ButtonProperties>): Button & ButtonProperties => make(options);
