// YAML, loaded for the first file.

export const yaml = () => require('yaml') as typeof import('yaml');
