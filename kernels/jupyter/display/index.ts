// How values are shown in a notebook.

export { type Bundle, cleanBundle, type Draft, type Metadata, type Shown, shownOf } from './bundle';
export { render, renderResult } from './render';
export type { DescribeError } from './text';
