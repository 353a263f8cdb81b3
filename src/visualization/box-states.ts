// What a box is in an evaluation, with the colour of each state.

/** The states of detections and truths: TIDE's kinds of error (Bolya et al., ECCV 2020), and what is none. */
export const BOX_STATES = {
  truth: '#5e81f4',
  'true positive': '#2fb344',
  'wrong class': '#ff9f0a',
  'badly placed': '#8e44ec',
  both: '#c2188b',
  duplicate: '#00b8c4',
  background: '#e6194b',
  missed: '#ffd60a',
  ignored: '#8a8a8a',
} as const;

export type BoxState = keyof typeof BOX_STATES;
