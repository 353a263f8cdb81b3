// Vega and Vega-Lite, loaded for the first chart: they take a tenth of a second and 25 MB.

export const vega = () => require('vega') as typeof import('vega');
export const vegaLite = () => require('vega-lite') as typeof import('vega-lite');
