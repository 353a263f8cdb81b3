// Fields to type in, and texts to read.

import { escapeHtml } from '../escape';
import { flagProperty, integerProperty, numberProperty, type Property, textProperty } from './property';
import { framed, labelled, labelledText } from './static-html';
import { widgetMaker } from './widget';

/** Properties of a field to type into. */
export interface FieldProperties<V = string> {
  value: V;
  description: string;
  disabled: boolean;
  /** Whether the value changes at each key, not only at Enter or when the field is left. */
  continuousUpdate: boolean;
}

/** Properties of a text field. */
export interface TextProperties extends FieldProperties {
  /** Shown while the field is empty. */
  placeholder: string;
}

/** Properties of a text that is only shown. */
export interface CaptionProperties {
  value: string;
  description: string;
}

const shared = (continuousUpdate: boolean) => ({
  description: textProperty(''),
  disabled: flagProperty(false),
  continuousUpdate: flagProperty(continuousUpdate),
});

const shown = {
  text: ({ description, value }: { description: string; value: unknown }) => labelledText(description, String(value)),
  html: ({ description, value }: { description: string; value: unknown }) =>
    labelled(description, framed(String(value))),
};

const textField = (name: string) =>
  widgetMaker<TextProperties>({
    name,
    properties: { value: textProperty(''), placeholder: textProperty(''), ...shared(true) },
    ...shown,
  });

const numberField = (name: string, value: Property<number>) =>
  widgetMaker<FieldProperties<number>>({ name, properties: { value, ...shared(false) }, ...shown });

/** A line of text. */
export const text = textField('Text');
/** Several lines of text. */
export const textarea = textField('Textarea');
/** A number to type. */
export const floatText = numberField('FloatText', numberProperty(0));
/** An integer to type. */
export const intText = numberField('IntText', integerProperty(0));

/** A text to read. */
export const label = widgetMaker<CaptionProperties>({
  name: 'Label',
  properties: { value: textProperty(''), description: textProperty('') },
  text: ({ description, value }) => labelledText(description, value),
  html: ({ description, value }) => labelled(description, escapeHtml(value)),
});

/** HTML of the program's: escape what comes from elsewhere. */
export const html = widgetMaker<CaptionProperties>({
  name: 'HTML',
  properties: { value: textProperty(''), description: textProperty('') },
  text: ({ description, value }) => labelledText(description, value.replace(/<[^>]*>/g, '')),
  html: ({ description, value }) => labelled(description, value),
});
