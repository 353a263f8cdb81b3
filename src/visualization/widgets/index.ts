// `widgets`: Jupyter's widgets and anywidget's from TypeScript. They are shown live where the front end has the widget
// extension, as static HTML elsewhere.

import { any } from './any-widget';
import { accordion, hbox, tab, vbox } from './box';
import { button } from './button';
import { image } from './image';
import { interact } from './interact';
import { output } from './output';
import { dropdown, radioButtons, selectMultiple, toggleButtons } from './selection';
import { floatRangeSlider, floatSlider, intRangeSlider, intSlider, progress } from './slider';
import { floatText, html, intText, label, text, textarea } from './text-field';
import { checkbox, toggleButton } from './toggle';

export type { AnyWidget, AnyWidgetOptions } from './any-widget';
export type { BoxProperties, PagesProperties } from './box';
export type { Button, ButtonProperties } from './button';
export type { ImageProperties } from './image';
export type { Controls, ControlValues, Interaction } from './interact';
export type { WidgetLayout } from './layout';
export type { Output, OutputItem, OutputProperties } from './output';
export type { MultipleProperties, SelectionOptions, SelectionProperties } from './selection';
export type { NumberRange, ProgressProperties, SliderProperties } from './slider';
export type { CaptionProperties, FieldProperties, TextProperties } from './text-field';
export type { ToggleProperties } from './toggle';
export { Widget, type WidgetOf, type WidgetOptions } from './widget';

/**
 * Controls for notebooks.
 *
 * @example
 * const score = widgets.floatSlider({ min: 0, max: 1, value: 0.3, description: 'score' });
 * score.observe((value) => { console.log(value); });
 * score
 */
export const widgets = {
  accordion,
  any,
  button,
  checkbox,
  dropdown,
  floatRangeSlider,
  floatSlider,
  floatText,
  hbox,
  html,
  image,
  interact,
  intRangeSlider,
  intSlider,
  intText,
  label,
  output,
  progress,
  radioButtons,
  selectMultiple,
  tab,
  text,
  textarea,
  toggleButton,
  toggleButtons,
  vbox,
};
