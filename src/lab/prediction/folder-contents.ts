// What a folder of predictions is filled with: `.save('folder/', { as: ... })`.

/** Images with their boxes drawn, crops by class, or files to correct in an annotation tool. */
export const FOLDER_CONTENTS = ['images', 'crops', 'yolo', 'labelme'] as const;
export type FolderContent = (typeof FOLDER_CONTENTS)[number];
