// Switches: a checkbox, and a button that stays pressed.

import { escapeHtml } from '../escape';
import { flagProperty, textProperty } from './property';
import { framed, labelled, labelledText } from './static-html';
import { widgetMaker } from './widget';

/** Properties of a checkbox or toggle button. */
export interface ToggleProperties {
  value: boolean;
  description: string;
  disabled: boolean;
}

const toggle = (name: string, html: (state: ToggleProperties) => string) =>
  widgetMaker<ToggleProperties>({
    name,
    properties: { value: flagProperty(false), description: textProperty(''), disabled: flagProperty(false) },
    text: ({ description, value }) => labelledText(description, value ? 'yes' : 'no'),
    html,
  });

/** A box to tick. */
export const checkbox = toggle('Checkbox', ({ value, description }) =>
  labelled('', `${value ? '&#9745;' : '&#9744;'} ${escapeHtml(description)}`),
);
/** A button that stays pressed. */
export const toggleButton = toggle('ToggleButton', ({ value, description }) =>
  labelled('', `${framed(description)} ${value ? '&#9745;' : '&#9744;'}`),
);
