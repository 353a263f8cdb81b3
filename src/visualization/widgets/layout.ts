// Place and size of a widget: CSS by the names of the front end's LayoutModel.

import { type PropertiesOf, textProperty } from './property';

/** CSS values: `{ width: '400px', margin: '0 0 8px' }`. */
export interface WidgetLayout {
  width: string;
  height: string;
  minWidth: string;
  maxWidth: string;
  minHeight: string;
  maxHeight: string;
  margin: string;
  padding: string;
  borderTop: string;
  borderRight: string;
  borderBottom: string;
  borderLeft: string;
  overflow: string;
  display: string;
  visibility: string;
  flex: string;
  flexFlow: string;
  order: string;
  alignContent: string;
  alignItems: string;
  alignSelf: string;
  justifyContent: string;
  justifyItems: string;
  objectFit: string;
  objectPosition: string;
  gridTemplateColumns: string;
  gridTemplateRows: string;
  gridTemplateAreas: string;
  gridGap: string;
  gridColumn: string;
  gridRow: string;
  gridArea: string;
}

const NAMES =
  `width height minWidth maxWidth minHeight maxHeight margin padding borderTop borderRight borderBottom borderLeft
overflow display visibility flex flexFlow order alignContent alignItems alignSelf justifyContent justifyItems objectFit
objectPosition gridTemplateColumns gridTemplateRows gridTemplateAreas gridGap gridColumn gridRow gridArea`.split(/\s+/);

const properties = Object.fromEntries(NAMES.map((name) => [name, textProperty('')])) as PropertiesOf<WidgetLayout>;

export const layoutKind = {
  name: 'Layout',
  module: { name: '@jupyter-widgets/base', version: '2.0.0' },
  properties,
  // what is not set is left to the front end
  toFrontEnd: (layout: WidgetLayout) =>
    Object.fromEntries(
      Object.entries(layout)
        .filter(([, value]) => value !== '')
        .map(([name, value]) => [name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), value]),
    ),
  text: () => 'Layout',
  html: () => '',
};
