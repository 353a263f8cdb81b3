// Heads of models that recognise objects in other frames of a video.

import type { AnyDefinition } from '../../catalogue/registry';
import { mask2FormerTrackHeadDefinition } from './mask2former-track-head';
import { quasiDenseEmbedHeadDefinition } from './quasi-dense-embed-head';
import { roiEmbedHeadDefinition } from './roi-embed-head';
import { quasiDenseTrackHeadDefinition, roiTrackHeadDefinition } from './track-head';

export const trackingHeads = [
  roiTrackHeadDefinition,
  roiEmbedHeadDefinition,
  quasiDenseTrackHeadDefinition,
  quasiDenseEmbedHeadDefinition,
  mask2FormerTrackHeadDefinition,
] as const satisfies readonly AnyDefinition[];
