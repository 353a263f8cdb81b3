// Methods of a model that need recipes, which make models: the file that has one declares it here and gives it to models.

// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface ModelWords {}
