// Videos through MMDetection's trackers: detections by frame, and what was tracked of them.

export interface GoldenFrame {
  bboxes: number[];
  scores: number[];
  labels: number[];
  tracked: { bboxes: number[]; labels: number[]; ids: number[] };
}

export interface GoldenVideo {
  options: object;
  frames: GoldenFrame[];
}

export const detectionsOf = ({ bboxes, scores, labels }: Pick<GoldenFrame, 'bboxes' | 'scores' | 'labels'>) => ({
  bboxes: Float32Array.from(bboxes),
  scores: Float32Array.from(scores),
  labels: Int32Array.from(labels),
});
